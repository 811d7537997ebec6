/** ocf:watchkeeper:unit in a real cluster: units that are not there, wait for others, never start or never end. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect } from 'chai';

import { waitFor } from '../support/containers/wait.js';
import { location, primitive } from '../support/pacemaker/resource.js';
import { Units, type UnitOfWorld } from '../support/pacemaker/units.js';
import { PATIENCE, type ClusterWorld } from '../support/pacemaker/world.js';

const [RARE, WAITING, SLOW, MUTE, MULE] = ['wk-rare', 'wk-waiting', 'wk-slow', 'wk-mute', 'wk-mule'] as const;
const GO = '/srv/wk-slow/go';
/** s */
const START_TIMEOUT = 10;
const STOP_TIMEOUT = 8;
const RESOURCES: Readonly<Record<string, string>> = { rare: RARE, waiting: WAITING, mute: MUTE, mule: MULE };
/** Where alone two of them may run. */
const HOME = 'n2';
const HOMELESS = ['waiting', 'mute'].flatMap((resource) => ['n1', 'n3'].map((node) => [resource, node] as const));

export const FAULTY_UNITS: Readonly<Record<string, UnitOfWorld>> = {
  [RARE]: { masked: ['n1'], missing: ['n2'] },
  [WAITING]: { unit: [`Wants=${SLOW}.service`, `After=${SLOW}.service`] },
  [SLOW]: { service: ['Type=oneshot', 'ExecStart=', `ExecStart=/bin/sh -c "until [ -e ${GO} ]; do sleep 0.1; done"`, 'TimeoutStartSec=infinity'] },
  [MUTE]: { service: ['Type=notify', 'TimeoutStartSec=infinity'] },
  [MULE]: { service: ['TimeoutStopSec=infinity'] },
};

export function unitFaultSpecs(formed: () => ClusterWorld): void {
  describe('ocf:watchkeeper:unit, of units with bad manners', () => {
    let units: Units;
    let fenced: number;

    before(async () => {
      const { cluster, nodes } = formed();
      units = new Units(formed());
      fenced = cluster.room.cuts.length;
      for (const { root } of nodes) writeFileSync(join(root, 'srv', MULE, 'deaf'), '');
      const bounds = [...HOMELESS.map(([resource, node]): readonly [string, string, string] => [resource, node, '-INFINITY']), ['rare', 'n1', '200'], ['rare', 'n2', '100']] as const;
      // The constraints come first, or it would start where it may not.
      for (const [resource, unit] of Object.entries(RESOURCES)) {
        const operations = [{ name: 'start', timeout: START_TIMEOUT }, { name: 'stop', timeout: STOP_TIMEOUT }];
        await cluster.configure('resources', primitive(resource, { agent: 'unit', parameters: { unit }, meta: { 'target-role': 'Stopped' }, operations }));
      }
      for (const [resource, node, score] of bounds) await cluster.configure('constraints', location(`${resource}-${node}`, resource, node, score));
      for (const resource of Object.keys(RESOURCES)) await cluster.want(resource, 'Started');
    });

    after(async () => {
      const { cluster } = formed();
      for (const resource of Object.keys(RESOURCES)) await cluster.remove(resource);
    });

    const failures = async (operation: string): Promise<readonly string[]> => {
      const state = await formed().cluster.state();
      return state.failures.filter(({ op_key: key }) => key === operation).map(({ node = '', exitstatus = '', exitreason = '' }) => `${node} ${exitstatus} ${exitreason}`).sort();
    };
    /** It was tried at its home, and nothing of it is left. */
    const givenUp = async (resource: string, unit: string): Promise<void> => {
      const { cluster } = formed();
      await cluster.until(`${resource} to be given up`, PATIENCE, (state) => state.failCount(resource, HOME) > 0 && state.nodesOf(resource).length === 0);
      expect(units.living(unit)).to.deep.equal([]);
      await units.released(cluster.node(HOME), unit);
    };

    it('masked on one node and missing on another, it runs on the third', async () => {
      expect((await units.settled('rare', RARE)).node).to.equal('n3');
      const [masked, missing, ...others] = await failures('rare_start_0');
      expect(masked).to.match(/^n1 not installed .*masked/i);
      expect(missing).to.match(/^n2 not installed .*no unit/i);
      expect(others).to.deep.equal([]);
    });

    it('one that never says that it is ready: its start is ended, and no process is left', async () => {
      await givenUp('mute', MUTE);
      expect(await failures('mute_start_0')).to.have.length(1);
    });

    it('while its dependencies are still starting, so is it: a start that ends for that says so, and one with more time succeeds', async () => {
      const { cluster } = formed();
      const home = cluster.node(HOME);
      await givenUp('waiting', WAITING);
      const [why] = await failures('waiting_start_0');
      expect(why).to.include('its dependencies are still starting').and.include(`${SLOW}.service`);
      expect(formed().witnessed(WAITING), 'nothing came up later').to.deep.equal([]);
      await home.must(['/usr/sbin/crm_resource', '--cleanup', '--resource', 'waiting']);
      await waitFor('it to be started again', PATIENCE, () => units.dropIn(home, `${WAITING}.service`) !== undefined);
      await home.write(GO, '');
      expect(await units.settled('waiting', WAITING)).to.equal(home);
      expect(await failures('waiting_start_0')).to.deep.equal([]);
    });

    it('one that takes no notice of its stop: it is killed at half of the time', async () => {
      const node = await units.settled('mule', MULE);
      const begin = performance.now();
      await formed().cluster.want('mule', 'Stopped');
      await waitFor(`${MULE} to be gone`, PATIENCE, () => units.living(MULE).length === 0);
      expect(performance.now() - begin).to.be.above(STOP_TIMEOUT * 500 - 100);
      await formed().cluster.until('mule to be stopped', PATIENCE, (state) => state.nodesOf('mule').length === 0);
      expect(await failures('mule_stop_0')).to.deep.equal([]);
      await units.released(node, MULE);
    });

    it('for none of this a node was fenced', () => {
      expect(formed().cluster.room.cuts).to.have.length(fenced);
    });
  });
}
