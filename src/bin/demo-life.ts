/** What is particular about a watcher that runs the demo. */
import { rmSync } from 'node:fs';
import { dirname } from 'node:path';

import type { Paths } from '../core/paths.js';

export const DEMO_HINTS: readonly string[] = [
  'Try, in another terminal of this directory:',
  '  kill -9 "$(scripts/daemon-util pid clockd)"   it is back at once',
  '  scripts/daemon-util stop greeterd             it stays stopped, until: scripts/daemon-util start greeterd',
  '  scripts/watchkeeper events --follow           every decision, with its reason',
  'Ctrl-C stops the daemons in reverse order and leaves nothing behind.',
];

/** The demo keeps everything below one directory of its own, which was made for it alone. */
export function removeDemo(paths: Paths): void {
  const base = dirname(paths.runtime);
  if (dirname(paths.state) !== base) throw new Error(`the demo's directories are not in one place: ${paths.runtime}, ${paths.state}`);
  rmSync(base, { recursive: true, force: true });
}
