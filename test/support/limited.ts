/**
 * A program under test with limits of its own: what takes all memory or never
 * ends is killed with all that it has started, and does not outlive its test.
 */

/** MiB of addresses, of each process: ten times what a shell, Perl or systemctl takes. */
const MEMORY = 1024;
/** s of CPU, of each process */
const CPU = 30;

const ENTER = 'ulimit -v "$1" && ulimit -t "$2" && shift 2 && exec "$@"';

/** @param seconds by the clock, for it and all that it starts: they are a process group */
export function limited(argv: readonly string[], seconds: number, { memory = MEMORY, cpu = CPU } = {}): [string, ...string[]] {
  return ['/usr/bin/timeout', '--signal=KILL', String(seconds), '/bin/sh', '-c', ENTER, 'limited', String(memory * 1024), String(cpu), ...argv];
}
