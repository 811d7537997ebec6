import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';

import { formatTaskRecord, parseTaskRecord } from '../../../../src/adapters/state/task-record.js';
import { taskStore } from '../../../../src/adapters/state/task-store.js';
import { beginRun, emptyRecord, withRun, withSkip, type TaskRecord } from '../../../../src/core/task-run.js';

const begin = { scheduled: 5000, why: 'scheduled', startedAt: 5003, startedMonotonic: 7 };

function sample(): TaskRecord {
  const first = withRun(beginRun(emptyRecord('* * * * * UTC', 1000), begin), { process: { pid: 4, startTicks: 5, bootId: 'b' }, result: 'failed', exit: { kind: 'exited', status: 3 }, took: 12, output: ['a "b"', 'c'] });
  const second = withRun(beginRun(first, { ...begin, scheduled: null }), { result: 'timed-out', exit: { kind: 'killed', signal: 'SIGKILL' } });
  return { ...withSkip(second, 9000, 'busy'), boot: 'x', plan: { cursor: 5000, ran: [5000], queued: { scheduled: 6000, why: 'scheduled' } } };
}

describe('task records', () => {
  it('read back as they were written', () => {
    for (const record of [emptyRecord('none', 3), sample(), { ...sample(), plan: { cursor: 1, ran: [], queued: { scheduled: undefined, why: 'by hand' } } }]) {
      expect(parseTaskRecord(formatTaskRecord(record))).to.deep.equal(record);
    }
  });

  it('are no record where anything is missing, of another type, or cut off', () => {
    const text = formatTaskRecord(sample());
    for (let length = 0; length < text.length - 2; length += 1) expect(parseTaskRecord(text.slice(0, length))).to.equal(undefined);
    fc.assert(fc.property(fc.json(), (json) => parseTaskRecord(json) === undefined));
    const whole = JSON.parse(text) as Record<string, unknown>;
    for (const key of Object.keys(whole)) expect(parseTaskRecord(JSON.stringify({ ...whole, [key]: { nonsense: true } })), key).to.equal(undefined);
  });
});

describe('taskStore', () => {
  let state: string;
  const warnings: string[] = [];

  beforeEach(() => {
    state = mkdtempSync(join(tmpdir(), 'wk-ts-'));
    warnings.length = 0;
  });
  afterEach(() => rmSync(state, { recursive: true, force: true }));

  it('keeps records for us alone, also of hooks', async () => {
    const store = taskStore(state, (text) => warnings.push(text));
    expect([store.read('a'), store.names()]).to.deep.equal([undefined, []]);
    await store.write('a', sample(), true);
    await store.write('hook:_b', sample(), false);
    expect(store.read('a')).to.deep.equal(sample());
    expect([...store.names()].sort()).to.deep.equal(['a', 'hook:_b']);
    expect(statSync(join(state, 'tasks', 'a.json')).mode & 0o777).to.equal(0o600);
    expect(warnings).to.deep.equal([]);
  });

  it('reads no other file than a record of its own', async () => {
    const store = taskStore(state, (text) => warnings.push(text));
    await store.write('a', sample(), false);
    symlinkSync('/etc/passwd', join(state, 'tasks', 'link.json'));
    writeFileSync(join(state, 'tasks', 'rubbish.json'), '{}');
    for (const name of ['link', 'rubbish', '../a', '.a', '', 'hook:', 'x:a', 'a/b']) expect(store.read(name), name).to.equal(undefined);
    expect(warnings.length).to.equal(2);
    expect(() => store.write('../a', sample(), false)).to.throw();
  });

  it('says so where it cannot even look at its directory, and rejects nothing', async () => {
    writeFileSync(join(state, 'tasks'), '');
    for (const durable of [true, false]) await taskStore(state, (text) => warnings.push(text)).write('a', sample(), durable);
    expect(warnings.length).to.equal(2);
  });

  it('says so where it cannot write, and goes on', async () => {
    chmodSync(state, 0o777);
    await taskStore(state, (text) => warnings.push(text)).write('a', sample(), true);
    expect(warnings.length).to.equal(1);
  });
});
