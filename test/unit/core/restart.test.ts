import { expect } from 'chai';
import fc from 'fast-check';

import { CLEAN_TALLY, decideRestart, restartDelay, stableUptime, type Decision, type Failure, type Tally } from '../../../src/core/restart.js';
import type { RestartPolicy } from '../../../src/core/daemon.js';
import { TEST_RESTART_POLICY } from '../../support/daemon-spec.js';

const STATUSES = { success: [0, 3], neverRetry: [78], notMaster: 11 };
const KILLED: Failure = { kind: 'exit', exit: { kind: 'killed', signal: 'SIGKILL' }, detail: '' };
const exited = (status: number): Failure => ({ kind: 'exit', exit: { kind: 'exited', status }, detail: '' });

function decide(failure: Failure, tally: Tally, options: { policy?: Partial<RestartPolicy>; uptime?: number; now?: number; random?: number } = {}): Decision {
  const policy = { ...TEST_RESTART_POLICY, ...options.policy };
  return decideRestart(policy, STATUSES, failure, tally, options.uptime ?? 0, options.now ?? 0, options.random ?? 0.5);
}

describe('core/restart', () => {
  it('restarts at once twice, then after 1 s, 2 s, and calls the fifth failure in five minutes a crash loop', () => {
    let tally = CLEAN_TALLY;
    let now = 1_000_000;
    const seen: string[] = [];
    for (let failure = 0; failure < 6; failure += 1) {
      const decision = decide(KILLED, tally, { now });
      if (decision.kind !== 'restart' && decision.kind !== 'crash-loop') throw new Error(decision.kind);
      seen.push(`${decision.kind} ${decision.delay}`);
      tally = decision.tally;
      now += decision.delay + 10;
    }
    expect(seen).to.deep.equal(['restart 0', 'restart 0', 'restart 1000', 'restart 2000', 'crash-loop 300000', 'crash-loop 300000']);
  });

  it('forgets a row of failures after a stable uptime, and not before', () => {
    const row: Tally = { failures: [1, 2, 3], row: 3, lastDelay: 40_000, looping: true };
    expect(stableUptime(TEST_RESTART_POLICY, row)).to.equal(80_000);
    expect(decide(KILLED, row, { uptime: 79_999 }).kind).to.equal('crash-loop');
    expect(decide(KILLED, row, { uptime: 80_000, now: 100_000 })).to.deep.include({ kind: 'restart', delay: 0 });
  });

  it('counts only failures within the period', () => {
    const old: Tally = { failures: [0, 1, 2, 3], row: 4, lastDelay: 0, looping: false };
    expect(decide(KILLED, old, { now: 299_999 }).kind).to.equal('crash-loop');
    expect(decide(KILLED, old, { now: 300_004 }).kind).to.equal('restart');
  });

  it('respects exit statuses that no restart can mend, the other role, and the policy', () => {
    expect(decide(exited(78), CLEAN_TALLY).kind).to.equal('give-up');
    expect(decide(exited(11), CLEAN_TALLY)).to.deep.include({ kind: 'stay-down', reason: 'not master: it exited with status 11' });
    expect(decide(exited(3), CLEAN_TALLY).kind).to.equal('restart');
    expect(decide(exited(3), CLEAN_TALLY, { policy: { when: 'on-failure' } }).kind).to.equal('stay-down');
    expect(decide(exited(1), CLEAN_TALLY, { policy: { when: 'on-failure' } }).kind).to.equal('restart');
    expect(decide(KILLED, CLEAN_TALLY, { policy: { when: 'never' } }).kind).to.equal('stay-down');
    expect(decide({ kind: 'start', reason: 'x', retry: false }, CLEAN_TALLY).kind).to.equal('give-up');
  });

  it('gives up instead of looping where that is chosen', () => {
    const four: Tally = { failures: [0, 1, 2, 3], row: 4, lastDelay: 0, looping: false };
    expect(decide(KILLED, four, { now: 4, policy: { onIntensity: 'give-up' } }).kind).to.equal('give-up');
  });

  it('keeps every delay within its bounds, and never lets it shrink within a row', () => {
    const policies = fc.record({
      immediateRestarts: fc.nat(5),
      firstDelay: fc.nat(5000),
      baseDelay: fc.integer({ min: 1, max: 10_000 }),
      factor: fc.double({ min: 1, max: 10, noNaN: true }),
      maxDelay: fc.integer({ min: 10_000, max: 600_000 }),
      jitter: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(policies, fc.nat(2000), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (changes, row, random) => {
        const policy = { ...TEST_RESTART_POLICY, ...changes };
        const delay = restartDelay(policy, row, random);
        expect(delay).to.be.within(0, Math.max(policy.firstDelay, Math.ceil(policy.maxDelay * (1 + policy.jitter))));
        const even = { ...policy, jitter: 0 };
        if (row >= policy.immediateRestarts) expect(restartDelay(even, row + 1, random)).to.be.at.least(restartDelay(even, row, random));
      }),
    );
  });
});
