/** What the monitors of ocf:watchkeeper:daemon and role say beyond "it runs": levels 10 and 20, and degraded. */
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect } from 'chai';

import { buildOnce, type Result } from '../support/daemon-util-world.js';
import { eventually } from '../support/eventually.js';
import { WatcherWorld } from '../support/watcher-world.js';

/** Of Pacemaker 2.1.5, which takes 190 and 191 for success, and of 1.1.12, which does not. */
const NEW = { OCF_RESKEY_crm_feature_set: '3.16.2' };
const OLD = { OCF_RESKEY_crm_feature_set: '3.0.8' };
const PATIENCE = 30_000;

describe('the monitors of the agents', function () {
  this.timeout(120_000);
  let world: WatcherWorld;
  let notReady: string;

  before(() => buildOnce());
  beforeEach(() => {
    world = new WatcherWorld();
    notReady = join(world.directory, 'not-ready');
    const health = { serves: { kind: 'readiness', by: 'exec', argv: ['/usr/bin/test', '!', '-e', notReady], interval: '300ms', failureThreshold: 1 } };
    world.add('web', {}, { roles: ['node'], boot: 'never', health });
    world.add('chief', {}, { roles: ['master'], boot: 'never' });
    world.write({ serviceManager: 'built-in' }, { roles: { node: {}, master: {} } });
    world.environment = {
      WATCHKEEPER_PATHS_RUNTIME: world.runtime, WATCHKEEPER_PATHS_STATE: world.state, OCF_RESOURCE_INSTANCE: 'rsc',
      OCF_RESKEY_CRM_meta_timeout: '40000', OCF_RESKEY_CRM_meta_interval: '10000', OCF_RESKEY_CRM_meta_on_node: 'n1', OCF_RESKEY_name: 'web',
    };
  });
  afterEach(() => world.cleanups.run());

  async function agent(name: string, action: string, variables: Readonly<Record<string, string>> = {}): Promise<Result> {
    const environment = world.environment;
    world.environment = { ...environment, ...variables };
    try {
      return await world.watchkeeper('cluster', 'agent', name, action);
    } finally {
      world.environment = environment;
    }
  }

  const level = (number: number, hook?: string): Readonly<Record<string, string>> => ({ OCF_CHECK_LEVEL: String(number), ...(hook === undefined ? {} : { OCF_RESKEY_deep_hook: hook }) });

  it('daemon: the deep hook runs at level 20 alone, and its word is the answer', async () => {
    const hook = join(world.directory, 'deep');
    const seen = join(world.directory, 'seen');
    const says = (status: number): void => {
      writeFileSync(hook, `#!/bin/sh\necho "$OCF_RESOURCE_INSTANCE $WATCHKEEPER_DAEMON_NAME $WATCHKEEPER_UNIT" >${seen}\necho table is gone >&2\nexit ${status}\n`);
      chmodSync(hook, 0o755);
    };
    says(0);
    expect((await agent('daemon', 'start')).status).to.equal(0);
    expect((await agent('daemon', 'monitor', level(10, hook))).status).to.equal(0);
    expect(existsSync(seen)).to.equal(false);
    expect((await agent('daemon', 'monitor', level(20, hook))).status).to.equal(0);
    expect(readFileSync(seen, 'utf8')).to.equal('rsc web web.service\n');
    for (const [status, answer] of [[1, 1], [7, 7], [190, 190], [3, 1], [200, 1]] as const) {
      says(status);
      const result = await agent('daemon', 'monitor', { ...level(20, hook), ...NEW });
      expect(result.status, String(status)).to.equal(answer);
      expect(result.stderr).to.match(/^ocf-exit-reason:.*table is gone\n$/m);
    }
    chmodSync(hook, 0o777);
    expect((await agent('daemon', 'monitor', level(20, hook))).status, 'anybody could have written it').to.equal(5);
    expect((await agent('daemon', 'stop', level(20, hook))).status).to.equal(0);
    rmSync(seen);
    expect((await agent('daemon', 'monitor', level(20, hook))).status, 'it does not run').to.equal(7);
    expect(existsSync(seen)).to.equal(false);
  });

  it('degraded is 190 and 191 to a cluster that knows them, and success to others', async () => {
    await world.startWatcher([], world.environment);
    expect((await agent('role', 'start')).status).to.equal(0);
    expect((await agent('role', 'monitor', NEW)).status).to.equal(0);
    writeFileSync(notReady, '');
    await eventually('web is degraded', async () => (await world.observed('web')) === 'degraded', PATIENCE);
    const told = async (name: string, cluster: Readonly<Record<string, string>>): Promise<number | null> => (await agent(name, 'monitor', cluster)).status;
    expect([await told('role', NEW), await told('role', OLD)]).to.deep.equal([190, 0]);
    expect([await told('daemon', NEW), await told('daemon', OLD)]).to.deep.equal([190, 0]);
    expect((await agent('daemon', 'monitor', NEW)).stderr).to.match(/^ocf-exit-reason:.*readiness check serves failed/m);
    expect((await agent('role', 'promote')).status).to.equal(0);
    expect([await told('role', NEW), await told('role', OLD)]).to.deep.equal([191, 8]);
    rmSync(notReady);
    await eventually('web is well again', async () => (await world.observed('web')) === 'running', PATIENCE);
    expect(await told('role', NEW)).to.equal(8);
    // A master that has died is a promotion that has failed, whatever the node role does.
    const { pid } = (await world.status('chief')).daemons['chief'] ?? {};
    process.kill(pid ?? 0, 'SIGKILL');
    await eventually('its end is seen', async () => (await world.observed('chief')) !== 'running', PATIENCE);
    expect([await told('role', NEW), await told('role', OLD)]).to.deep.equal([9, 9]);
    expect((await agent('role', 'stop')).status).to.equal(0);
    expect(await told('role', NEW)).to.equal(7);
  });
});
