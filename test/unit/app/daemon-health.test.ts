import { expect } from 'chai';
import fc from 'fast-check';

import { DaemonHealth, type Attention } from '../../../src/app/daemon-health.js';
import type { DaemonSpec, HealthCheck } from '../../../src/core/daemon.js';
import type { CheckResult, LookResult } from '../../../src/core/health.js';
import type { ProcessIdentity } from '../../../src/core/process-identity.js';
import type { HealthChecker } from '../../../src/ports/health-checker.js';
import { daemonSpec } from '../../support/daemon-spec.js';
import { FakeClock } from '../../support/fake-clock.js';

const WELL: CheckResult = { healthy: true, reason: 'well' };
const ILL: CheckResult = { healthy: false, reason: 'ill' };
const UNSEEN: LookResult = { healthy: undefined, reason: 'not looked at: no bus' };

function check(name: string, kind: HealthCheck['kind'], more: Partial<HealthCheck> = {}): HealthCheck {
  return { name, kind, method: { kind: 'unix', path: `/run/${name}` }, grace: 0, interval: 1000, timeout: 100, successThreshold: 1, failureThreshold: 2, ...more };
}

class Ward {
  readonly clock = new FakeClock();
  /** By check; a number is ms that the look takes. */
  readonly answers = new Map<string, LookResult>();
  readonly slow = new Map<string, number>();
  readonly looked: string[] = [];
  readonly told: string[] = [];
  busy = 0;
  underWay = 0;
  mostUnderWay = 0;
  readonly health: DaemonHealth;

  constructor() {
    const checker: HealthChecker = {
      launching: () => undefined,
      prepare: (_spec, { name }, { pid }) => ({
        look: async () => {
          this.looked.push(`${name} ${pid}`);
          this.underWay += 1;
          this.mostUnderWay = Math.max(this.mostUnderWay, this.underWay);
          const takes = this.slow.get(name) ?? 0;
          if (takes > 0) await new Promise<void>((resolve) => this.clock.after(takes, resolve));
          this.underWay -= 1;
          return this.answers.get(name) ?? WELL;
        },
        putOff: () => this.busy,
        end: () => undefined,
      }),
    };
    this.health = new DaemonHealth(this.clock, checker, {
      unhealthy: ({ pid }, reason) => this.told.push(`unhealthy ${pid}: ${reason}`),
      degraded: ({ pid }, reason) => this.told.push(`degraded ${pid}: ${reason ?? 'no more'}`),
    });
  }

  running(spec: DaemonSpec, pid = 1, suspended = false): void {
    this.health.follow(spec, this.attention(pid, suspended));
  }

  attention(pid: number, suspended = false): Attention {
    const process: ProcessIdentity = { pid, startTicks: pid, bootId: 'boot' };
    return { process, since: 0, suspended };
  }
}

