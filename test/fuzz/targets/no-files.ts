/** What else may lie where a file is expected: each reader of ours meets each of these, and none waits, fails otherwise or reads on and on. */
import { closeSync, chmodSync, mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';

import fc from 'fast-check';

import { ConfigurationCache } from '../../../src/adapters/config/cache.js';
import { loadConfiguration } from '../../../src/adapters/config/load.js';
import { connectWatcher } from '../../../src/adapters/control-socket/client.js';
import { OutputSearch } from '../../../src/adapters/health/output.js';
import { RecordedBootOffset } from '../../../src/adapters/host/boot-offset.js';
import { firstUnmet } from '../../../src/adapters/host/start-condition.js';
import { lastLines, OutputFollower } from '../../../src/adapters/inspection/output-file.js';
import { clusterHoldStore } from '../../../src/adapters/state/cluster-holds.js';
import { desiredStateStore } from '../../../src/adapters/state/desired-state.js';
import { readHistory } from '../../../src/adapters/state/history.js';
import { fileJournal } from '../../../src/adapters/state/journal.js';
import { memoryStore } from '../../../src/adapters/state/memory-store.js';
import { pauseStore } from '../../../src/adapters/state/pauses.js';
import { roleRecords } from '../../../src/adapters/state/role-records.js';
import { lastWatcher } from '../../../src/adapters/state/state-board.js';
import { taskStore } from '../../../src/adapters/state/task-store.js';
import { unitRecords } from '../../../src/adapters/state/unit-records.js';
import { HostClaims } from '../../../src/adapters/sysv/claims.js';
import { readEnvironmentFile } from '../../../src/adapters/sysv/environment.js';
import { openOutput, outputSince } from '../../../src/adapters/sysv/output-file.js';
import { readPidFile } from '../../../src/adapters/sysv/pid-file.js';
import { WatchkeeperError } from '../../../src/core/errors.js';
import { mustBeTold } from '../demands.js';
import { Scratch } from '../scratch.js';
import type { Target } from '../target.js';

const GIB = 1024 * 1024 * 1024;
type Lay = (file: string, scratch: Scratch) => void;

const KINDS: Readonly<Record<string, Lay>> = {
  fifo: (file, scratch) => void scratch.fifo(path.relative(scratch.directory, file)),
  directory: (file) => mkdirSync(file),
  dangling: (file) => symlinkSync('/nowhere/at/all', file),
  circle: (file) => symlinkSync(path.basename(file), file),
  zero: (file) => symlinkSync('/dev/zero', file),
  full: (file) => symlinkSync('/dev/full', file),
  memory: (file) => symlinkSync('/proc/self/mem', file),
  socket: (file, scratch) => symlinkSync(scratch.at('socket'), file),
  empty: (file) => writeFileSync(file, ''),
  huge: (file) => {
    writeFileSync(file, '');
    truncateSync(file, 3 * GIB);
  },
  unreadable: (file) => {
    writeFileSync(file, '{}');
    chmodSync(file, 0);
  },
};

/** @param directory in which its file is */
type Reader = (directory: string) => unknown;

const warn = (): undefined => undefined;
/** By the file that they read, and where several read the same, a word more. */
const READERS: Readonly<Record<string, Reader>> = {
  'watchkeeper.yaml': (at) => loadConfiguration(path.join(at, 'watchkeeper.yaml'), {}),
  'conf.d': (at) => loadConfiguration(path.join(at, 'watchkeeper.yaml'), {}),
  'run/configuration': (at) => new ConfigurationCache(path.join(at, 'x.yaml'), { WATCHKEEPER_PATHS_RUNTIME: path.join(at, 'run') }, 'p').last(),
  'env': (at) => readEnvironmentFile(path.join(at, 'env')),
  'web.pid': (at) => readPidFile(path.join(at, 'web.pid')),
  'claims/web': (at) => new HostClaims(at).look('web'),
  'pids/web': (at) => new HostClaims(at).look('web'),
  'desired/web': (at) => desiredStateStore(at, warn).read('web'),
  'cluster/web': (at) => clusterHoldStore(at, warn).read('web'),
  'tasks/web.json': (at) => taskStore(at, warn).read('web'),
  'pauses.json': (at) => pauseStore(at, undefined, warn).read(),
  'pause': (at) => pauseStore(at, path.join(at, 'pause'), warn).read(),
  'memory/web': (at) => memoryStore(at, warn).read('web'),
  'roles/web': (at) => roleRecords(at, warn).read('web'),
  'cluster-units/web': (at) => unitRecords(at).list(),
  'watcher': lastWatcher,
  'clock': (at) => new RecordedBootOffset(at).smallest(),
  'events.jsonl': (at) => fileJournal(at, warn, warn).close(),
  'history.jsonl': (at) => [...readHistory(at, 0, 1)],
  'on': (at) => firstUnmet([{ kind: 'file-has-line', path: path.join(at, 'on'), line: 'x' }]),
  'out.log': (at) => lastLines(path.join(at, 'out.log'), 5),
  'out.log 2': (at) => new OutputFollower(path.join(at, 'out.log'), warn).look(),
  'out.log 3': (at) => outputSince(path.join(at, 'out.log'), 0),
  'out.log 4': (at) => new OutputSearch(path.join(at, 'out.log'), 'panic', 0).look(),
  'out.log 5': (at) => {
    const opened = openOutput(path.join(at, 'out.log'));
    if (opened.ok) closeSync(opened.fd);
  },
  'control.sock': (at) => connectWatcher(at, 2000),
  'run': (at) => memoryStore(path.join(at, 'run'), warn).read('web'),
};

export const target: Target = {
  inputs: fc.tuple(fc.constantFrom(...Object.keys(READERS)), fc.constantFrom(...Object.keys(KINDS))).map(([reader, kind]) => Buffer.from(`${kind} for ${reader}`)),
  batch: 150,
  limits: { memory: { fixed: 48 * 1024 * 1024, perByte: 0 } },
  open() {
    const scratch = new Scratch();
    const server = createServer().listen(scratch.at('socket'));
    return {
      async try(input) {
        const [kind = '', reader = ''] = input.toString().split(' for ');
        const [lay, read] = [KINDS[kind], READERS[reader]];
        if (lay === undefined || read === undefined) throw new Error(`there is no ${input.toString()}`);
        const there = scratch.at('t', reader.split(' ')[0] ?? '');
        mkdirSync(path.dirname(there), { recursive: true });
        lay(there, scratch);
        try {
          await read(scratch.at('t'));
        } catch (error) {
          if (!isKnown(error)) throw error;
        } finally {
          rmSync(scratch.at('t'), { recursive: true, force: true });
        }
      },
      close: () => {
        server.close();
        scratch.remove();
      },
    };
  },
};

/** Told as what it is: whoever calls says so, with the path. */
function isKnown(error: unknown): boolean {
  if (!(error instanceof WatchkeeperError)) return false;
  mustBeTold(error, ['CONFIG_INVALID', 'CONFIG_UNREADABLE', 'STATE_UNWRITABLE', 'WATCHER_ABSENT', 'WATCHER_SILENT']);
  return true;
}
