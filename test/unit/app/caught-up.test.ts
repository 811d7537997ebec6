import { expect } from 'chai';

import { CaughtUp } from '../../../src/app/caught-up.js';
import type { Observation, ObservedState } from '../../../src/core/observation.js';
import { failed, NOT_MASTER, ok, skipped, type Outcome } from '../../../src/core/outcome.js';
import { FakeClock } from '../../support/fake-clock.js';

describe('what is seen of an order when it is answered', () => {
  let clock: FakeClock;
  let states: Map<string, ObservedState>;
  let caughtUp: CaughtUp;

  beforeEach(() => {
    clock = new FakeClock();
    states = new Map();
    caughtUp = new CaughtUp(clock, (name) => {
      const state = states.get(name);
      return state === undefined ? undefined : ({ state } as Observation);
    });
  });

  /** Whether it has been answered by now. */
  async function watched(way: 'start' | 'stop', outcomes: Readonly<Record<string, Outcome>>): Promise<() => Promise<boolean>> {
    let answered = false;
    void caughtUp.after(way, Promise.resolve(Object.entries(outcomes).map(([name, outcome]) => ({ name, outcome, took: 0 })))).then(() => (answered = true));
    await clock.advanceAsync(0);
    return async () => {
      await clock.advanceAsync(0);
      return answered;
    };
  }

  const sees = (name: string, state: ObservedState): void => {
    states.set(name, state);
    caughtUp.look();
  };

  it('is what the order has done, of all that were stopped', async () => {
    sees('web', 'running');
    sees('db', 'running');
    const answered = await watched('stop', { web: ok(true, 'down'), db: ok(true, 'down') });
    expect(await answered()).to.equal(false);
    sees('web', 'stopping');
    sees('db', 'stopped');
    expect(await answered()).to.equal(false);
    sees('web', 'failed');
    expect(await answered()).to.equal(true);
    expect(clock.armed).to.equal(0);
  });

  it('is that it runs, after a start', async () => {
    sees('web', 'stopped');
    const answered = await watched('start', { web: ok(true, 'up') });
    sees('web', 'starting');
    expect(await answered()).to.equal(false);
    sees('web', 'running');
    expect(await answered()).to.equal(true);
  });

  it('is that it has ended again, after a start that came to nothing', async () => {
    for (const outcome of [failed('failed', 'it ended', 'look'), skipped(`${NOT_MASTER}: it exited with status 11`)]) {
      sees('web', 'starting');
      const answered = await watched('start', { web: outcome });
      expect(await answered(), outcome.kind).to.equal(false);
      sees('web', 'running');
      expect(await answered(), outcome.kind).to.equal(false);
      sees('web', 'failed');
      expect(await answered(), outcome.kind).to.equal(true);
    }
  });

  it('is not waited for where it was seen before, was not tried, failed to stop, or nothing is known', async () => {
    sees('web', 'running');
    sees('held', 'running');
    sees('db', 'failed');
    const answered = await watched('start', { web: ok(false, 'it ran'), db: failed('failed', 'no', 'no'), held: skipped('it is held'), unseen: ok(true, 'up') });
    expect(await (await watched('stop', { web: failed('failed', 'no', 'no') }))()).to.equal(true);
    expect(await answered()).to.equal(true);
  });

  it('is not waited for without end: it may have changed again', async () => {
    sees('web', 'running');
    const answered = await watched('stop', { web: ok(true, 'down') });
    await clock.advanceAsync(999);
    expect(await answered()).to.equal(false);
    await clock.advanceAsync(1);
    expect(await answered()).to.equal(true);
  });
});