describe('app/daemon-health', () => {
  it('looks after the grace, then an interval after the end of each look', async () => {
    const ward = new Ward();
    ward.slow.set('a', 300);
    ward.running(daemonSpec({ name: 'd', health: [check('a', 'liveness', { grace: 5000 })] }));
    await ward.clock.advanceAsync(5499);
    expect(ward.looked).to.deep.equal([]);
    // 5500 (chance is a half), then every 1300 ms
    await ward.clock.advanceAsync(1 + 10 * 1300);
    expect(ward.looked.length).to.equal(11);
    expect(ward.mostUnderWay).to.equal(1);
  });

  it('tells of a liveness check that fails often enough, and goes on telling', async () => {
    const ward = new Ward();
    ward.answers.set('a', ILL);
    ward.running(daemonSpec({ name: 'd', health: [check('a', 'liveness')] }));
    await ward.clock.advanceAsync(1000);
    expect(ward.told).to.deep.equal([]);
    await ward.clock.advanceAsync(1000);
    expect(ward.told).to.deep.equal(['unhealthy 1: liveness check a failed 2 times: ill']);
    await ward.clock.advanceAsync(1000);
    expect(ward.told.length).to.equal(2);
  });

  it('tells nothing by a look that nobody could take, and forgets nothing', async () => {
    const ward = new Ward();
    ward.answers.set('a', ILL);
    ward.running(daemonSpec({ name: 'd', health: [check('a', 'liveness', { failureThreshold: 3 })] }));
    await ward.clock.advanceAsync(2000);
    ward.answers.set('a', UNSEEN);
    await ward.clock.advanceAsync(3000);
    expect(ward.told).to.deep.equal([]);
    expect(ward.health.report()[0]).to.include({ state: 'unknown', last: UNSEEN.reason, consecutive: 2 });
    ward.answers.set('a', ILL);
    await ward.clock.advanceAsync(1000);
    expect(ward.told).to.deep.equal(['unhealthy 1: liveness check a failed 3 times: ill']);
    ward.answers.set('a', UNSEEN);
    await ward.clock.advanceAsync(3000);
    expect(ward.told.length, 'not killed again for what nobody saw').to.equal(1);
  });

  it('leaves one degraded by a look that nobody could take', async () => {
    const ward = new Ward();
    ward.answers.set('a', ILL);
    ward.running(daemonSpec({ name: 'd', health: [check('a', 'readiness')] }));
    await ward.clock.advanceAsync(2000);
    ward.answers.set('a', UNSEEN);
    await ward.clock.advanceAsync(5000);
    expect(ward.told).to.deep.equal(['degraded 1: readiness check a failed 2 times: ill']);
    ward.answers.set('a', WELL);
    await ward.clock.advanceAsync(1000);
    expect(ward.told.slice(1)).to.deep.equal(['degraded 1: no more']);
  });

  it('tells once that readiness is lost, for all checks together, and once that it is back', async () => {
    const ward = new Ward();
    ward.running(daemonSpec({ name: 'd', health: [check('a', 'readiness'), check('b', 'readiness')] }));
    await ward.clock.advanceAsync(3000);
    expect(ward.told).to.deep.equal([]);
    ward.answers.set('a', ILL);
    await ward.clock.advanceAsync(5000);
    expect(ward.told).to.deep.equal(['degraded 1: readiness check a failed 2 times: ill']);
    ward.answers.set('b', ILL);
    await ward.clock.advanceAsync(5000);
    expect(ward.told[1]).to.match(/^degraded 1: readiness check a failed .*; readiness check b failed 2 times: ill$/);
    ward.answers.clear();
    await ward.clock.advanceAsync(1000);
    expect(ward.told.at(-1)).to.equal('degraded 1: no more');
    expect(ward.health.report().map(({ state, by, consecutive }) => [state, by, consecutive > 0])).to.deep.equal([['healthy', 'unix', true], ['healthy', 'unix', true]]);
  });

  it('forgets a process that is gone, with the look that is still under way', async () => {
    const ward = new Ward();
    const spec = daemonSpec({ name: 'd', health: [check('a', 'liveness', { failureThreshold: 1 })] });
    ward.slow.set('a', 5000);
    ward.answers.set('a', ILL);
    ward.running(spec, 1);
    await ward.clock.advanceAsync(600);
    ward.running(spec, 2);
    ward.slow.clear();
    ward.answers.clear();
    await ward.clock.advanceAsync(10_000);
    expect(ward.told).to.deep.equal([]);
    ward.health.follow(spec, undefined);
    ward.clock.expectNoTimers();
    expect(ward.health.report().map(({ state, last }) => [state, last])).to.deep.equal([['unknown', null]]);
  });

  it('rests while nothing would follow, and goes on with what it knew', async () => {
    const ward = new Ward();
    const spec = daemonSpec({ name: 'd', health: [check('a', 'liveness', { failureThreshold: 3 })] });
    ward.answers.set('a', ILL);
    ward.running(spec);
    await ward.clock.advanceAsync(2000);
    ward.running(spec, 1, true);
    ward.clock.expectNoTimers();
    expect(ward.health.report()[0]).to.include({ state: 'suspended', consecutive: 2 });
    const looks = ward.looked.length;
    await ward.clock.advanceAsync(60_000);
    expect(ward.looked.length).to.equal(looks);
    ward.running(spec);
    await ward.clock.advanceAsync(1000);
    expect(ward.told.length).to.equal(1);
  });

  it('puts a look off while the daemon says that it is busy', async () => {
    const ward = new Ward();
    ward.busy = 400;
    ward.running(daemonSpec({ name: 'd', health: [check('a', 'liveness')] }));
    await ward.clock.advanceAsync(5000);
    expect(ward.looked).to.deep.equal([]);
    ward.busy = 0;
    await ward.clock.advanceAsync(400);
    expect(ward.looked.length).to.equal(1);
  });

  it('keeps what it knows over a reload that changes nothing, and takes new checks', async () => {
    const ward = new Ward();
    const spec = daemonSpec({ name: 'd', health: [check('a', 'readiness')] });
    ward.answers.set('a', ILL);
    ward.running(spec);
    await ward.clock.advanceAsync(2000);
    ward.running(structuredClone(spec));
    expect(ward.health.report()[0]?.consecutive).to.be.greaterThan(0);
    ward.running(daemonSpec({ name: 'd', health: [check('b', 'readiness')] }));
    expect(ward.told).to.deep.equal(['degraded 1: readiness check a failed 2 times: ill', 'degraded 1: no more']);
    await ward.clock.advanceAsync(1000);
    expect(ward.looked.at(-1)).to.equal('b 1');
  });

  it('spreads 200 checks over their interval', () => {
    const looks: number[] = [];
    let seed = 7;
    for (let index = 0; index < 200; index += 1) {
      seed = (seed * 48_271) % 2_147_483_647;
      const one = new Ward();
      one.clock.chance = seed / 2_147_483_647;
      one.running(daemonSpec({ name: `d${index}`, health: [check('a', 'liveness', { interval: 10_000 })] }));
      looks.push(one.clock.next ?? 0);
    }
    const tenths = Array.from({ length: 10 }, (_, tenth) => looks.filter((at) => Math.floor(at / 1000) === tenth).length);
    expect(Math.min(...tenths), String(tenths)).to.be.greaterThan(5);
    expect(Math.max(...tenths), String(tenths)).to.be.lessThan(40);
  });

  it('never has a timer too many, nor news of what is gone', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 3000 }) }),
      fc.record({ kind: fc.constant('pid' as const), pid: fc.integer({ min: 1, max: 3 }) }),
      fc.constant({ kind: 'gone' as const }),
      fc.constant({ kind: 'pause' as const }),
      fc.record({ kind: fc.constant('ill' as const), ill: fc.boolean() }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const ward = new Ward();
        const spec = daemonSpec({ name: 'd', health: [check('a', 'liveness'), check('b', 'readiness')] });
        let pid: number | undefined;
        for (const one of steps) {
          if (one.kind === 'pass') await ward.clock.advanceAsync(one.ms);
          if (one.kind === 'pid') ward.running(spec, (pid = one.pid));
          if (one.kind === 'gone') ward.health.follow(spec, (pid = undefined));
          if (one.kind === 'pause' && pid !== undefined) ward.running(spec, pid, true);
          if (one.kind === 'ill') for (const name of ['a', 'b']) ward.answers.set(name, one.ill ? ILL : WELL);
          const told = ward.told.length;
          if (pid === undefined) {
            await ward.clock.advanceAsync(5000);
            expect(ward.told.length, 'news of what is gone').to.equal(told);
          }
          expect(ward.clock.armed).to.be.at.most(2);
        }
        ward.health.release();
        ward.clock.expectNoTimers();
      }),
      { numRuns: 60 },
    );
  });
});
