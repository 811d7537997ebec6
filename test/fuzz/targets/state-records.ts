/** Every record of ours in STATE and RUNTIME, after whatever has become of its text: by the stores themselves, with their bounds. */
import { expect } from 'chai';
import fc from 'fast-check';

import { bootId } from '../../../src/adapters/host/proc.js';
import { clusterHoldStore, parseHold } from '../../../src/adapters/state/cluster-holds.js';
import { desiredStateStore, formatDesired, parseDesired } from '../../../src/adapters/state/desired-state.js';
import { historyLine, parseHistoryLine } from '../../../src/adapters/state/history-line.js';
import { readHistory } from '../../../src/adapters/state/history.js';
import { readTail } from '../../../src/adapters/state/journal.js';
import { memoryStore } from '../../../src/adapters/state/memory-store.js';
import { pauseStore } from '../../../src/adapters/state/pauses.js';
import { retryMemoryStore } from '../../../src/adapters/state/retry-memory-store.js';
import { roleRecords } from '../../../src/adapters/state/role-records.js';
import { lastWatcher } from '../../../src/adapters/state/state-board.js';
import { formatTaskRecord, parseTaskRecord } from '../../../src/adapters/state/task-record.js';
import { taskStore } from '../../../src/adapters/state/task-store.js';
import { unitRecords } from '../../../src/adapters/state/unit-records.js';
import { isValidName } from '../../../src/core/daemon.js';
import { pausedReason } from '../../../src/core/pause.js';
import { hostile } from '../bytes.js';
import { mustBeCount, mustBeUnpolluted } from '../demands.js';
import { Scratch } from '../scratch.js';
import type { Target } from '../target.js';

const NOW = 1_764_000_000_000;
const RUN = { id: 7, scheduled: NOW, why: 'scheduled', startedAt: NOW, startedMonotonic: 5000, process: { pid: 12, startTicks: 99, bootId: 'b' }, took: 12, result: 'ok', exit: { kind: 'exited', status: 0 }, reason: 'exited with status 0', output: ['a', 'b'], omitted: 0 };
const SAMPLES = [
  JSON.stringify({ schemaVersion: 1, desired: 'up', at: NOW, by: 'root', bootId: 'b', hold: true }),
  JSON.stringify({ schemaVersion: 1, resource: 'web:0', node: 'n1', bootId: 'b', started: true, at: NOW, unit: 'web.service' }),
  JSON.stringify({ schemaVersion: 1, timetable: 'x', plan: { cursor: NOW, ran: [NOW - 5, NOW], queued: { scheduled: NOW, why: 'late' } }, boot: 'b', skipped: { count: 3, at: NOW, why: 'busy' }, runs: [RUN, { ...RUN, exit: { kind: 'killed', signal: 'SIGTERM' } }] }),
  JSON.stringify({ schemaVersion: 1, leases: [{ id: 'a', owner: 'root', reason: 'work', daemons: ['web'], since: NOW, until: NOW + 5 }, { id: 'b', owner: 'x', reason: '', since: 0, until: 9e15 }] }),
  JSON.stringify({ tally: { failures: [1, 2, 3], row: 3, lastDelay: 1000, looping: true }, restarts: 9, lastExit: { kind: 'exited', status: 1 }, retryAt: 500, givenUp: true }),
  JSON.stringify({ failedAt: 5, attempts: 3, at: 700, held: 'why' }),
  '1 100\nnode web db\nmaster api\nend\n',
  '1 web.service process 12 99\n',
  `1 4711 12345 ${bootId()} 99000 15000\n`,
  '1764000000\n',
  [{ t: NOW, x: 'begin' }, { t: NOW + 1, d: 'web', s: 'running', w: 'up' }, { t: NOW + 2, d: 'web', s: 'crash-loop', w: 'up', p: 1 }, { t: NOW + 3, d: 'web', x: 'unseen' }, { t: NOW + 4, x: 'end' }].map((line) => JSON.stringify(line)).join('\n') + '\n',
  `${JSON.stringify({ id: 5, at: NOW, daemon: 'web', news: 'started', reason: 'r' })}\n`.repeat(3),
];

