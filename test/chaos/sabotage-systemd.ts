/** Each way in which one that requires another stays down under systemd, done by hand: two that only an operator mends, and one that must be a loss. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { eventually } from '../support/eventually.js';
import { signalIfThere } from './signal.js';
import { run } from './site.js';
import type { Storm } from './storm.js';

const PATIENCE = 30_000;

export async function leaveDown(storm: Storm): Promise<void> {
  const { site } = storm.world;
  const allRun = (): boolean => ['d0', 'd1', 'd5', 'd6', 'd10', 'd11'].every((name) => storm.pids(name).length === 1);
  // The storm before may have stopped them.
  for (const [required, name] of [['d0', 'd1'], ['d5', 'd6'], ['d10', 'd11']] as const) {
    await storm.ask('start', required, 1);
    await storm.ask('start', name, 1);
  }
  await eventually('all six run', allRun, PATIENCE);
  // Stopped along with d0, and not started with it.
  await storm.ask('stop', 'd0', 1);
  await storm.ask('start', 'd0', 1);
  // To be restarted along with d5, which fails at first.
  const crash = join(site.directoryOf('d5'), 'crash');
  writeFileSync(crash, '');
  for (const pid of storm.pids('d5')) signalIfThere(pid, 'SIGKILL');
  await eventually('the start of d6 failed with that of d5', () => storm.world.lastJob('d6')?.result === 'dependency', PATIENCE);
  rmSync(crash);
  // By nobody: d10 runs on.
  run('/usr/bin/systemctl', 'stop', 'd11.service');
}
