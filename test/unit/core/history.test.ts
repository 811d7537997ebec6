import { expect } from 'chai';

import type { StatusState } from '../../../src/core/daemon-status.js';
import { ALIVE_INTERVAL, historyIntervals, timeIn, timeline, timelineWord, type HistoryRecord } from '../../../src/core/history.js';

const T = 1_790_000_000_000;

function seen(at: number, state: StatusState, daemon = 'web', more: { desired?: 'up' | 'down'; paused?: boolean } = {}): HistoryRecord {
  return { kind: 'state', at: T + at, daemon, state, desired: more.desired ?? 'up', paused: more.paused ?? false };
}

function sign(kind: 'begin' | 'alive' | 'end', at: number): HistoryRecord {
  return { kind, at: T + at };
}

/** "running 10-20" with instants from T. */
function told(records: readonly HistoryRecord[], now: number, from = 0, daemon = 'web'): readonly string[] {
  return (historyIntervals(records, T + from, T + now).get(daemon) ?? []).map(({ state, from: a, to }) => `${state} ${a - T}-${to - T}`);
}

describe('history', () => {
  it('makes intervals of changes, the last one up to now while the watcher lives', () => {
    const records = [sign('begin', 0), seen(0, 'starting'), seen(200, 'running'), seen(5000, 'backing-off'), seen(6000, 'running'), seen(0, 'stopped', 'db')];
    expect(told(records, 9000)).to.deep.equal(['starting 0-200', 'running 200-5000', 'backing-off 5000-6000', 'running 6000-9000']);
    expect(told(records, 9000, 0, 'db')).to.deep.equal(['stopped 0-9000']);
    expect(told(records, 9000, 5500)).to.deep.equal(['backing-off 5500-6000', 'running 6000-9000']);
  });

  it('knows nothing of the time between two watchers', () => {
    const orderly = [sign('begin', 0), seen(0, 'running'), sign('end', 1000), sign('begin', 9000), seen(9000, 'running')];
    expect(told(orderly, 10_000)).to.deep.equal(['running 0-1000', 'running 9000-10000']);
    const killed = [sign('begin', 0), seen(0, 'running'), sign('alive', 60_000), sign('begin', 200_000), seen(200_000, 'running')];
    expect(told(killed, 201_000)).to.deep.equal(['running 0-60000', 'running 200000-201000']);
  });

  it('does not let the last state of a dead watcher go on', () => {
    const records = [sign('begin', 0), seen(0, 'running'), sign('alive', 60_000)];
    expect(told(records, 60_000 + ALIVE_INTERVAL)).to.deep.equal([`running 0-${60_000 + ALIVE_INTERVAL}`]);
    expect(told(records, 600_000)).to.deep.equal(['running 0-60000']);
    expect(told([...records, sign('end', 61_000)], 62_000)).to.deep.equal(['running 0-61000']);
  });

  it('believes what was written later where the clock was set back', () => {
    const records = [sign('begin', 0), seen(0, 'running'), seen(50_000, 'crash-loop'), seen(60_000, 'running'), seen(20_000, 'stopped')];
    expect(told(records, 30_000)).to.deep.equal(['running 0-20000', 'stopped 20000-30000']);
  });

  it('takes a state that is told again, as at the turn of a file, for the same', () => {
    const records = [sign('begin', 0), seen(0, 'running'), seen(5000, 'running'), seen(0, 'running')];
    expect(told(records, 8000)).to.deep.equal(['running 0-8000']);
  });

  it('forgets a daemon that is no longer seen', () => {
    const records: readonly HistoryRecord[] = [sign('begin', 0), seen(0, 'running'), { kind: 'unseen', at: T + 400, daemon: 'web' }, sign('alive', 1000)];
    expect(told(records, 2000)).to.deep.equal(['running 0-400']);
  });

  it('names what was stopped by hand, paused, and given up', () => {
    expect(timelineWord({ state: 'stopped', desired: 'down', paused: false })).to.equal('stopped');
    expect(timelineWord({ state: 'waiting', desired: 'up', paused: true })).to.equal('paused');
    expect(timelineWord({ state: 'running', desired: 'up', paused: true })).to.equal('up');
    expect(timelineWord({ state: 'given-up', desired: 'up', paused: false })).to.equal('failed');
  });

  it('shows in a slot what held longest, but also the shortest failure', () => {
    const records = [sign('begin', 0), seen(0, 'starting'), seen(4000, 'running'), seen(30_000, 'backing-off'), seen(30_010, 'running')];
    const intervals = historyIntervals(records, T, T + 60_000).get('web') ?? [];
    expect(timeline(intervals, T - 20_000, T + 60_000, 4)).to.deep.equal(['unknown', 'up', 'backing-off', 'up']);
    expect(timeIn(intervals).get('up')).to.equal(55_990);
  });
});
