/**
 * The cluster's agents where the configuration is broken, gone, or another one
 * than at the start: a stop that fails has the cluster cut the node's power.
 */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect } from 'chai';

import { buildOnce, type Result } from '../support/daemon-util-world.js';
import type { TestDaemon } from '../support/test-daemon.js';
import { WatcherWorld } from '../support/watcher-world.js';

describe('the agents and a configuration that was changed under them', function () {
  this.timeout(120_000);
  let world: WatcherWorld;
  let web: TestDaemon;

  before(() => buildOnce());
  beforeEach(() => {
    world = new WatcherWorld();
    web = world.add('web', {}, { roles: ['node'] });
    write();
    world.environment = { WATCHKEEPER_PATHS_RUNTIME: world.runtime, WATCHKEEPER_PATHS_STATE: world.state, OCF_RESOURCE_INSTANCE: 'rsc', OCF_RESKEY_CRM_meta_timeout: '40000' };
  });
  afterEach(() => world.cleanups.run());

  function write(daemons?: object): void {
    world.write({ serviceManager: 'built-in', ...(daemons === undefined ? {} : { daemons }) }, { roles: { node: {}, master: {} } });
  }

  const BREAKS: Readonly<Record<string, () => void>> = {
    'is broken': () => writeFileSync(world.config, 'daemons: {web: {executable: '),
    'is gone': () => rmSync(world.config),
  };

  function agent(name: string, action: string, variables: Readonly<Record<string, string>> = {}): Promise<Result> {
    const own = name === 'daemon' ? { OCF_RESKEY_name: 'web' } : {};
    const environment = world.environment;
    world.environment = { ...environment, OCF_RESKEY_CRM_meta_on_node: 'n1', ...own, ...variables };
    try {
      return world.watchkeeper('cluster', 'agent', name, action);
    } finally {
      world.environment = environment;
    }
  }

  const MONITOR = { OCF_RESKEY_CRM_meta_interval: '10000' };
  const hold = (): boolean => existsSync(join(world.state, 'cluster/web'));

  async function succeeds(answer: Promise<Result>): Promise<Result> {
    const result = await answer;
    expect(result.status, result.stderr).to.equal(0);
    return result;
  }

  async function started(name: string): Promise<void> {
    await succeeds(agent(name, 'start'));
    // The first program after a boot has nowhere to keep the configuration yet.
    await succeeds(agent(name, 'monitor', MONITOR));
    expect([web.mains().length, hold()]).to.deep.equal([1, true]);
  }

  async function stops(name: string): Promise<string> {
    const { stderr } = await succeeds(agent(name, 'stop'));
    expect([web.mains(), hold()]).to.deep.equal([[], false]);
    return stderr;
  }

  for (const name of ['daemon', 'role']) {
    // The two share what there is to break.
    for (const [what, breakIt] of Object.entries(BREAKS).slice(0, name === 'role' ? 1 : 2)) {
      it(`${name}: where it ${what} and nothing is held, all is stopped, and only a start fails`, async () => {
        breakIt();
        expect((await agent(name, 'stop')).status).to.equal(0);
        if (name === 'role') expect((await agent(name, 'demote')).status).to.equal(0);
        expect((await agent(name, 'monitor')).status).to.equal(7);
        const start = await agent(name, 'start');
        expect(start.status).to.equal(5);
        expect(start.stderr).to.match(/^ocf-exit-reason:.*wk\.yaml/);
        expect((await agent(name, 'monitor', MONITOR)).status).to.equal(5);
      });

      it(`${name}: where it ${what} since the start, the last one counts: what runs is told, and stopped`, async () => {
        await started(name);
        breakIt();
        expect((await succeeds(agent(name, 'monitor', MONITOR))).stderr).to.include('the last configuration that could be used counts');
        expect((await agent(name, 'start')).status).to.equal(5);
        expect(web.mains()).to.have.length(1);
        await stops(name);
        expect((await agent(name, 'monitor')).status).to.equal(7);
      });
    }

    it(`${name}: what is held is stopped by the record of its hold, where nobody remembers a configuration`, async () => {
      await started(name);
      BREAKS['is broken']?.();
      rmSync(join(world.runtime, 'configuration'));
      await succeeds(agent(name, 'monitor', MONITOR));
      await stops(name);
    });

    it(`${name}: and where the catalogue no longer has it, with a watcher or without`, async () => {
      await started(name);
      write({});
      await stops(name);
      write();
      await world.startWatcher([], world.environment);
      await started(name);
      write({});
      await succeeds(world.watchkeeper('reload'));
      await succeeds(agent(name, 'monitor', MONITOR));
      await stops(name);
    });

    it(`${name}: hostile parameters hinder no stop, and are no reason to do what was not asked`, async () => {
      for (const value of ['a\nb', 'x'.repeat(5000), '$(touch /struck)', '../../..']) {
        const hostile = { OCF_RESKEY_config: value, OCF_RESKEY_node_role: value, OCF_RESKEY_master_role: value, OCF_RESKEY_deep_hook: value };
        expect((await agent(name, 'stop', hostile)).status).to.equal(0);
        expect((await agent(name, 'start', hostile)).status).to.be.oneOf([2, 5, 6]);
      }
    });
  }

  it('role: what has lost its role since the start is stopped with the rest', async () => {
    await started('role');
    world.change('web', { roles: [] });
    write();
    await stops('role');
  });

  it('a bug of ours is a failure that the cluster understands', async () => {
    // Nobody but root could put that there, and no code reckons with it.
    mkdirSync(join(world.runtime, 'roles/rsc'), { recursive: true });
    const { status, stderr } = await agent('role', 'stop');
    expect(status).to.equal(1);
    expect(stderr).to.match(/^ocf-exit-reason:internal error, please report it: [^\n]+\n$/m);
  });
});
