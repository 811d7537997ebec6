import { expect } from 'chai';
import fc from 'fast-check';

import type { LeftDown, ObservedState } from '../../../src/core/observation.js';
import { attemptRefused, decideRetry, NO_RETRY, retryDelay, type RetryInput, type RetryMemory } from '../../../src/core/systemd-retry.js';
import { daemonSpec, TEST_RESTART_POLICY } from '../../support/daemon-spec.js';

const POLICY = { enabled: true, firstDelay: 1000, factor: 2, maxDelay: 8000 };
const SPEC = daemonSpec({ name: 'web', systemdRetry: POLICY, restart: { ...TEST_RESTART_POLICY, jitter: 0 } });
const LEFT: LeftDown = { failedAt: 500, stopped: undefined, barred: undefined, disabled: false };

function failed(now: number, changes: Partial<RetryInput> = {}, left: Partial<LeftDown> = {}): RetryInput {
  return { spec: SPEC, observation: { state: 'failed', leftDown: { ...LEFT, ...left } }, wanted: { desired: 'up', reason: '' }, askedFor: false, paused: undefined, unmet: [], now, random: 0.5, ...changes };
}

function seen(state: ObservedState, now: number): RetryInput {
  return { ...failed(now), observation: { state } };
}

describe('slow attempts under systemd', () => {
  it('are off unless they are asked for', () => {
    expect(daemonSpec({ name: 'web' }).systemdRetry.enabled).to.equal(false);
    expect(decideRetry(failed(1000, { spec: daemonSpec({ name: 'web' }) }), NO_RETRY)[1]).to.deep.equal({ kind: 'none' });
  });

  it('wait, try once, and see what comes of it', () => {
    const [waiting, first] = decideRetry(failed(1000), NO_RETRY);
    expect(first).to.include({ kind: 'wait', at: 2000 });
    expect(decideRetry(failed(1999), waiting)[1].kind).to.equal('wait');
    const [tried, second] = decideRetry(failed(2000), waiting);
    expect(second.kind).to.equal('try');
    expect(decideRetry(failed(2001), tried)[1].kind).to.equal('under-way');
    const [again, third] = decideRetry(failed(2500, {}, { failedAt: 2400 }), tried);
    expect(third).to.include({ kind: 'wait', at: 4500 });
    expect(again.attempts).to.equal(1);
  });

  it('begin anew where somebody else has started it, and after a long run', () => {
    const row: RetryMemory = { ...NO_RETRY, failedAt: 500, attempts: 3, at: 9000 };
    const [byHand] = decideRetry(seen('running', 3000), row);
    expect(byHand.attempts).to.equal(0);
    const [ours] = decideRetry(seen('running', 3000), { ...row, tried: true, at: undefined });
    expect(ours.attempts).to.equal(3);
    const [short] = decideRetry(failed(4000, {}, { failedAt: 3900 }), ours);
    expect(short.attempts).to.equal(3);
    const [long] = decideRetry(failed(3000 + SPEC.restart.stableAfter, {}, { failedAt: 3900 }), ours);
    expect(long.attempts).to.equal(0);
  });

  const refusals: readonly (readonly [string, RetryInput])[] = [
    ['stopped by systemctl', failed(1e6, {}, { stopped: 'it failed while it was being stopped' })],
    ['masked', failed(1e6, {}, { barred: 'its unit is masked' })],
    ['wanted down', failed(1e6, { wanted: { desired: 'down', reason: 'stopped by a test' } })],
    ['disabled, and nobody asked', failed(1e6, {}, { disabled: true })],
  ];
  for (const [what, input] of refusals) {
    it(`never come for what is ${what}, however long it waits`, () => {
      const [memory, decision] = decideRetry(input, { ...NO_RETRY, failedAt: 500, at: 10 });
      expect(decision.kind).to.equal('refused');
      expect(memory.at).to.equal(undefined);
    });
  }

  it('come for a disabled unit whose start somebody asked for', () => {
    expect(decideRetry(failed(1000, { askedFor: true }, { disabled: true }), NO_RETRY)[1].kind).to.equal('wait');
  });

  it('remember a stop as long as the failure lasts, and not longer', () => {
    const [held] = decideRetry(failed(1000, {}, { stopped: 'by hand' }), NO_RETRY);
    expect(decideRetry(failed(1e6), held)[1]).to.deep.equal({ kind: 'refused', reason: 'not tried again: by hand' });
    expect(decideRetry(failed(1e6, {}, { failedAt: 999_000 }), held)[1].kind).to.equal('wait');
  });

  it('are put off while paused or held back, and come when that ends', () => {
    const [memory, decision] = decideRetry(failed(1000, { paused: 'paused by ops' }), NO_RETRY);
    expect(decision).to.deep.equal({ kind: 'postponed', reason: 'not tried again now: paused by ops' });
    expect(decideRetry(failed(60_000, { unmet: ['db'] }), memory)[1].kind).to.equal('postponed');
    expect(decideRetry(failed(60_000), memory)[1].kind).to.equal('try');
  });

  it('that were refused are timed again, or never where it was stopped', () => {
    const tried: RetryMemory = { ...NO_RETRY, failedAt: 500, attempts: 1, tried: true };
    const at = { spec: SPEC, now: 5000, random: 0.5 };
    expect(decideRetry(failed(5000), attemptRefused(at, tried, { stopped: false, reason: 'busy' }))[1]).to.include({ kind: 'wait', at: 7000 });
    expect(decideRetry(failed(5000), attemptRefused(at, tried, { stopped: true, reason: 'target' }))[1].kind).to.equal('refused');
  });

  it('grow within their bounds', () => {
    fc.assert(
      fc.property(fc.nat(60), fc.double({ min: 0, max: 0.999, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), (attempts, random, jitter) => {
        const spec = { ...SPEC, restart: { ...SPEC.restart, jitter } };
        const delay = retryDelay(spec, attempts, random);
        expect(delay).to.be.within(0, Math.ceil(POLICY.maxDelay * (1 + jitter)));
        if (jitter === 0) expect(delay).to.be.at.least(POLICY.firstDelay);
      }),
    );
  });

  /** What may happen to a unit, in any order. */
  const event = fc.record({
    state: fc.constantFrom<ObservedState>('running', 'starting', 'stopping', 'stopped', 'failed'),
    fresh: fc.boolean(),
    stopped: fc.boolean(),
    down: fc.boolean(),
    paused: fc.boolean(),
    after: fc.nat(20_000),
  });

  it('answer a failure at most once, and never a stop, a wish for down, or a pause', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        let memory = NO_RETRY;
        let now = 1000;
        let failedAt = 0;
        const answered = new Set<number>();
        const stoppedFailures = new Set<number>();
        for (const { state, fresh, stopped, down, paused, after } of events) {
          now += after;
          if (fresh || failedAt === 0) failedAt = now;
          if (state === 'failed' && stopped) stoppedFailures.add(failedAt);
          const input = state === 'failed' ? failed(now, { wanted: { desired: down ? 'down' : 'up', reason: 'x' }, paused: paused ? 'p' : undefined }, { failedAt, stopped: stopped ? 's' : undefined }) : seen(state, now);
          const [next, decision] = decideRetry(input, memory);
          if (decision.kind === 'try') {
            expect([state, stopped, down, paused]).to.deep.equal(['failed', false, false, false]);
            expect(answered.has(failedAt)).to.equal(false);
            answered.add(failedAt);
            // What comes next is another failure, or another state.
            failedAt = 0;
          }
          expect(next.at === undefined || next.at > 0).to.equal(true);
          memory = next;
        }
      }),
    );
  });
});
