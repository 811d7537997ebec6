/**
 * Asks a shell front many things at once, in each shell, with echo for Node, which
 * only says what it was asked: so an answer is either the front's own,
 * or Node's to the very same question.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

import { limited } from './limited.js';

/** Each that may be /bin/sh of a node. */
const WANTED_SHELLS = ['/bin/dash', '/bin/bash', '/bin/busybox sh'];
/** Those that are here; that it is all of them is a test's own question: `mustHaveShells`. */
export const SHELLS = WANTED_SHELLS.filter((shell) => existsSync(shell.split(' ')[0] ?? ''));
/** s for all that is asked at once */
const PATIENCE = 120;

const ECHO = '/bin/echo';
const END = '\x1e';
/** Lines of words; those that are tried have no spaces. A shell of its own for all, since Node forks slowly. */
const DRIVER = `shell=$1 front=$2
set -f
while read -r line; do
  $shell "$front" $line </dev/null
  printf '\\036%s\\n' "$?"
  printf '\\036\\n' >&2
done
`;

export interface FrontAnswer {
  readonly by: 'front' | 'node';
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class FrontProbe {
  readonly #path: string;

  /**
   * @param directory one that is ours alone
   * @param front     daemon-util, beside its parts
   * @param bundle    as the front names it to Node
   * @param patience  s for all that is asked at once
   */
  constructor(directory: string, private readonly front: string, private readonly bundle: string, private readonly environment: Readonly<Record<string, string>>, private readonly patience = PATIENCE) {
    const bin = join(directory, 'bin');
    this.#path = `${bin}:/usr/bin:/bin`;
    mkdirSync(bin, { recursive: true });
    symlinkSync(ECHO, join(bin, 'node'));
  }

  /**
   * @param lines command and arguments, with single spaces between
   * @returns by line; @throws where the shells differ, or Node would have been asked something else
   */
  ask(lines: readonly string[]): ReadonlyMap<string, FrontAnswer> {
    const [first, ...others] = SHELLS.map((shell) => this.askIn(shell, lines));
    if (first === undefined) throw new Error('there is no shell');
    for (const [index, other] of others.entries()) {
      for (const [line, answer] of other) {
        const expected = JSON.stringify(first.get(line));
        if (JSON.stringify(answer) !== expected) throw new Error(`'${line}': ${SHELLS[0] ?? ''} has ${expected}, ${SHELLS[index + 1] ?? ''} ${JSON.stringify(answer)}`);
      }
    }
    return first;
  }

  /** The same in one of SHELLS. What is told of the time is left out: it goes on from one question to the next. */
  askIn(shell: string, lines: readonly string[]): ReadonlyMap<string, FrontAnswer> {
    const [program, ...words] = limited(['/bin/sh', '-c', DRIVER, 'driver', shell, this.front], this.patience);
    const { status, signal, stdout, stderr } = spawnSync(program, words, {
      encoding: 'utf8',
      input: lines.map((line) => `${line}\n`).join(''),
      env: { PATH: this.#path, LC_ALL: 'C', ...this.environment },
    });
    const [said, complained] = [stdout, stderr].map((text) => text.split(END)) as [string[], string[]];
    if (status !== 0 || said.length !== lines.length + 1 || complained.length !== lines.length + 1) throw new Error(`the driver ended with ${signal ?? String(status)}: ${stdout}${stderr}`);
    return new Map(lines.map((line, index) => [line, this.#answer(line, within(said, index), Number(said[index + 1]?.split('\n')[0]), within(complained, index))]));
  }

  #answer(line: string, stdout: string, status: number, stderr: string): FrontAnswer {
    if (!stdout.startsWith(this.bundle)) return { by: 'front', status, stdout: timeless(stdout), stderr };
    if (status !== 0 || stderr !== '' || stdout !== `${this.bundle} daemon-util ${line}\n`) throw new Error(`'${line}' became ${JSON.stringify({ status, stdout, stderr })}`);
    return { by: 'node', status, stdout, stderr };
  }
}

/** Fails where a shell is missing; it is skipped only where nobody could have installed it. */
export function mustHaveShells(test: Mocha.Context): void {
  const missing = WANTED_SHELLS.filter((shell) => !SHELLS.includes(shell));
  if (missing.length === 0) return;
  const reason = `nothing was tried in ${missing.join(' and ')}: install dash, bash and busybox`;
  if (process.getuid?.() === 0) throw new Error(reason);
  console.log(`      skipped: ${reason}`);
  test.skip();
}

/** A status line without its durations. */
export function timeless(text: string): string {
  return text.replace(/\b(up|next try in) \d+(?:\.\d)? (?:ms|s|m|h|d)(?: \d+ [smh])?(?=[,)])/g, '$1 …');
}

/** What stands between two ends, without the rest of the first one's line. */
function within(parts: readonly string[], index: number): string {
  const part = parts[index] ?? '';
  return index === 0 ? part : part.slice(part.indexOf('\n') + 1);
}
