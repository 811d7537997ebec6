/** What a broken watcher would do, done by hand: the storm must see each of it, or its "no losses" says nothing. */
import { spawn } from 'node:child_process';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { eventually } from '../support/eventually.js';
import { pause } from './clock.js';
import { signalIfThere } from './signal.js';
import type { Storm } from './storm.js';

function commandOf(pid: number): readonly string[] {
  return readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0').slice(1, -1);
}

export async function sabotage(storm: Storm): Promise<void> {
  const { site } = storm.world;
  // The storm before may have stopped them.
  await Promise.all(['d0', 'd1', 'd2'].map((name) => storm.ask('start', name, 1)));
  await eventually('two daemons run', () => storm.pids('d0').length === 1 && storm.pids('d2').length === 1, 30_000);
  const [first = 0] = storm.pids('d0');
  const [program = '', ...words] = commandOf(first);
  const second = spawn(program, words, { stdio: 'ignore' });
  // Stopped by hand, and started by somebody who does not care.
  const stopped = commandOf(storm.pids('d2')[0] ?? 0);
  await storm.ask('stop', 'd2', 1);
  const restarted = spawn(program, stopped.slice(1), { stdio: 'ignore' });
  for (const pid of storm.strangers().slice(0, 1)) signalIfThere(pid, 'SIGTERM');
  for (const pid of storm.strangers().slice(1, 2)) signalIfThere(pid, 'SIGKILL');
  const torn = join(site.paths.runtime, 'state', 'd1');
  writeFileSync(`${torn}.new`, '1 d1 runn');
  renameSync(`${torn}.new`, torn);
  await pause(1000);
  // Ends at each start from now on: never up again. Not before: its next line on the board would be the end of the torn one.
  writeFileSync(join(site.directoryOf('d1'), 'crash'), '');
  for (const pid of storm.pids('d1')) signalIfThere(pid, 'SIGTERM');
  second.kill('SIGKILL');
  restarted.kill('SIGKILL');
  // Nobody's daemon, and nobody's child.
  const left = spawn('/bin/sh', ['-c', '"$@" & exit', 'sh', '/usr/bin/perl', '-e', 'sleep 600', `${site.directory}/forgotten`], { stdio: 'ignore' });
  await new Promise((resolve) => left.once('exit', resolve));
}
