/** The daemons of a role that has more than one, whoever carries out what the cluster asks for. */
import { expect } from 'chai';

import { ClusterRole } from '../../../src/app/cluster-role.js';
import { DirectControl } from '../../../src/app/direct-control.js';
import { OCF, type OcfAnswer } from '../../../src/core/ocf.js';
import { ocfCall } from '../../../src/core/ocf-call.js';
import { failed } from '../../../src/core/outcome.js';
import { NOT_ASKED } from '../../../src/core/role.js';
import type { Clock } from '../../../src/ports/clock.js';
import type { Controller } from '../../../src/ports/controller.js';
import type { RoleRecord } from '../../../src/ports/role-records.js';
import { catalogueOf, FakeDesired, FakeHolds, FakeLocks, FakeManager, FakeRunner } from '../../support/control-fakes.js';
import { daemonSpec } from '../../support/daemon-spec.js';
import { FakeClock } from '../../support/fake-clock.js';
import { WatcherSite } from '../../support/watcher-site.js';

// Not in the order of their start.
const PAGE = daemonSpec({ name: 'page', roles: ['node'], requires: ['groom'] });
const GROOM = daemonSpec({ name: 'groom', roles: ['node'] });
const QUEEN = daemonSpec({ name: 'queen', roles: ['master'], requires: ['king'] });
const KING = daemonSpec({ name: 'king', roles: ['master'], requires: ['page'] });
const ALL = [PAGE, GROOM, QUEEN, KING];
const ENVIRONMENT = { OCF_RESOURCE_INSTANCE: 'crown', OCF_RESKEY_CRM_meta_on_node: 'n1', OCF_RESKEY_CRM_meta_timeout: '40000' };
const CALL = ocfCall(ENVIRONMENT);
const MONITOR = ocfCall({ ...ENVIRONMENT, OCF_RESKEY_CRM_meta_interval: '10000' });

function roleBy(controller: Controller, clock: Clock, holds: FakeHolds, refresh: () => void, gone?: AbortSignal, call = CALL): ClusterRole {
  const records = new Map<string, RoleRecord>();
  const chosen = () => Promise.resolve({ controller, reason: 'of a test', release: () => undefined });
  return new ClusterRole({ node: [PAGE, GROOM], master: [QUEEN, KING] }, call, {
    control: chosen,
    reader: chosen,
    holds,
    refresh: () => {
      refresh();
      return Promise.resolve();
    },
    override: undefined,
    kill: undefined,
    deepHook: () => Promise.reject(new Error('a role has none')),
    clock,
    bootId: 'boot',
    note: () => undefined,
    gone,
    scores: { set: () => Promise.resolve(undefined) },
    records: { read: (resource) => records.get(resource), write: (resource, record) => void records.set(resource, record), remove: (resource) => void records.delete(resource) },
  });
}

function directly(gone?: AbortSignal, call = CALL) {
  const diary: string[] = [];
  const [manager, desired, clock, holds] = [new FakeManager('systemd', diary), new FakeDesired(diary), new FakeClock(), new FakeHolds()];
  const control = new DirectControl({
    catalogue: catalogueOf(ALL), manager, desired, holds, locks: new FakeLocks(diary), runner: new FakeRunner(diary), clock, bootId: 'boot', lockTimeout: 1000, roles: () => Promise.resolve(() => NOT_ASKED),
  });
  const starts = (): readonly string[] => diary.filter((line) => line.startsWith('start '));
  return { role: roleBy(control, clock, holds, () => undefined, gone, call), manager, desired, holds, starts, diary };
}

