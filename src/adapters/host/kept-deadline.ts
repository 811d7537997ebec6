/**
 * A deadline that holds also where we are killed by -9 meanwhile: timeout(1)
 * keeps it beside us. A new watcher could only guess whose a program is that
 * hangs; PR_SET_PDEATHSIG would leave alone what the program has started, and
 * end at once what has a right to its time.
 */
import { existsSync } from 'node:fs';

/** Of coreutils, which every Debian has; busybox understands the same words. */
const TIMEOUT = '/usr/bin/timeout';

/**
 * Its own deadline comes later than ours, so where we live nothing is different:
 * the program is in the process group that we kill, and ends as it ends.
 *
 * @param timeout ms
 */
export function withKeptDeadline(argv: readonly [string, ...string[]], timeout: number): readonly [string, ...string[]] {
  if (!existsSync(TIMEOUT)) return argv;
  return [TIMEOUT, '-s', 'KILL', String(Math.ceil(timeout / 1000) + 1), ...argv];
}
