/** Each invariant is shown to hold in a log without a fault, and to be lost in one that violates it. */
import { expect } from 'chai';

import { judge, type Expectations, type Invariant } from '../../chaos/invariants.js';
import { parseObservations, type Observation } from '../../chaos/observation.js';
import { markdownTable, reportOf } from '../../chaos/report.js';

const EXPECTATIONS: Expectations = { daemons: ['a', 'b'], requires: new Map([['b', 'a']]), pulls: false, checked: [], bound: 1000, longestLook: 500, stable: 5, formats: ['desired'] };

const GOOD: readonly Observation[] = [
  { at: 0, e: 'ask', verb: 'start', name: 'a' },
  { at: 1, e: 'begun', name: 'a', pid: 10 },
  { at: 2, e: 'answer', verb: 'start', name: 'a', result: 'done', detail: '' },
  { at: 3, e: 'ask', verb: 'start', name: 'b' },
  { at: 4, e: 'begun', name: 'b', pid: 11 },
  { at: 5, e: 'answer', verb: 'start', name: 'b', result: 'done', detail: '' },
  { at: 6, e: 'seen', name: 'a', pids: [10] },
  { at: 7, e: 'seen', name: 'b', pids: [11] },
  { at: 10, e: 'fault', step: 0, kind: 'kill', detail: 'a' },
  { at: 11, e: 'seen', name: 'a', pids: [] },
  { at: 20, e: 'calm' },
  { at: 30, e: 'begun', name: 'a', pid: 12 },
  { at: 40, e: 'seen', name: 'a', pids: [12] },
  { at: 50, e: 'looking', looks: 3, longest: 20, whole: { desired: 2 } },
  { at: 55, e: 'read', since: 54 },
  { at: 60, e: 'answers', detail: 'yes' },
  { at: 70, e: 'take-down' },
  { at: 71, e: 'seen', name: 'a', pids: [] },
  { at: 80, e: 'end' },
];

/** The good log, with more in it at its place in time. */
function and(...more: readonly Observation[]): readonly Observation[] {
  return [...GOOD, ...more].sort((one, other) => one.at - other.at);
}

const STOPPED: readonly Observation[] = [
  { at: 12, e: 'ask', verb: 'stop', name: 'b' },
  { at: 13, e: 'answer', verb: 'stop', name: 'b', result: 'done', detail: '' },
  { at: 14, e: 'seen', name: 'b', pids: [] },
];

function lost(log: readonly Observation[]): readonly Invariant[] {
  return judge(log, EXPECTATIONS).losses.map(({ invariant }) => invariant);
}