describe('a role with two daemons, for the cluster', () => {
  type Step = 'start' | 'promote' | 'demote' | 'stop';
  const LIFE: readonly Step[] = ['start', 'promote', 'demote', 'promote', 'stop', 'start', 'promote', 'stop'];
  const UP: Readonly<Record<Step, readonly string[]>> = { start: ['groom', 'page'], promote: ['groom', 'king', 'page', 'queen'], demote: ['groom', 'page'], stop: [] };

  it('comes back after each demote and each stop: by the watcher', async () => {
    const site = await new WatcherSite(ALL.map((spec) => ({ ...spec, boot: 'never' as const }))).begin();
    const role = roleBy(site.watcher, site.machine.clock, site.holds, () => site.watcher.refresh());
    for (const [index, step] of LIFE.entries()) {
      const answer: OcfAnswer = await site.during(role[step](), 20_000);
      expect(answer.status, `${index} ${step}: ${answer.reason ?? ''}`).to.equal(OCF.success);
      expect(ALL.map(({ name }) => name).filter((name) => site.state(name) === 'running').sort(), `${index} ${step}`).to.deep.equal(UP[step]);
    }
    expect(site.holds.names()).to.deep.equal([]);
  });

  it('comes back after each demote and each stop: without a watcher, one after the other in their order', async () => {
    const { role, manager, starts } = directly();
    for (const [index, step] of LIFE.entries()) {
      expect((await role[step]()).status, `${index} ${step}`).to.equal(OCF.success);
      expect([...manager.running.keys()].sort(), `${index} ${step}`).to.deep.equal(UP[step]);
    }
    expect(starts().slice(0, 4)).to.deep.equal(['start groom', 'start page', 'start king', 'start queen']);
  });

  it('ends at the first that does not come up, and says which one it was', async () => {
    const { role, manager, starts } = directly();
    manager.startOutcomes.set('groom', failed('failed', 'no stable', 'building one'));
    const { status, reason } = await role.start();
    expect([status, reason?.startsWith('groom: '), reason?.includes('no stable')]).to.deep.equal([OCF.generic, true, true]);
    expect(starts()).to.deep.equal(['start groom']);
  });

  it('asks for no further one once the cluster no longer waits', async () => {
    const gone = new AbortController();
    const { role, manager, starts } = directly(gone.signal);
    const start = manager.start.bind(manager);
    manager.start = (requests) => {
      gone.abort();
      return start(requests);
    };
    expect(await role.start()).to.deep.equal({ status: OCF.generic, reason: 'the cluster no longer waits for the start' });
    expect(starts()).to.deep.equal(['start groom']);
  });

  it('is held from the first monitor on where the cluster found it running, not from a probe, nor what is down', async () => {
    for (const [call, running, status, held] of [
      [CALL, ['page', 'groom'], OCF.success, []],
      [MONITOR, ['page', 'groom'], OCF.success, ['groom', 'king', 'page', 'queen']],
      [MONITOR, ['page', 'groom', 'king', 'queen'], OCF.promoted, ['groom', 'king', 'page', 'queen']],
      [MONITOR, ['page'], OCF.generic, []],
      [MONITOR, [], OCF.notRunning, []],
    ] as const) {
      const { role, manager, desired, holds } = directly(undefined, call);
      for (const { name } of ALL) desired.set(name, running.some((one) => one === name) ? 'up' : 'down');
      for (const [index, name] of running.entries()) manager.running.set(name, 100 + index);
      expect((await role.monitor()).status, running.join()).to.equal(status);
      expect([...holds.names()].sort(), running.join()).to.deep.equal(held);
      for (const name of holds.names()) expect(holds.read(name), name).to.include({ resource: 'crown', node: 'n1', started: running.some((one) => one === name) });
    }
  });

  it('keeps the holds that there are at each further monitor', async () => {
    const { role, manager, desired, holds } = directly(undefined, MONITOR);
    for (const name of ['king', 'queen']) desired.set(name, 'down');
    for (const [index, name] of ['page', 'groom'].entries()) manager.running.set(name, 100 + index);
    await role.monitor();
    expect(holds.names()).to.have.length(4);
    const stamp = holds.stamp();
    await role.monitor();
    expect(holds.stamp()).to.equal(stamp);
  });
});
