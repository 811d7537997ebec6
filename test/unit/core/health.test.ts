import { expect } from 'chai';
import fc from 'fast-check';

import type { HealthCheck } from '../../../src/core/daemon.js';
import { afterLook, checkReport, complaint, execResult, firstLookAfter, nextLookAfter, UNLOOKED, type CheckState } from '../../../src/core/health.js';

const CHECK: HealthCheck = { name: 'answers', kind: 'liveness', method: { kind: 'unix', path: '/run/x' }, grace: 500, interval: 1000, timeout: 100, successThreshold: 2, failureThreshold: 3 };
const results = fc.array(fc.boolean(), { maxLength: 60 });

function through(check: HealthCheck, looks: readonly boolean[]): readonly CheckState[] {
  let state = UNLOOKED;
  return looks.map((healthy, at) => (state = afterLook(check, state, { healthy, reason: healthy ? 'well' : 'ill' }, at)));
}

describe('health: thresholds', () => {
  it('change the verdict by results in a row only', () => {
    const verdicts = through(CHECK, [true, false, false, true, false, false, false, true, false, true, true]).map(({ verdict }) => verdict);
    const expected = ['healthy', 'healthy', 'healthy', 'healthy', 'healthy', 'healthy', 'unhealthy', 'unhealthy', 'unhealthy', 'unhealthy', 'healthy'];
    expect(verdicts).to.deep.equal(expected);
  });

  it('hold nothing against a daemon that nobody has looked at', () => {
    expect(through(CHECK, [false, false]).map(({ verdict }) => verdict)).to.deep.equal(['unknown', 'unknown']);
    expect(through(CHECK, [false, true])[1]?.verdict).to.equal('healthy');
  });

  it('never condemn without so many failures in a row, and always with them', () => {
    const thresholds = fc.record({ successThreshold: fc.integer({ min: 1, max: 5 }), failureThreshold: fc.integer({ min: 1, max: 5 }) });
    fc.assert(
      fc.property(thresholds, results, (limits, looks) => {
        const states = through({ ...CHECK, ...limits }, looks);
        states.forEach((state, index) => {
          const before = states[index - 1]?.verdict ?? 'unknown';
          const row = [...looks.slice(0, index + 1)].reverse().findIndex((healthy) => healthy !== looks[index]);
          const length = row < 0 ? index + 1 : row;
          expect(state.row).to.equal(length);
          if (state.verdict === 'unhealthy' && before !== 'unhealthy') expect(length).to.equal(limits.failureThreshold);
          if (looks[index] === false && length >= limits.failureThreshold) expect(state.verdict).to.equal('unhealthy');
          if (before === 'unhealthy' && state.verdict === 'healthy') expect(length).to.be.at.least(limits.successThreshold);
        });
      }),
    );
  });

  it('take a look that nobody could take for no result', () => {
    const unseen = { healthy: undefined, reason: 'not looked at: no bus' };
    const dark = (state: CheckState): CheckState => afterLook(CHECK, state, unseen, 99);
    const look = (state: CheckState, healthy: boolean): CheckState => afterLook(CHECK, state, { healthy, reason: healthy ? 'well' : 'ill' }, 1);

    expect(dark(UNLOOKED)).to.deep.equal({ ...UNLOOKED, last: unseen, at: 99 });
    const twice = look(look(look(UNLOOKED, true), false), false);
    expect(dark(twice)).to.deep.equal({ ...twice, last: unseen, at: 99 });
    const third = look(dark(twice), false);
    expect([third.verdict, third.row]).to.deep.equal(['unhealthy', 3]);
    expect(complaint(CHECK, dark(third))).to.equal('liveness check answers failed 3 times: ill');
    expect(checkReport(CHECK, dark(third), false)).to.include({ state: 'unhealthy', last: 'not looked at: no bus', consecutive: 3, at: 99 });
    expect(dark(dark(third)).verdict, 'successThreshold is 2').to.equal('unhealthy');
    const better = look(dark(look(dark(third), true)), true);
    expect([better.verdict, better.row]).to.deep.equal(['healthy', 2]);
  });

  it('say how often it failed, and how', () => {
    const last = through(CHECK, [false, false, false]).at(-1) ?? UNLOOKED;
    expect(complaint(CHECK, last)).to.equal('liveness check answers failed 3 times: ill');
  });
});

describe('health: times of looks', () => {
  it('spread the first looks over the interval, after the grace', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (chance) => {
        expect(firstLookAfter(CHECK, chance)).to.be.within(500, 1500);
      }),
    );
    const delays = Array.from({ length: 200 }, (_, index) => firstLookAfter(CHECK, index / 200));
    expect(new Set(delays.map((delay) => Math.floor(delay / 100))).size).to.equal(10);
  });

  it('give a watchdog all of its time', () => {
    expect(firstLookAfter({ ...CHECK, method: { kind: 'watchdog' } }, 0)).to.equal(1500);
  });

  it('are closer while dependants wait for a readiness check to pass again', () => {
    const failing: CheckState = { ...UNLOOKED, verdict: 'unhealthy' };
    expect(nextLookAfter({ ...CHECK, kind: 'readiness', interval: 60_000 }, failing)).to.equal(500);
    expect(nextLookAfter({ ...CHECK, kind: 'readiness', interval: 200 }, failing)).to.equal(200);
    expect(nextLookAfter({ ...CHECK, interval: 60_000 }, failing)).to.equal(60_000);
  });
});

describe('health: exit statuses', () => {
  it('are understood as OCF has them', () => {
    const healthy = Array.from({ length: 256 }, (_, status) => status).filter((status) => execResult(status, '').healthy);
    expect(healthy).to.deep.equal([0, 8, 190, 191]);
    expect(execResult(190, '').remark).to.include('degraded');
    expect(execResult(0, '').remark).to.equal(undefined);
    expect(execResult(7, 'down').reason).to.equal('exit status 7 (not running): down');
    expect(execResult(77, '').reason).to.equal('exit status 77');
  });
});
