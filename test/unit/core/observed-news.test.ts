import { expect } from 'chai';

import type { Observation } from '../../../src/core/observation.js';
import { observedNews } from '../../../src/core/observed-news.js';

function seen(state: Observation['state'], over: Partial<Observation> = {}): Observation {
  return { state, process: undefined, reason: `it is ${state}`, restarts: 0, lastExit: undefined, details: {}, ...over };
}

const words = (before: Observation | undefined, after: Observation, slow = false): readonly string[] => observedNews(before, after, { slowAttempts: slow, notMaster: 11 }).map(({ news }) => news);
const KILLED = { kind: 'killed', signal: 'SIGKILL' } as const;
const waiting = (restarts: number): Observation => seen('starting', { awaitsRestart: true, restarts, run: restarts, lastExit: KILLED });

describe('news of a daemon that its service manager restarts', () => {
  it('a death, its restart and its readiness, each once, step by step', () => {
    const steps = [seen('running'), waiting(0), seen('starting', { restarts: 1 }), seen('running', { restarts: 1 })];
    expect(steps.slice(1).map((after, index) => words(steps[index], after))).to.deep.equal([['crash'], ['restart'], ['ready']]);
    expect(observedNews(steps[0], waiting(0), { slowAttempts: false, notMaster: 11 })[0]?.reason).to.include('SIGKILL');
  });

  it('the same where the count grows before the delay is over', () => {
    const steps = [seen('running'), waiting(0), waiting(0), seen('starting', { restarts: 1 }), waiting(1), seen('running', { restarts: 2 })];
    expect(steps.slice(1).map((after, index) => words(steps[index], after))).to.deep.equal([['crash'], [], ['restart'], ['crash'], ['restart', 'ready']]);
  });

  it('one death whose restart is counted while it still waits, as systemd 257 does', () => {
    const counted = { ...waiting(1), run: 0 };
    const steps = [seen('running', { run: 0 }), waiting(0), counted, seen('starting', { restarts: 1, run: 0 }), seen('running', { restarts: 1, run: 1 })];
    expect(steps.slice(1).map((after, index) => words(steps[index], after))).to.deep.equal([['crash'], ['restart'], [], ['ready']]);
  });

  it('what came and went between two looks', () => {
    expect(words(seen('running'), seen('running', { restarts: 1 }))).to.deep.equal(['crash', 'restart']);
    expect(words(seen('running'), waiting(1))).to.deep.equal(['crash', 'restart', 'crash']);
    expect(words(waiting(0), waiting(1))).to.deep.equal(['restart', 'crash']);
    expect(words(seen('running', { run: 1 }), seen('failed', { restarts: 2, run: 3 }))).to.deep.equal(['restart', 'crash', 'given-up']);
  });

  it('what systemd gives up, told once; not where slow attempts go on', () => {
    const over = seen('failed', { restarts: 4, run: 3, lastExit: KILLED });
    expect(words(waiting(3), over), 'its start limit was hit').to.deep.equal(['given-up']);
    expect(words(seen('starting', { restarts: 4, run: 3, lastExit: KILLED }), over)).to.deep.equal(['given-up']);
    expect(words(seen('running', { restarts: 3, run: 3 }), over)).to.deep.equal(['crash', 'given-up']);
    expect(words(waiting(3), { ...over, run: 4 }), 'it ran once more').to.deep.equal(['restart', 'crash', 'given-up']);
    expect(words(waiting(3), over, true)).to.deep.equal([]);
    expect(words(seen('running', { restarts: 3, run: 3 }), { ...over, restarts: 3 })).to.deep.equal(['crash', 'given-up']);
    expect(words(seen('running'), seen('failed')), 'it is never restarted').to.deep.equal(['crash']);
    expect(words(over, { ...over, reason: 'masked now' })).to.deep.equal([]);
  });

  it('what somebody has stopped', () => {
    const left = { failedAt: 1, stopped: 'somebody stopped it', barred: undefined, disabled: false };
    expect(words(seen('stopping'), seen('failed', { leftDown: left }))).to.deep.equal(['stopped']);
    expect(words(waiting(0), seen('stopped'))).to.deep.equal(['stopped']);
  });

  it('"not master" is no failure, whatever the unit takes it for', () => {
    const exited = (state: Observation['state'], status: number): Observation => seen(state, { lastExit: { kind: 'exited', status }, run: status });
    const told = { news: 'stopped', reason: 'not master: it is failed' };
    expect(observedNews(seen('running'), exited('failed', 11), { slowAttempts: false, notMaster: 11 })).to.deep.equal([told]);
    expect(words(seen('starting'), exited('stopped', 11))).to.deep.equal(['stopped']);
    expect(words(seen('running'), exited('failed', 12))).to.deep.equal(['crash']);
    expect(words(exited('failed', 11), seen('running'))).to.deep.equal(['ready']);
    expect(words(exited('failed', 11), exited('failed', 11)), 'told already').to.deep.equal([]);
  });

  it("an operator's restart is no crash", () => {
    const steps = [seen('running', { restarts: 4 }), seen('stopping', { restarts: 4 }), seen('starting'), seen('running')];
    expect(steps.slice(1).flatMap((after, index) => words(steps[index], after))).to.deep.equal(['stop', 'start', 'ready']);
  });

  it('at first only that it runs', () => {
    expect(words(undefined, seen('running', { restarts: 3 }))).to.deep.equal(['adopted']);
    for (const state of ['stopped', 'starting', 'stopping', 'failed'] as const) expect(words(undefined, seen(state))).to.deep.equal([]);
    expect(words(seen('running'), seen('running', { reason: 'another one' }))).to.deep.equal([]);
  });
});
