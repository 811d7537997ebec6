/** What a power cut and the boot after it make of a watcher's world, on a machine that goes on. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { removeGroups } from './control-groups.js';
import { eventually } from './eventually.js';
import type { TestDaemon } from './test-daemon.js';
import type { RunningWatcher, WatcherWorld } from './watcher-world.js';

const EARLIER_BOOT = '00000000-0000-4000-8000-000000000000';

/**
 * Everything dies at once, /run is empty, and what was written down is of an
 * earlier boot: the machine's boot id is the kernel's, so the records get another.
 */
export async function powerCut(world: WatcherWorld, watcher: RunningWatcher | undefined, daemons: readonly TestDaemon[]): Promise<void> {
  watcher?.kill('SIGKILL');
  await watcher?.ended;
  for (const daemon of daemons) daemon.destroy();
  await eventually('all are gone', () => daemons.every((daemon) => daemon.mains().length === 0));
  await removeGroups(world.runtime);
  rmSync(world.runtime, { recursive: true, force: true });
  const desired = join(world.state, 'desired');
  for (const name of readdirSync(desired)) {
    const path = join(desired, name);
    const record = JSON.parse(readFileSync(path, 'utf8')) as { bootId: string };
    writeFileSync(path, `${JSON.stringify({ ...record, bootId: EARLIER_BOOT })}\n`, { mode: 0o600 });
  }
}
