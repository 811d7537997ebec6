import { expect } from 'chai';
import fc from 'fast-check';

import { DayTimeline, runs, SLOT, SLOTS } from '../../../src/core/day-timeline.js';
import { HistoryFold, historyIntervals, timeline, type HistoryInterval, type HistoryRecord } from '../../../src/core/history.js';
import { STATUS_STATES } from '../../../src/core/daemon-status.js';

/** A slot's beginning. */
const T = 6_000_000 * SLOT;

function shown(records: readonly HistoryRecord[], now: number): readonly string[] {
  const day = new DayTimeline();
  const fold = new HistoryFold(day);
  for (const record of records) fold.add(record);
  const present = new Map<string, HistoryInterval>(fold.present(now));
  return day.words('web', now, present.get('web'));
}

const state = (at: number, word: (typeof STATUS_STATES)[number]): HistoryRecord => ({ kind: 'state', at, daemon: 'web', state: word, desired: 'up', paused: false });

describe('DayTimeline', () => {
  it('shows the last 24 hours in slots, the present one last', () => {
    const now = T + 10;
    const words = shown([{ kind: 'begin', at: T - 2 * SLOT }, state(T - 2 * SLOT, 'running'), state(T - SLOT + 1000, 'backing-off'), state(T - SLOT + 1200, 'running'), { kind: 'alive', at: now }], now);
    expect(words).to.have.length(SLOTS);
    expect(words.slice(-4)).to.deep.equal(['unknown', 'up', 'backing-off', 'up']);
  });

  it('forgets what is older than a day, and shows what has lasted longer', () => {
    const now = T + 3 * SLOTS * SLOT + 10;
    const words = shown([{ kind: 'begin', at: T }, state(T, 'crash-loop'), state(T + SLOT, 'running'), { kind: 'alive', at: now }], now);
    expect(new Set(words)).to.deep.equal(new Set(['up']));
  });

  it('has the same words as the timeline of the terminal, whatever happens', () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: 1, max: 4 * SLOT }), fc.constantFrom(...STATUS_STATES), fc.constantFrom('state', 'state', 'state', 'alive', 'end', 'begin', 'unseen')), { maxLength: 60 });
    fc.assert(
      fc.property(steps, (list) => {
        let at = T;
        const records: HistoryRecord[] = [{ kind: 'begin', at }];
        for (const [wait, word, kind] of list) {
          at += wait;
          if (kind === 'state') records.push(state(at, word));
          else if (kind === 'unseen') records.push({ kind, at, daemon: 'web' });
          else records.push({ kind: kind as 'alive', at });
        }
        const now = at + 1000;
        const to = (Math.floor(now / SLOT) + 1) * SLOT;
        const intervals = historyIntervals(records, to - SLOTS * SLOT, now).get('web') ?? [];
        expect(shown(records, now)).to.deep.equal(timeline(intervals, to - SLOTS * SLOT, to, SLOTS));
      }),
      { numRuns: 300 },
    );
  });

  it('believes what was told later where the clock was set back', () => {
    const before: readonly HistoryRecord[] = [{ kind: 'begin', at: T }, state(T, 'running'), state(T + 3 * SLOT, 'crash-loop'), state(T + 4 * SLOT, 'running')];
    expect(shown([...before, { kind: 'alive', at: T + 5 * SLOT - 1 }], T + 5 * SLOT - 1).slice(-5)).to.deep.equal(['up', 'up', 'up', 'crash-loop', 'up']);
    const now = T + 2 * SLOT - 1;
    expect(shown([...before, state(T + SLOT, 'stopped'), { kind: 'alive', at: now }], now).slice(-3)).to.deep.equal(['unknown', 'up', 'stopped']);
  });

  it('keeps a few hundred bytes a daemon, however often it flaps', () => {
    const day = new DayTimeline();
    const fold = new HistoryFold(day);
    for (let second = 0; second < 200_000; second += 1) fold.add(state(T + second * 1000, second % 2 === 0 ? 'running' : 'backing-off'));
    expect(new Set(day.words('web', T + 200_000_000, undefined).slice(-100))).to.deep.equal(new Set(['backing-off']));
  });

  it('joins neighbours of one word', () => {
    expect(runs(['up', 'up', 'failed', 'up'])).to.deep.equal([{ word: 'up', first: 0, count: 2 }, { word: 'failed', first: 2, count: 1 }, { word: 'up', first: 3, count: 1 }]);
  });
});
