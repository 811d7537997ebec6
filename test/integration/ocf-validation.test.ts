/** What the agents' validate-all looks at, and which clones of them are refused. */
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect } from 'chai';

import { buildOnce, type Result } from '../support/daemon-util-world.js';
import { WatcherWorld } from '../support/watcher-world.js';

const SUBJECTS: Readonly<Record<string, Readonly<Record<string, string>>>> = { daemon: { OCF_RESKEY_name: 'web' }, role: {} };

describe('the agents and what a resource is configured to be', function () {
  this.timeout(120_000);
  let world: WatcherWorld;

  before(() => buildOnce());
  beforeEach(() => {
    world = new WatcherWorld();
    world.add('web', {}, { roles: ['node'], boot: 'never' });
    world.add('chief', {}, { roles: ['master'], boot: 'never' });
    write();
    world.environment = { WATCHKEEPER_PATHS_RUNTIME: world.runtime, WATCHKEEPER_PATHS_STATE: world.state, OCF_RESOURCE_INSTANCE: 'rsc', OCF_RESKEY_CRM_meta_timeout: '40000', OCF_RESKEY_CRM_meta_on_node: 'n1' };
  });
  afterEach(() => world.cleanups.run());

  function write(group: object = {}): void {
    world.write({ serviceManager: 'built-in', controlTimeout: '1s' }, { roles: { node: {}, master: {} }, ...group });
  }

  /** A program in the world's directory. */
  function program(name: string, mode: number): string {
    const path = join(world.directory, name);
    writeFileSync(path, '#!/bin/sh\n');
    chmodSync(path, mode);
    return path;
  }

  async function agent(name: string, action: string, variables: Readonly<Record<string, string>> = {}): Promise<Result> {
    const environment = world.environment;
    world.environment = { ...environment, ...SUBJECTS[name], ...variables };
    try {
      return await world.watchkeeper('cluster', 'agent', name, action);
    } finally {
      world.environment = environment;
    }
  }

  async function verdict(name: string, level: number, variables: Readonly<Record<string, string>> = {}): Promise<readonly [number | null, string]> {
    const { status, stderr } = await agent(name, 'validate-all', { OCF_CHECK_LEVEL: String(level), ...variables });
    return [status, stderr.trim()];
  }

  for (const name of Object.keys(SUBJECTS)) {
    it(`${name}: all is well where all is there, without a watcher and with one`, async () => {
      expect(await verdict(name, 0)).to.deep.equal([0, '']);
      expect(await verdict(name, 10)).to.deep.equal([0, '']);
      await world.startWatcher([], world.environment);
      expect(await verdict(name, 10)).to.deep.equal([0, '']);
    });

    const PROGRAMS: readonly (readonly [string, () => string, number, RegExp])[] = [
      ['is missing', () => join(world.directory, 'nowhere'), 5, /web: .*nowhere is missing/],
      ['may not be executed', () => program('plain', 0o644), 4, /web: .*plain may not be executed/],
      ['could be another tomorrow', () => program('anybodys', 0o777), 4, /web: .*anybodys may be written by others than root/],
    ];
    for (const [what, path, status, reason] of PROGRAMS) {
      it(`${name}: a program that ${what} on this node is ${status} at level 10, and no fault of the parameters`, async () => {
        world.change('web', { executable: path() });
        write();
        expect(await verdict(name, 0)).to.deep.equal([0, '']);
        const [answer, said] = await verdict(name, 10);
        expect([answer, said]).to.satisfy(() => answer === status && reason.test(said) && said.startsWith('ocf-exit-reason:'), `${answer}: ${said}`);
      });
    }

    it(`${name}: all that is missing is told, users, checks and the setup program, too`, async () => {
      world.change('web', { user: 'wk-nobody-here', health: { answers: { kind: 'liveness', by: 'exec', argv: [join(world.directory, 'no-check')] } } });
      write({ setup: { executable: join(world.directory, 'no-setup') } });
      const [status, said] = await verdict(name, 10);
      expect(status).to.equal(5);
      expect(said).to.include('there is no user wk-nobody-here').and.match(/web: a check: .*no-check is missing/).and.match(/setup program: .*no-setup is missing/);
    });

    it(`${name}: a watcher that does not answer is told`, async () => {
      const watcher = await world.startWatcher([], world.environment);
      watcher.kill('SIGSTOP');
      expect(await verdict(name, 0)).to.deep.equal([0, '']);
      const [status, said] = await verdict(name, 10);
      watcher.kill('SIGCONT');
      expect([status, said.includes('no answer on')]).to.deep.equal([1, true]);
    });

    it(`${name}: is no globally unique clone; what runs is told and stopped all the same`, async () => {
      const unique = { OCF_RESOURCE_INSTANCE: 'rsc:0', OCF_RESKEY_CRM_meta_clone: '0', OCF_RESKEY_CRM_meta_globally_unique: 'true', OCF_RESKEY_CRM_meta_clone_node_max: '1' };
      for (const action of ['start', 'validate-all']) {
        const { status, stderr } = await agent(name, action, unique);
        expect([action, status], stderr).to.deep.equal([action, 6]);
        expect(stderr).to.match(/^ocf-exit-reason:.*globally-unique=false\n$/);
      }
      expect(existsSync(join(world.state, 'cluster/web'))).to.equal(false);
      expect((await agent(name, 'start')).status).to.equal(0);
      expect((await agent(name, 'monitor', unique)).status).to.equal(0);
      expect((await agent(name, 'stop', { ...unique, OCF_RESOURCE_INSTANCE: 'rsc' })).status).to.equal(0);
      expect((await agent(name, 'monitor')).status).to.equal(7);
    });
  }

  it('daemon: hooks have a whole path, and are there at level 10', async () => {
    for (const hook of ['deep_hook', 'migrate_hook']) {
      expect(await verdict('daemon', 0, { [`OCF_RESKEY_${hook}`]: 'bin/hook' })).to.deep.equal([6, `ocf-exit-reason:${hook}: 'bin/hook' is no absolute path`]);
      const missing = { [`OCF_RESKEY_${hook}`]: join(world.directory, 'no-hook') };
      expect(await verdict('daemon', 0, missing)).to.deep.equal([0, '']);
      expect((await verdict('daemon', 10, missing))[0]).to.equal(5);
      expect((await verdict('daemon', 10, { [`OCF_RESKEY_${hook}`]: program('anybodys', 0o777) }))[0]).to.equal(4);
    }
  });

  it('role: two roles, one master, and something to promote', async () => {
    expect(await verdict('role', 0, { OCF_RESKEY_master_role: 'node' })).to.deep.equal([6, 'ocf-exit-reason:node_role and master_role are both node, so that there would be nothing to promote']);
    for (const action of ['start', 'promote', 'validate-all']) expect((await agent('role', action, { OCF_RESKEY_CRM_meta_promoted_max: '2' })).status, action).to.equal(6);
    const { status, stderr } = await agent('role', 'promote', { OCF_RESKEY_master_role: 'nobodys' });
    expect([status, stderr.includes("no daemon of the role 'nobodys'")]).to.deep.equal([5, true]);
    write({ roles: { node: {}, master: { source: { argv: [join(world.directory, 'no-oracle')] } } } });
    expect((await verdict('role', 10))[1]).to.match(/who tells of the role master: .*no-oracle is missing/);
  });
});