describe('the invariants of a storm', () => {
  it('hold in a good one, which settled when the killed one was back', () => {
    expect(judge(GOOD, EXPECTATIONS)).to.deep.equal({ losses: [], settledAfter: 20, settledAt: 40, open: [], misplaced: ['a'] });
  });

  const violations: readonly (readonly [string, Invariant, readonly Observation[]])[] = [
    ['two processes of a daemon', 'one instance', and({ at: 45, e: 'seen', name: 'a', pids: [12, 13] }, { at: 46, e: 'seen', name: 'a', pids: [12] })],
    ['a daemon that finds its lock held', 'one instance', and({ at: 31, e: 'overlap', name: 'a', pid: 12 })],
    ['a start of what was stopped by hand', 'stopped stays stopped', and(...STOPPED, { at: 15, e: 'begun', name: 'b', pid: 14 })],
    ['a second stop makes no start of it a lawful one', 'stopped stays stopped', and(...STOPPED, { at: 15, e: 'ask', verb: 'stop', name: 'b' }, { at: 16, e: 'begun', name: 'b', pid: 14 })],
    ['one that is down in the end', 'up in time', and({ at: 45, e: 'seen', name: 'b', pids: [] })],
    ['one that runs though it was stopped', 'up in time', and(...STOPPED, { at: 45, e: 'seen', name: 'b', pids: [11] })],
    ['one that is up too late', 'up in time', GOOD.map((one) => (one.at < 40 ? one : { ...one, at: one.at + 2000, ...('since' in one ? { since: one.since + 2000 } : {}) }))],
    ['one that is up where the record says down', 'up in time', and({ at: 12, e: 'ask', verb: 'stop', name: 'b' }, { at: 14, e: 'answer', verb: 'stop', name: 'b', result: 'none', detail: '' }, { at: 15, e: 'desired', name: 'b', desired: 'down' })],
    ['a stranger with a signal', 'strangers untouched', and({ at: 15, e: 'signal', pid: 9, signal: 'TERM', from: 2 })],
    ['a stranger that is no more', 'strangers untouched', and({ at: 15, e: 'stranger-lost', pid: 9, how: 'SIGKILL' })],
    ['a daemon that is told to end though nobody asked for that', 'neighbours untouched', and({ at: 45, e: 'told-to-end', name: 'b', pid: 11 })],
    ['a torn file', 'state parses', and({ at: 15, e: 'unparsable', path: 'x', text: '{' })],
    ['a process that is left', 'nothing left', and({ at: 75, e: 'left', what: 'process 9' })],
    ['a deaf watcher', 'watcher answers', GOOD.map((one) => (one.e === 'answers' ? { ...one, detail: 'nobody listens' } : one))],
    ['a watcher that answers none of a crowd', 'watcher answers', and({ at: 15, e: 'crowd', step: 0, clients: 500, answered: 0, lived: true })],
    ['an observer that looked away', 'observed all along', and({ at: 51, e: 'looking', looks: 1, longest: 501 })],
    ['an observer that ended before all was settled', 'observed all along', GOOD.map((one) => (one.at < 60 ? one : { ...one, at: one.at + 3000 }))],
    ['an observer that ended while all was taken down', 'observed all along', GOOD.map((one) => (one.e === 'end' ? { ...one, at: one.at + 3000 } : one))],
    ['one of which nobody saw that it stayed where it was', 'observed all along', GOOD.map((one) => (one.e === 'read' ? { ...one, since: 44 } : one))],
    ['an observer that never looked', 'observed all along', GOOD.filter(({ e }) => e !== 'looking')],
    ['a format of which nobody saw a file', 'observed all along', GOOD.map((one) => (one.e === 'looking' ? { ...one, whole: { claims: 3 } } : one))],
    ['a storm without a fault', 'observed all along', GOOD.filter(({ e }) => e !== 'fault')],
    ['a storm that was cut off', 'observed all along', GOOD.slice(0, -1)],
  ];
  for (const [what, invariant, log] of violations) {
    it(`${what}: lost`, () => expect(lost(log)).to.deep.equal([invariant]));
  }

  it('an observer that looked a last time before the calm has not seen that all settled', () => {
    const { losses, settledAfter } = judge(
      [
        { at: 0, e: 'seen', name: 'a', pids: [10] },
        { at: 1000, e: 'fault', step: 0, kind: 'kill', detail: 'a' },
        { at: 2000, e: 'looking', looks: 60, longest: 30 },
        { at: 600_000, e: 'calm' },
        { at: 605_000, e: 'take-down' },
        { at: 610_000, e: 'end' },
      ],
      { ...EXPECTATIONS, daemons: ['a'], bound: 45_000, longestLook: 10_000 },
    );
    expect(new Set(losses.map(({ invariant }) => invariant))).to.deep.equal(new Set(['observed all along']));
    expect(settledAfter).to.equal(undefined);
  });

  it('a stop and a later start by hand are no loss, nor is what its requirement keeps down', () => {
    expect(lost(and(...STOPPED, { at: 15, e: 'ask', verb: 'start', name: 'b' }, { at: 16, e: 'begun', name: 'b', pid: 14 }, { at: 17, e: 'answer', verb: 'start', name: 'b', result: 'done', detail: '' }, { at: 18, e: 'seen', name: 'b', pids: [14] }))).to.deep.equal([]);
    const rootDown = GOOD.filter((one) => one.at < 20 || one.at >= 50);
    expect(lost([...rootDown, { at: 12, e: 'ask', verb: 'stop', name: 'a' } as const, { at: 13, e: 'answer', verb: 'stop', name: 'a', result: 'done', detail: '' } as const, { at: 14, e: 'seen', name: 'b', pids: [] } as const, { at: 20, e: 'calm' } as const].sort((x, y) => x.at - y.at))).to.deep.equal([]);
  });

  it('an end by SIGTERM is none while a request for it or for what it requires is unanswered, nor for its health, nor where systemd restarts it along', () => {
    const told = { at: 45, e: 'told-to-end', name: 'b', pid: 11 } as const;
    const asked = (name: string): Observation => ({ at: 44, e: 'ask', verb: 'restart', name });
    expect(lost(and(asked('b'), told))).to.not.include('neighbours untouched');
    expect(lost(and(asked('a'), told))).to.not.include('neighbours untouched');
    expect(lost(and({ ...asked('b'), at: 41 }, { at: 42, e: 'answer', verb: 'restart', name: 'b', result: 'done', detail: '' }, told))).to.include('neighbours untouched');
    for (const more of [{ checked: ['b'] }, { pulls: true }]) expect(judge(and(told), { ...EXPECTATIONS, ...more }).losses).to.deep.equal([]);
  });

  it('where systemd brings what is required along, it may have begun with that before the stop was answered', () => {
    const log = [...STOPPED.map((one) => ('name' in one ? { ...one, name: 'a' } : one)), { at: 11.5, e: 'ask', verb: 'start', name: 'b' } as const, { at: 15, e: 'begun', name: 'a', pid: 14 } as const];
    const losses = (pulls: boolean, more: readonly Observation[]): readonly Invariant[] => judge(and(...log, ...more), { ...EXPECTATIONS, pulls }).losses.map(({ invariant }) => invariant);
    expect(losses(true, [])).to.deep.equal([]);
    expect(losses(false, [])).to.include('stopped stays stopped');
    expect(losses(true, [{ at: 11.7, e: 'answer', verb: 'start', name: 'b', result: 'refused', detail: '' }])).to.include('stopped stays stopped');
  });

  it('requests that nobody was told to be done are open', () => {
    expect(judge(and({ at: 12, e: 'ask', verb: 'stop', name: 'b' }, { at: 13, e: 'answer', verb: 'stop', name: 'b', result: 'refused', detail: '' }), EXPECTATIONS).open).to.deep.equal([{ name: 'b', verb: 'stop' }]);
  });

  it('a crowd of which some were answered, or whose watcher was killed, is no loss, and is told', () => {
    const log = and({ at: 15, e: 'crowd', step: 0, clients: 500, answered: 3, lived: true }, { at: 16, e: 'crowd', step: 1, clients: 500, answered: 0, lived: false });
    expect(lost(log)).to.deep.equal([]);
    expect(markdownTable([reportOf('plain', 5, log, judge(log, EXPECTATIONS))])).to.include('3 of 1000 clients that asked in a crowd were answered');
  });

  it('a loss names the fault before it', () => {
    const [loss] = judge(and({ at: 15, e: 'signal', pid: 9, signal: 'TERM', from: 2 }), EXPECTATIONS).losses;
    expect(loss).to.deep.equal({ invariant: 'strangers untouched', at: 15, what: 'stranger 9 got SIGTERM from 2', after: { step: 0, kind: 'kill' } });
  });

  it('lines of many processes are put in order, and a last one that was cut off is left out', () => {
    expect(parseObservations('{"at":2,"e":"calm"}\n{"at":1,"e":"end"}\n{"at":3,"e"')).to.deep.equal([{ at: 1, e: 'end' }, { at: 2, e: 'calm' }]);
  });

  it('are reported with the faults that were tried, those that missed, and the losses after each', () => {
    const log = and({ at: 11, e: 'missed', step: 0, why: 'x' }, { at: 16, e: 'killed-before', call: 'rename', id: 1 }, { at: 17, e: 'overlap', name: 'a', pid: 12 });
    const report = reportOf('plain', 5, log, judge(log, EXPECTATIONS));
    expect(report).to.deep.include({ faults: [{ kind: 'kill', tried: 1, missed: 1, losses: 1 }], starts: 3, killedBefore: { rename: 1 } });
    const swept = { ...report, swept: { stop: 163 }, sweptFrom: 100 };
    expect(markdownTable([swept])).to.include('killed at each fault point from 100 on of stop (163)');
    expect(markdownTable([{ ...swept, swept: { stop: 99 } }])).to.include('stop has no call from 100 on').and.not.to.include('each fault point');
    expect(markdownTable([report])).to.include('| a daemon gets SIGKILL (`kill`) | 1 (1) | 1 |').and.to.include('| one instance | 1 |');
  });
});
