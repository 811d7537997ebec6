import { expect } from 'chai';

import { forceAfter } from '../../../src/app/cluster-daemon.js';
import { daemonSpec } from '../../support/daemon-spec.js';
import { FakeClock } from '../../support/fake-clock.js';

describe('the force that a stop of the cluster comes to', () => {
  const web = daemonSpec({ name: 'web' });

  it('comes when the patience is over, and not after the stop', () => {
    const clock = new FakeClock();
    const killed: string[] = [];
    const kill = ({ name }: { name: string }): Promise<void> => Promise.resolve(void killed.push(name));
    forceAfter(1000, web, { clock, kill, note: () => undefined });
    forceAfter(1500, web, { clock, kill, note: () => undefined }).cancel();
    clock.advance(999);
    expect(killed).to.deep.equal([]);
    clock.advance(1000);
    expect(killed).to.deep.equal(['web']);
    expect(clock.armed).to.equal(0);
  });

  it('is told of where it cannot be used', async () => {
    const clock = new FakeClock();
    const notes: string[] = [];
    forceAfter(1000, web, { clock, kill: () => Promise.reject(new Error('no bus')), note: (line) => notes.push(line) });
    clock.advance(1000);
    await new Promise((resolve) => setImmediate(resolve));
    expect(notes).to.deep.equal(['cannot kill web: no bus']);
  });
});
