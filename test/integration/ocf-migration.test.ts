/** A daemon that is moved to another node by an operator's program, as the cluster asks it of either node. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect } from 'chai';

import { buildOnce, type Result } from '../support/daemon-util-world.js';
import type { TestDaemon } from '../support/test-daemon.js';
import { WatcherWorld } from '../support/watcher-world.js';

describe('the migration of a daemon', function () {
  this.timeout(60_000);
  let world: WatcherWorld;
  let web: TestDaemon;
  let hook: string;

  before(() => buildOnce());
  beforeEach(() => {
    world = new WatcherWorld();
    web = world.add('web');
    world.write({ serviceManager: 'built-in' });
    hook = join(world.directory, 'move');
    writeFileSync(hook, `#!/bin/sh\necho "$1 $WATCHKEEPER_DAEMON_NAME $WATCHKEEPER_MIGRATE_SOURCE>$WATCHKEEPER_MIGRATE_TARGET" >>${hook}.log\n[ ! -e "${hook}.no-$1" ] || { echo "no $1 today" >&2; exit 1; }\n`, { mode: 0o755 });
    world.environment = { OCF_RESOURCE_INSTANCE: 'rsc', OCF_RESKEY_name: 'web', OCF_RESKEY_CRM_meta_timeout: '40000', OCF_RESKEY_CRM_meta_on_node: 'n1', OCF_RESKEY_CRM_meta_migrate_source: 'n1', OCF_RESKEY_CRM_meta_migrate_target: 'n2' };
  });
  afterEach(() => world.cleanups.run());

  const agent = (action: string): Promise<Result> => world.watchkeeper('cluster', 'agent', 'daemon', action);
  const steps = (): readonly string[] => readFileSync(`${hook}.log`, 'utf8').trim().split('\n');

  it('is a push here, a pull and a start there, and a revert where one of them fails', async () => {
    // Without the hook no such resource can be migrated.
    expect([(await agent('migrate_to')).status, (await agent('migrate_from')).status]).to.deep.equal([3, 3]);
    expect(existsSync(`${hook}.log`)).to.equal(false);
    Object.assign(world.environment, { OCF_RESKEY_migrate_hook: hook });
    expect(await agent('migrate_to')).to.deep.include({ status: 1, stderr: 'ocf-exit-reason:it does not run here, so there is nothing to migrate\n' });

    const pulled = await agent('migrate_from');
    expect(pulled.status, pulled.stderr).to.equal(0);
    expect([steps(), web.mains().length, existsSync(join(world.state, 'cluster/web'))]).to.deep.equal([['pull web n1>n2'], 1, true]);
    expect((await agent('migrate_to')).status).to.equal(0);
    expect(steps().slice(1)).to.deep.equal(['push web n1>n2']);
    // The cluster stops it afterwards.
    expect(web.mains()).to.have.length(1);

    writeFileSync(`${hook}.no-push`, '');
    const refused = await agent('migrate_to');
    expect(refused.status).to.equal(1);
    expect(refused.stderr).to.include('the migration failed at its push, and was reverted').and.include('no push today');
    expect(steps().slice(2)).to.deep.equal(['push web n1>n2', 'revert web n1>n2']);
    expect((await agent('stop')).status).to.equal(0);
    expect(web.mains()).to.deep.equal([]);
  });
});