export const target: Target = {
  inputs: fc.oneof({ weight: 9, arbitrary: hostile(SAMPLES, 24_000) }, { weight: 1, arbitrary: hostile(SAMPLES, 1_100_000) }),
  batch: 40,
  limits: { memory: { fixed: 24 * 1024 * 1024, perByte: 4096 } },
  open() {
    const scratch = new Scratch();
    const [state, runtime] = [scratch.at('state'), scratch.at('run')];
    let warnings = 0;
    const warn = (text: string): void => {
      warnings += 1;
      expect(text.length).to.be.lessThan(1000);
      expect(text).to.not.match(/[\0-\x08\x1b]/);
    };
    const stores = {
      desired: desiredStateStore(state, warn), holds: clusterHoldStore(state, warn), tasks: taskStore(state, warn), pauses: pauseStore(state, scratch.at('pause'), warn),
      memory: memoryStore(runtime, warn), retry: retryMemoryStore(runtime, warn), roles: roleRecords(runtime, warn), units: unitRecords(runtime),
    };
    return {
      try(input) {
        for (const name of ['state/desired/web', 'state/cluster/web', 'state/tasks/web.json', 'state/pauses.json', 'pause', 'run/memory/web', 'run/retry/web', 'run/roles/web', 'run/cluster-units/web', 'run/watcher', 'state/history.jsonl', 'state/events.jsonl']) scratch.write(name, input);
        warnings = 0;
        const { desired, holds, tasks, pauses, memory, retry, roles, units } = stores;
        const wish = desired.read('web');
        if (wish !== undefined) expect(parseDesired(formatDesired(wish))).to.deep.equal(wish);
        const hold = holds.read('web');
        if (hold !== undefined) expect(parseHold(JSON.stringify({ schemaVersion: 1, ...hold }))).to.deep.equal(hold);
        const task = tasks.read('web');
        if (task !== undefined) expect(parseTaskRecord(formatTaskRecord(task))).to.deep.equal(JSON.parse(JSON.stringify(task)));
        for (const lease of pauses.read()) {
          expect([lease.id, lease.owner, lease.reason].every((text) => typeof text === 'string')).to.equal(true);
          expect(typeof (pausedReason([lease], 'web', NOW) ?? '')).to.equal('string');
        }
        const tally = memory.read('web');
        if (tally !== undefined) for (const count of [...tally.tally.failures, tally.tally.row, tally.tally.lastDelay, tally.restarts, tally.retryAt ?? 0]) mustBeCount(count);
        const attempts = retry.read('web');
        if (attempts !== undefined) for (const count of [attempts.attempts, attempts.failedAt ?? 0, attempts.at ?? 0]) mustBeCount(count);
        const role = roles.read('web');
        if (role !== undefined) mustBeCount(role.score ?? 0);
        for (const { parameter } of units.list()) expect(parameter).to.match(/^\S+$/);
        const watcher = lastWatcher(runtime);
        if (watcher !== undefined) for (const count of [watcher.pid, watcher.startTicks]) expect(Number.isSafeInteger(count) && count >= 0, JSON.stringify(watcher)).to.equal(true);
        mustBeHistory(state, input.toString('latin1'));
        for (const { id, at, daemon, news, reason } of readTail(scratch.at('state/events.jsonl'))) {
          expect([typeof daemon, typeof news, typeof reason]).to.deep.equal(['string', 'string', 'string']);
          expect(Number.isFinite(id) && Number.isFinite(at)).to.equal(true);
        }
        expect(warnings).to.be.lessThan(12);
        mustBeUnpolluted();
      },
      close: () => scratch.remove(),
    };
  },
};

function mustBeHistory(state: string, text: string): void {
  for (const [daemon, intervals] of readHistory(state, NOW - 1000, NOW + 1000)) {
    expect(isValidName(daemon)).to.equal(true);
    for (const { from, to } of intervals) expect(from <= to).to.equal(true);
  }
  for (const line of text.split('\n').slice(0, 20)) {
    const record = parseHistoryLine(line);
    if (record !== undefined) expect(parseHistoryLine(historyLine(record).trimEnd())).to.deep.equal(record);
  }
}
