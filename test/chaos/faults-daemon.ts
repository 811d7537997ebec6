/** Faults that hit one daemon, or what says which process it is. */
import { closeSync, existsSync, openSync, rmSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import { procProcess } from '../support/proc.js';
import { monotonic, pause } from './clock.js';
import type { Fault } from './plan.js';
import { signalIfThere } from './signal.js';
import type { Storm } from './storm.js';
import type { Verb } from './world.js';

/** ms for the end of a pause to be taken. */
const RESUME = 20_000;
const NOT_RUNNING = 'it did not run';
export const UNDER_WAY = 'another request for it is under way';
const RUBBISH = ['', '\n', 'rubbish\n', '-1\n', '0\n', '99999999999999999999\n', '12 34\n', '\0\0\0\0', `${'9'.repeat(2000)}\n`, '1e3\n', ' 7x\n', '../../etc/passwd\n'];

async function signalAll(storm: Storm, fault: Fault, signal: NodeJS.Signals): Promise<readonly number[]> {
  const pids = storm.pids(storm.name(fault));
  for (const pid of pids) signalIfThere(pid, signal);
  return Promise.resolve(pids);
}

/** Those of a daemon that are there. */
function pidFiles(storm: Storm, name: string): readonly string[] {
  return storm.world.site.pidFiles(name).filter((path) => existsSync(path));
}

/** Its own, or of the next daemon that has any: under systemd most have none. */
function anyPidFiles(storm: Storm, fault: Fault): readonly string[] {
  const { names } = storm.world.site;
  return names.map((_, index) => pidFiles(storm, names[(fault.target + index) % names.length] ?? '')).find(({ length }) => length > 0) ?? [];
}

/** Nothing is made where nothing is: a file system may be gone, full or read-only at this moment. */
function spoil(files: readonly string[], fault: Fault, text: string): string | undefined {
  const path = files[fault.choice % Math.max(files.length, 1)];
  if (path === undefined) return 'there is no pid file at this moment';
  try {
    if (text === '') truncateSync(path);
    else writeFileSync(path, text);
    return undefined;
  } catch (error) {
    return `its pid file can't be spoilt: ${String((error as NodeJS.ErrnoException).code)}`;
  }
}

const operator =
  (verb: Verb) =>
  async (storm: Storm, fault: Fault) => ((await storm.ask(verb, storm.name(fault), fault.choice)) ? undefined : UNDER_WAY);

/** @returns why it could not be had: somebody else was faster, or it has no pid file to name the stranger */
async function reuse(storm: Storm, fault: Fault, pid: number): Promise<string | undefined> {
  for (let patience = 100; procProcess(pid) !== undefined; patience -= 1) {
    if (patience === 0) return `pid ${pid} was not free in time`;
    await pause(5);
  }
  const last = openSync(storm.world.lastPid, 'w');
  writeSync(last, String(pid - 1));
  closeSync(last);
  const stranger = storm.stranger();
  const missed = stranger.pid === pid ? spoil(pidFiles(storm, storm.name(fault)), fault, `${pid}\n`) : `pid ${pid} went to somebody else`;
  const watched = fault.kind === 'pid-reuse-unwatched' && storm.world.watcher() !== undefined;
  await pause(fault.hold);
  await storm.letGo(stranger);
  return missed ?? (watched ? 'a watcher ran again' : undefined);
}

export const DAEMON_FAULTS = {
  'kill': async (storm: Storm, fault: Fault) => ((await signalAll(storm, fault, 'SIGKILL')).length > 0 ? undefined : NOT_RUNNING),

  'freeze': async (storm: Storm, fault: Fault) => {
    const pids = await signalAll(storm, fault, 'SIGSTOP');
    await pause(fault.hold);
    for (const pid of pids) if (storm.pids(storm.name(fault)).includes(pid)) signalIfThere(pid, 'SIGCONT');
    return pids.length > 0 ? undefined : NOT_RUNNING;
  },

  'crash-loop': async (storm: Storm, fault: Fault) => {
    const file = join(storm.world.site.directoryOf(storm.name(fault)), 'crash');
    writeFileSync(file, '');
    const pids = await signalAll(storm, fault, 'SIGKILL');
    await pause(fault.hold);
    rmSync(file, { force: true });
    return pids.length > 0 ? undefined : NOT_RUNNING;
  },

  'stop': operator('stop'),
  'start': operator('start'),
  'restart': operator('restart'),

  /**
   * What dies meanwhile is to be back once it is over. Not left to its end by the
   * clock, which the storm steps for the watcher alone.
   */
  'pause': async (storm: Storm, fault: Fault) => {
    const name = storm.name(fault);
    const { result, detail } = await storm.world.pauseOrResume('pause', name);
    await pause(fault.hold);
    // Also where nobody was told of it: it may be on record. A disk may be full or read-only at this moment.
    for (const until = monotonic() + RESUME; (await storm.world.pauseOrResume('resume', name)).result !== 'done' && monotonic() < until; ) await pause(200);
    return result === 'done' ? undefined : `it was not taken: ${detail.slice(-100)}`;
  },

  'pid-truncated': (storm: Storm, fault: Fault) => Promise.resolve(spoil(anyPidFiles(storm, fault), fault, '')),

  'pid-rubbish': (storm: Storm, fault: Fault) => Promise.resolve(spoil(anyPidFiles(storm, fault), fault, RUBBISH[fault.choice % RUBBISH.length] ?? 'rubbish')),

  'pid-of-another': (storm: Storm, fault: Fault) => {
    const { names } = storm.world.site;
    const others = [1, process.pid, ...storm.strangers(), ...storm.pids(names[(fault.target + 1) % names.length] ?? 'd0')];
    return Promise.resolve(spoil(anyPidFiles(storm, fault), fault, `${others[fault.choice % others.length] ?? 1}\n`));
  },

  'pid-reuse': async (storm: Storm, fault: Fault) => {
    const [pid] = await signalAll(storm, fault, 'SIGKILL');
    return pid === undefined ? NOT_RUNNING : reuse(storm, fault, pid);
  },

  'pid-reuse-unwatched': async (storm: Storm, fault: Fault) => {
    const until = monotonic() + fault.hold;
    await storm.world.killWatcher(fault.hold);
    const [pid] = await signalAll(storm, fault, 'SIGKILL');
    if (pid === undefined) return NOT_RUNNING;
    // Lives on when the next watcher looks who is there.
    return reuse(storm, { ...fault, hold: until - monotonic() + 1500 }, pid);
  },
};
