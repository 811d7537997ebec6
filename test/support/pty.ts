/** A program on a terminal of its own, by script(1) of bsdutils. */
import { spawnSync } from 'node:child_process';

export const SCRIPT = '/usr/bin/script';

export interface OnTerminal {
  readonly status: number | null;
  /** All that was written to the terminal, with what moves the cursor. */
  readonly text: string;
  /** What one would see after all of it, line by line; only carriage returns and erased lines are understood. */
  readonly screen: readonly string[];
}

export function onTerminal(argv: readonly string[], environment: Readonly<Record<string, string>>): OnTerminal {
  const command = argv.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  const { status, stdout, stderr, error } = spawnSync(SCRIPT, ['--quiet', '--return', '--command', command, '/dev/null'], {
    encoding: 'utf8',
    timeout: 60_000,
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8', TERM: 'xterm', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (error !== undefined) throw error;
  const text = stdout + stderr;
  return { status, text, screen: seen(text) };
}

function seen(text: string): readonly string[] {
  return text.split('\n').map((line) => line.split(/\u001b\[1G\u001b\[2K|\r(?=.)/).at(-1)?.replace(/\r$/, '') ?? '').filter((line) => line !== '');
}
