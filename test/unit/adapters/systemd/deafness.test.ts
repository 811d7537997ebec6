import { expect } from 'chai';

import { heard, orSilent } from '../../../../src/adapters/systemd/deafness.js';
import { SystemdSilent } from '../../../../src/adapters/systemd/systemctl.js';
import { FakeClock } from '../../../support/fake-clock.js';

describe('a systemd that is deaf for a moment', () => {
  /** Answers from the given time on. */
  function deafFor(clock: FakeClock, ms: number): { readonly ask: () => Promise<string>; asked: number } {
    const until = clock.monotonic() + ms;
    const systemd = {
      asked: 0,
      ask: (): Promise<string> => {
        systemd.asked += 1;
        return clock.monotonic() < until ? Promise.reject(new SystemdSilent('Failed to connect to bus')) : Promise.resolve('active');
      },
    };
    return systemd;
  }

  it('is asked again until it answers', async () => {
    const clock = new FakeClock();
    const systemd = deafFor(clock, 1_000);
    const answer = heard(clock, systemd.ask);
    await clock.advanceAsync(1_000);
    expect(await answer).to.equal('active');
    expect(systemd.asked).to.equal(5);
  });

  it('is given up after some seconds, with what it said last', async () => {
    const clock = new FakeClock();
    const systemd = deafFor(clock, 3_600_000);
    const outcomes = orSilent(2, async () => [await heard(clock, systemd.ask)] as never);
    await clock.advanceAsync(6_000);
    const [first, second] = await outcomes;
    expect(first).to.deep.include({ kind: 'failed', code: 'timeout', reason: 'systemd does not answer: Failed to connect to bus' });
    expect(second).to.equal(first);
    expect(clock.armed).to.equal(0);
  });

  it('is not asked again after any other failure', async () => {
    const clock = new FakeClock();
    let asked = 0;
    const failure = new Error('a bug');
    const answer = heard(clock, () => {
      asked += 1;
      return Promise.reject(failure);
    });
    expect(await answer.catch((error: unknown) => error)).to.equal(failure);
    expect(asked).to.equal(1);
  });
});
