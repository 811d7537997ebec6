/**
 * Arguments for one start under systemd, where the daemon's command line is the
 * unit's: we leave a request, which scripts/oneshot-arguments (the unit's
 * ExecStartPre=) hands on as NAME.env only while we live; see there.
 *
 * Why so indirect: a file that the unit read directly would outlive a
 * daemon-util killed by -9 and reach a later start, by systemd itself or by
 * somebody else. `--no-voting` in a start that nobody asked it for splits a cluster.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { formatAssignment } from '../../core/argument-words.js';
import { isValidName } from '../../core/daemon.js';
import { failed, type Outcome } from '../../core/outcome.js';
import type { ProcessIdentity } from '../../core/process-identity.js';
import { writeAtomic } from '../state/atomic-file.js';
import { ensureDirectory } from '../state/directories.js';

/** What the unit's ExecStart= ends in; core/unit-file.ts writes it there. */
export const ONESHOT_VARIABLE = 'ONESHOT_ARGUMENTS';

export class OneshotArguments {
  readonly #directory: string;
  readonly #runtime: string;
  readonly #writer: ProcessIdentity;

  /**
   * @param runtime Paths.runtime
   * @param writer this process: the request is void once it has ended
   */
  constructor(runtime: string, writer: ProcessIdentity) {
    this.#runtime = runtime;
    this.#directory = join(runtime, 'oneshot');
    this.#writer = writer;
  }

  /** The file that the daemon's unit has to read for the arguments to arrive. */
  environmentFile(name: string): string {
    return join(this.#directory, `${name}.env`);
  }

  /**
   * @returns undefined, or why these words can't be passed
   * @throws WatchkeeperError STATE_UNWRITABLE
   */
  request(name: string, words: readonly string[]): Extract<Outcome, { kind: 'failed' }> | undefined {
    const assignment = formatAssignment(ONESHOT_VARIABLE, words);
    if (!assignment.ok) {
      return failed('unsupported', `the one-shot arguments cannot be passed: ${assignment.reason}`, 'try fewer or other arguments');
    }
    ensureDirectory(this.#runtime, 0o755);
    ensureDirectory(this.#directory, 0o700);
    const { pid, startTicks, bootId } = this.#writer;
    writeAtomic(this.#request(name), `# ${pid} ${startTicks} ${bootId}\n${assignment.text}\n`, { durable: false, mode: 0o600 });
    return undefined;
  }

  /** After every start, however it ended. */
  discard(name: string): void {
    rmSync(this.#request(name), { force: true });
    rmSync(this.environmentFile(name), { force: true });
  }

  #request(name: string): string {
    if (!isValidName(name)) throw new Error(`a daemon's name was expected, not ${JSON.stringify(name.slice(0, 80))}`);
    return join(this.#directory, `${name}.request`);
  }
}
