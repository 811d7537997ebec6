/**
 * Has inputs tried in a process of its own, and watches that it goes on: a hang
 * ends it by SIGKILL, and its input is kept, as is that of a crash.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { HEADER, type Answer, type Task } from './messages.js';

/** Longer than any input takes, even on a machine that does much else. */
export interface Patience {
  /** s of CPU on one input */
  readonly cpu: number;
  /** s by the clock on one input */
  readonly wall: number;
}

const PATIENCE: Patience = { cpu: 10, wall: 40 };
/** s for a target to be opened: compilers, servers. */
const OPENING = 90;
const LOOK = 250;
const HEAP = 320;
const TICKS_PER_SECOND = 100;
const MOST_WORDS = 4000;

export interface Failure {
  readonly kind: 'failed' | 'hang' | 'crash';
  readonly target: string;
  readonly seed: number;
  /** Empty: fast-check can't repeat it; `file` can. */
  readonly path: string;
  readonly input: Buffer;
  readonly reason: string;
}

export type Verdict = Extract<Answer, { kind: 'passed' }> | Failure;

interface Current {
  readonly run: number;
  readonly seed: number;
  readonly input: Buffer;
}

export class Fuzzer {
  readonly #directory = mkdtempSync(path.join(os.tmpdir(), 'watchkeeper-fuzz-'));
  readonly #file = path.join(this.#directory, 'current');
  #child: ChildProcess | undefined;
  #said = '';

  /** @param heap MiB of the old generation: what takes more ends by V8's own abort */
  constructor(
    private readonly patience: Patience = PATIENCE,
    private readonly heap = HEAP,
  ) {}

  async run(task: Task): Promise<Verdict> {
    const child = (this.#child ??= this.#start());
    this.#said = '';
    writeFileSync(this.#file, '');
    const watch = new Watch(child.pid ?? 0, this.#file, this.patience);
    const verdict = await new Promise<Verdict>((resolve) => {
      const done = (result: Verdict): void => {
        clearInterval(timer);
        child.off('message', answered);
        child.off('close', ended);
        resolve(result);
      };
      const lost = (kind: 'hang' | 'crash', reason: string): Verdict => {
        this.#child = undefined;
        const { seed, run, input } = current(this.#file);
        return { kind, target: task.target, seed: task.input === undefined ? seed : task.seed, path: '', input, reason: `${reason}, at run ${run}; it said: ${this.#said}` };
      };
      const answered = (answer: Answer): void => done(answer.kind === 'passed' ? answer : { ...answer, target: task.target, input: Buffer.from(answer.input, 'base64') });
      const ended = (status: number | null, signal: string | null): void => done(lost('crash', `its process ended with ${signal ?? String(status)}`));
      const timer = setInterval(() => {
        const hang = watch.look();
        if (hang === undefined) return;
        child.off('close', ended);
        child.once('close', () => done(lost('hang', hang)));
        child.kill('SIGKILL');
        clearInterval(timer);
      }, LOOK);
      child.on('message', answered);
      child.on('close', ended);
      child.send(task);
    });
    return verdict;
  }

  /** Ends the process; what it left is removed. */
  async close(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child?.exitCode === null && child.signalCode === null) {
      const closed = new Promise((resolve) => child.once('close', resolve));
      child.kill('SIGKILL');
      await closed;
    }
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #start(): ChildProcess {
    const child = fork(path.join(import.meta.dirname, 'child.ts'), [this.#file], {
      cwd: this.#directory,
      execArgv: [`--import=${import.meta.resolve('tsx/esm')}`, '--expose-gc', `--max-old-space-size=${this.heap}`, '--max-semi-space-size=32'],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', HOME: '/', TMPDIR: this.#directory, TZ: 'UTC' },
    });
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (this.#said = `${this.#said}${chunk.toString('latin1')}`.slice(-MOST_WORDS)));
    return child;
  }
}

/** Whether the process gets on with its inputs. */
class Watch {
  #run = -1;
  #since = { cpu: 0, wall: 0 };

  constructor(
    private readonly pid: number,
    private readonly file: string,
    private readonly patience: Patience,
  ) {}

  /** undefined: it does; else what is wrong */
  look(): string | undefined {
    const [run, now] = [current(this.file).run, { cpu: cpuSeconds(this.pid), wall: process.uptime() }];
    if (run !== this.#run) {
      this.#run = run;
      this.#since = now;
      return undefined;
    }
    const [cpu, wall] = [now.cpu - this.#since.cpu, now.wall - this.#since.wall];
    const { cpu: mostCpu, wall: mostWall } = run === 0 ? { cpu: OPENING, wall: OPENING } : this.patience;
    if (cpu > mostCpu) return `one input has taken more than ${mostCpu} s of CPU`;
    return wall > mostWall ? `one input has taken more than ${mostWall} s` : undefined;
  }
}

function current(file: string): Current {
  const bytes = readFileSync(file);
  const [run = 0, seed = 0, length = 0] = bytes.toString('latin1', 0, HEADER).trim().split(' ').map(Number);
  return { run, seed, input: bytes.subarray(HEADER, HEADER + length) };
}

/** Of the process and what it has waited for. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Writes the input beside others of its kind; @returns what is to be told of the failure. */
export function describeFailure({ kind, target, seed, path: place, input, reason }: Failure, directory = path.join(os.tmpdir(), 'watchkeeper-fuzz-found')): string {
  mkdirSync(directory, { recursive: true });
  const file = path.join(directory, `${target}-${kind}-${seed}-${place.replaceAll(':', '.') || 'run'}`);
  writeFileSync(file, input);
  // Of what has grown over many inputs there is no single one.
  const again = input.length === 0 ? `--seed ${seed}` : place === '' ? `--file ${file}` : `--seed ${seed} --path ${place}`;
  return [
    `${target}: ${kind} (seed ${seed}${place === '' ? '' : `, path ${place}`}), input of ${input.length} bytes in ${file}`,
    `  ${JSON.stringify(input.toString('latin1', 0, 400))}`,
    `  ${reason.slice(0, MOST_WORDS).replaceAll('\n', '\n  ')}`,
    `  again: npm run fuzz -- --target ${target} ${again}`,
    `  once it is mended: keep the input in test/fuzz/corpus/${target}/`,
  ].join('\n');
}
