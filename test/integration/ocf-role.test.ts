/** ocf:watchkeeper:role over roles of more than one daemon, on real ones: by the watcher and without. */
import { expect } from 'chai';

import { buildOnce } from '../support/daemon-util-world.js';
import { WatcherWorld } from '../support/watcher-world.js';

type Step = 'start' | 'promote' | 'demote' | 'stop';
const LIFE: readonly Step[] = ['start', 'promote', 'demote', 'promote', 'stop', 'start', 'promote', 'stop'];
const UP: Readonly<Record<Step, readonly string[]>> = { start: ['groom', 'page'], promote: ['groom', 'king', 'page', 'queen'], demote: ['groom', 'page'], stop: [] };
const SAID: Readonly<Record<Step, number>> = { start: 0, promote: 8, demote: 0, stop: 7 };

describe('a role with two daemons', function () {
  this.timeout(240_000);
  let world: WatcherWorld;

  before(() => buildOnce());
  beforeEach(() => {
    world = new WatcherWorld();
    world.add('page', {}, { roles: ['node'], boot: 'never', requires: ['groom'] });
    world.add('groom', {}, { roles: ['node'], boot: 'never' });
    world.add('queen', {}, { roles: ['master'], boot: 'never', after: ['king'] });
    world.add('king', {}, { roles: ['master'], boot: 'never', requires: ['page'] });
    world.write({ serviceManager: 'built-in' }, { roles: { node: {}, master: {} } });
    world.environment = {
      WATCHKEEPER_PATHS_RUNTIME: world.runtime, WATCHKEEPER_PATHS_STATE: world.state, OCF_RESOURCE_INSTANCE: 'crown',
      OCF_RESKEY_CRM_meta_timeout: '40000', OCF_RESKEY_CRM_meta_interval: '10000', OCF_RESKEY_CRM_meta_on_node: 'n1',
    };
  });
  afterEach(() => world.cleanups.run());

  for (const how of ['by the watcher', 'without a watcher']) {
    it(`comes back after each demote and each stop, ${how}`, async () => {
      if (how === 'by the watcher') await world.startWatcher([], world.environment);
      for (const [index, step] of LIFE.entries()) {
        const { status, stderr } = await world.watchkeeper('cluster', 'agent', 'role', step);
        expect(status, `${index} ${step}: ${stderr}`).to.equal(0);
        const { daemons } = await world.status();
        const up = Object.entries(daemons).filter(([, { observed }]) => observed === 'running');
        expect(up.map(([name]) => name).sort(), `${index} ${step}`).to.deep.equal(UP[step]);
        expect((await world.watchkeeper('cluster', 'agent', 'role', 'monitor')).status, `${index} monitor after ${step}`).to.equal(SAID[step]);
      }
    });
  }
});
