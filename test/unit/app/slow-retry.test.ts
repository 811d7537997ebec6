import { expect } from 'chai';

import { SlowRetry } from '../../../src/app/slow-retry.js';
import type { DaemonSpec } from '../../../src/core/daemon.js';
import type { Observation } from '../../../src/core/observation.js';
import { NO_RETRY, type RetryMemory } from '../../../src/core/systemd-retry.js';
import type { LockResult } from '../../../src/ports/locks.js';
import type { RetryOutcome } from '../../../src/ports/unit-retrier.js';
import { FakeDesired } from '../../support/control-fakes.js';
import { daemonSpec } from '../../support/daemon-spec.js';
import { FakeClock } from '../../support/fake-clock.js';

const FIRST = 1000;
const MOST = 10_000;
const spec = (changed: Partial<DaemonSpec> = {}): DaemonSpec => daemonSpec({ name: 'web', systemdRetry: { enabled: true, firstDelay: FIRST, factor: 2, maxDelay: MOST }, ...changed });
const RUNNING: Observation = { state: 'running', process: undefined, reason: '', restarts: 5, lastExit: undefined, details: {} };
const leftDown = (failedAt: number): Observation => ({ ...RUNNING, state: 'failed', leftDown: { failedAt, stopped: undefined, barred: undefined, disabled: false } });

/** What a site has, and what goes wrong there. */
class Site {
  readonly clock = new FakeClock();
  readonly tries: number[] = [];
  readonly errors: string[] = [];
  seen: Observation = leftDown(1);
  lock: () => Promise<LockResult> = () => Promise.resolve({ ok: true, lock: { release: () => undefined } });
  answer: () => Promise<RetryOutcome> = () => Promise.resolve({ kind: 'asked' });
  memory: RetryMemory | undefined;
  readonly retry = new SlowRetry({
    retrier: {
      retry: () => {
        this.tries.push(this.clock.monotonic());
        return this.answer();
      },
      forget: () => Promise.resolve(undefined),
    },
    desired: new FakeDesired([]),
    memory: { read: () => this.memory, write: (_name, memory) => void (this.memory = memory) },
    locks: { acquire: () => this.lock() },
    journal: { append: (entry) => ({ ...entry, id: 0 }), recent: () => [] },
    log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: (fields) => void this.errors.push(String(fields['error'])) },
    clock: this.clock,
    bootId: 'boot',
    pausedReason: () => undefined,
    seen: () => this.seen,
  });
}

describe('slow attempts', () => {
  it('go on after one that failed by an exception', async () => {
    const site = new Site();
    site.lock = () => Promise.reject(new Error('spawn EAGAIN'));
    site.retry.consider(spec());
    await site.clock.advanceAsync(FIRST);
    expect(site.errors).to.deep.equal(['Error: spawn EAGAIN']);
    expect(site.retry.statusOf('web').nextTry).to.equal(2 * FIRST);
    site.lock = () => Promise.resolve({ ok: true, lock: { release: () => undefined } });
    await site.clock.advanceAsync(2 * FIRST);
    expect(site.tries).to.have.length(1);
    expect(site.errors).to.have.length(1);
    // It has answered this failure: what comes of it is to be seen.
    await site.clock.advanceAsync(86_400_000);
    expect(site.tries).to.have.length(1);
  });

  for (const [how, end] of [
    ['is refused', (): Promise<RetryOutcome> => Promise.resolve({ kind: 'changed', reason: 'it is being started' })],
    ['fails by an exception', (): Promise<RetryOutcome> => Promise.reject(new Error('the bus is gone'))],
  ] as const) {
    it(`go on where a reload comes while one is under way that ${how}`, async () => {
      const site = new Site();
      let finish = (): void => undefined;
      site.answer = () => new Promise<void>((resolve) => (finish = resolve)).then(end);
      const before = spec();
      site.retry.consider(before);
      await site.clock.advanceAsync(FIRST);
      expect(site.tries).to.have.length(1);
      const after = spec({ description: 'another' });
      site.retry.consider(after);
      finish();
      await site.clock.advanceAsync(0);
      expect(site.retry.statusOf('web').nextTry).to.equal(2 * FIRST);
      site.answer = () => Promise.resolve({ kind: 'asked' });
      await site.clock.advanceAsync(2 * FIRST);
      expect(site.tries).to.have.length(2);
      expect(site.clock.armed).to.equal(0);
    });
  }

  it('leave alone what is no longer in the catalogue, runs, or has failed anew when one has come to nothing', async () => {
    const web = spec();
    for (const [what, change] of [
      ['forgotten', (site: Site): void => site.retry.forget('web')],
      ['running', (site: Site): void => { site.seen = RUNNING; site.retry.consider(web); }],
      ['failed anew', (site: Site): void => { site.seen = leftDown(2); site.retry.consider(web); }],
    ] as const) {
      const site = new Site();
      let finish = (): void => undefined;
      site.answer = () => new Promise<void>((resolve) => (finish = resolve)).then(() => ({ kind: 'stopped', reason: 'somebody stopped it' }));
      site.retry.consider(web);
      await site.clock.advanceAsync(FIRST);
      change(site);
      const [status, armed, memory] = [site.retry.statusOf('web'), site.clock.armed, site.memory];
      finish();
      await site.clock.advanceAsync(0);
      expect(site.retry.statusOf('web'), what).to.deep.equal(status);
      expect(site.clock.armed, what).to.equal(armed);
      expect(site.memory, what).to.deep.equal(memory);
      expect(site.memory?.held ?? NO_RETRY.held, what).to.equal(undefined);
    }
  });
});
