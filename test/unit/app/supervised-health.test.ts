import { expect } from 'chai';

import { SetupGate } from '../../../src/app/setup-gate.js';
import { Supervisor } from '../../../src/app/supervisor.js';
import type { DaemonSpec, HealthCheck } from '../../../src/core/daemon.js';
import type { CheckResult } from '../../../src/core/health.js';
import { initialSupervision, NO_MEMORY } from '../../../src/core/supervision.js';
import type { NewsKind } from '../../../src/core/supervision-state.js';
import { FakeRunner } from '../../support/control-fakes.js';
import { daemonSpec } from '../../support/daemon-spec.js';
import { FakeMachine } from '../../support/fake-machine.js';

const ILL: CheckResult = { healthy: false, reason: 'ill' };

function check(kind: HealthCheck['kind']): HealthCheck {
  return { name: 'c', kind, method: { kind: 'unix', path: '/run/x' }, grace: 0, interval: 1000, timeout: 100, successThreshold: 1, failureThreshold: 3 };
}

class Group {
  readonly machine = new FakeMachine();
  readonly news: [string, NewsKind, string][] = [];
  readonly supervisor: Supervisor;

  constructor(...specs: DaemonSpec[]) {
    const events = { changed: () => undefined, tellCluster: () => undefined, announced: (daemon: { spec: DaemonSpec }, { news, reason }: { news: NewsKind; reason: string }) => void this.news.push([daemon.spec.name, news, reason]) };
    this.supervisor = new Supervisor(this.machine.ports(), events, new SetupGate(() => undefined, new FakeRunner([])), () => 11);
    for (const spec of specs) this.supervisor.add(spec, initialSupervision('up', NO_MEMORY));
    this.supervisor.settleDependencies();
    for (const { name } of specs) this.supervisor.send(name, { kind: 'absent', reason: 'test' });
  }

  phase(name: string): string | undefined {
    return this.supervisor.get(name)?.state.phase.kind;
  }

  count(news: NewsKind): number {
    return this.news.filter(([, kind]) => kind === news).length;
  }
}

describe('health of supervised daemons', () => {
  it('a failing liveness check goes through the back-off into a crash loop, and no timer outlives the group', async () => {
    const group = new Group(daemonSpec({ name: 'web', health: [check('liveness')] }));
    const { clock } = group.machine;
    group.machine.looks.set('web c', ILL);
    await clock.advanceAsync(2400);
    expect(group.machine.startsOf('web')).to.equal(1);
    await clock.advanceAsync(400);
    expect(group.machine.startsOf('web')).to.equal(2);
    expect(group.news.find(([, kind]) => kind === 'unhealthy')?.[2]).to.equal('liveness check c failed 3 times: ill');
    await clock.advanceAsync(60_000);
    expect([group.phase('web'), group.machine.startsOf('web')]).to.deep.equal(['crash-loop', 5]);
    const looks = group.machine.looked.length;
    await clock.advanceAsync(60_000);
    expect(group.machine.looked.length, 'nobody looks at what does not run').to.equal(looks);
    group.supervisor.release();
    clock.expectNoTimers();
  });

  it('a pause keeps its hands off, and a look that hangs changes nothing', async () => {
    const group = new Group(daemonSpec({ name: 'web', health: [check('liveness')] }));
    const { clock } = group.machine;
    await clock.advanceAsync(3000);
    group.supervisor.send('web', { kind: 'paused', reason: 'by ops' });
    group.machine.looks.set('web c', ILL);
    await clock.advanceAsync(60_000);
    expect([group.machine.startsOf('web'), group.count('unhealthy')]).to.deep.equal([1, 0]);
    group.machine.looks.set('web c', new Promise<CheckResult>(() => undefined));
    group.supervisor.send('web', { kind: 'paused', reason: undefined });
    const looks = group.machine.looked.length;
    await clock.advanceAsync(60_000);
    expect(group.machine.looked.length).to.equal(looks + 1);
    group.machine.end('web');
    await clock.advanceAsync(10);
    expect([group.phase('web'), group.machine.startsOf('web')]).to.deep.equal(['running', 2]);
  });

  it('a failing readiness check holds dependants back, which start within a second of its recovery', async () => {
    const group = new Group(daemonSpec({ name: 'db', health: [{ ...check('readiness'), interval: 60_000 }] }), daemonSpec({ name: 'api', requires: ['db'] }));
    const { clock } = group.machine;
    await clock.advanceAsync(100);
    group.machine.looks.set('db c', ILL);
    await clock.advanceAsync(200_000);
    group.machine.end('api');
    await clock.advanceAsync(1000);
    expect([group.phase('db'), group.phase('api'), group.machine.startsOf('db')]).to.deep.equal(['running', 'waiting', 1]);
    group.machine.looks.delete('db c');
    await clock.advanceAsync(600);
    expect(group.phase('api')).to.equal('running');
    expect([group.count('degraded'), group.count('healthy'), group.machine.startsOf('db')]).to.deep.equal([1, 1, 1]);
  });

  it('what cannot be heard is not started, with the reason', async () => {
    const group = new Group(daemonSpec({ name: 'web', readiness: { kind: 'notify' } }));
    // Its launch waits for the socket: there is time to say no.
    group.machine.deaf.set('web', 'perl is missing');
    await group.machine.clock.advanceAsync(1000);
    expect(group.machine.startsOf('web')).to.equal(0);
    expect(group.news.find(([, kind]) => kind === 'crash')?.[2]).to.include('perl is missing');
  });
});
