/** A turn of the loop is no rest. */
import { expect } from 'chai';

import { HostClock } from '../../../../src/adapters/host/clock.js';

describe('the clock', () => {
  it('with no time to wait gives the loop its turn, and no more', async () => {
    const order: string[] = [];
    const clock = new HostClock();
    clock.after(0, () => order.push('first'));
    clock.after(-5, () => order.push('second'));
    order.push('not at once');
    // Node runs what was set before it in the same turn of the loop; a timer would take 1 ms at least.
    await new Promise(setImmediate);
    expect(order).to.deep.equal(['not at once', 'first', 'second']);
  });

  it('can call off a turn as well as a timer', async () => {
    const called: number[] = [];
    const clock = new HostClock();
    for (const ms of [0, 1]) clock.after(ms, () => called.push(ms)).cancel();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(called).to.deep.equal([]);
  });
});
