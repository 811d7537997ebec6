import { expect } from 'chai';

import { WatchdogLook } from '../../../../src/adapters/health/watchdog.js';
import { Ear } from '../../../../src/adapters/notify/ear.js';
import { NOBODY_LISTENS } from '../../../../src/adapters/notify/nobody.js';
import { SILENCE, type NotifyMessage } from '../../../../src/core/notify-message.js';
import type { HealthCheck } from '../../../../src/core/daemon.js';
import { daemonSpec } from '../../../support/daemon-spec.js';
import { FakeClock } from '../../../support/fake-clock.js';

const CHECK: HealthCheck = { name: 'alive', kind: 'liveness', method: { kind: 'watchdog' }, grace: 0, interval: 30_000, timeout: 1000, successThreshold: 1, failureThreshold: 1 };

/** A daemon that pings, and its watchdog. */
class Dog {
  readonly clock = new FakeClock();
  readonly ear: Ear;
  readonly look: WatchdogLook;

  constructor() {
    const spec = daemonSpec({ name: 'd', startTimeout: 90_000 });
    this.ear = new Ear(spec, () => undefined, this.clock, true);
    // No such process has an environment to be read.
    this.look = new WatchdogLook(spec, CHECK, { pid: 2 ** 30, startTicks: 1, bootId: 'boot' }, this.clock.monotonic(), this.clock, { ...NOBODY_LISTENS, state: () => this.ear.state });
  }

  async says(after: number, message: Partial<NotifyMessage>): Promise<void> {
    await this.clock.advanceAsync(after);
    this.ear.take({ ...SILENCE, ...message });
  }
}

describe('adapters/notify: the watchdog of a daemon that reloads', () => {
  it('begins anew when the reload is over, however long it took', async () => {
    const dog = new Dog();
    await dog.says(10_000, { watchdog: 'ping' });
    await dog.says(5000, { reloading: true });
    await dog.clock.advanceAsync(40_000);
    expect(dog.look.putOff(), 'while it reloads').to.be.greaterThan(0);
    await dog.says(0, { ready: true });
    expect(dog.look.putOff()).to.equal(0);
    await dog.clock.advanceAsync(5000);
    expect(await dog.look.look()).to.include({ healthy: true });
    expect(dog.look.nextIn()).to.equal(25_000);
    await dog.clock.advanceAsync(25_000);
    expect(await dog.look.look()).to.include({ healthy: false, reason: 'no WATCHDOG=1 for 30 s' });
  });

  it('takes READY=1 outside a reload for no ping', async () => {
    const dog = new Dog();
    await dog.says(10_000, { watchdog: 'ping' });
    await dog.says(25_000, { ready: true });
    await dog.clock.advanceAsync(5000);
    expect(await dog.look.look()).to.include({ healthy: false });
  });

  it('is not known where nobody listens', async () => {
    const { clock } = new Dog();
    const deaf = new WatchdogLook(daemonSpec({ name: 'd' }), CHECK, { pid: 2 ** 30, startTicks: 1, bootId: 'boot' }, clock.monotonic(), clock, NOBODY_LISTENS);
    expect(await deaf.look()).to.deep.equal({ healthy: undefined, reason: 'nobody listens at present' });
  });
});
