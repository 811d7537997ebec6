/** ocf:watchkeeper:unit in a real cluster: what befalls one unit. ensemble-specs.ts has what befalls its node. */
import { expect } from 'chai';

import { waitFor } from '../support/containers/wait.js';
import type { Node } from '../support/pacemaker/cluster.js';
import { clone, primitive } from '../support/pacemaker/resource.js';
import { Units, type Life, type UnitOfWorld } from '../support/pacemaker/units.js';
import { PATIENCE, PROGRAMS, type ClusterWorld } from '../support/pacemaker/world.js';

/** An instance of a template that the resource doesn't name. */
const TILL = 'wk-till@pacemaker';
const MANY = ['0', '1', '2', '3'];
const MOVING = 'wk-moving';

export const UNITS: Readonly<Record<string, UnitOfWorld>> = {
  'wk-till@': { service: ['Restart=always', 'RestartSec=0'], instances: ['pacemaker'] },
  'wk-many@': { instances: MANY },
  [MOVING]: {},
};

export function unitSpecs(formed: () => ClusterWorld): void {
  describe('ocf:watchkeeper:unit', () => {
    let units: Units;

    before(async () => {
      units = new Units(formed());
      await formed().cluster.configure('resources', primitive('till', {
        agent: 'unit',
        parameters: { unit: 'wk-till@', monitor_hook: `${PROGRAMS}/writes-on`, hook_level: '10', hook_timeout: '10s' },
        operations: [{ name: 'monitor', timeout: 20, interval: 2 }, { name: 'monitor', timeout: 20, interval: 3, level: 10 }],
      }));
    });

    after(() => formed().cluster.remove('till'));

    const settled = (): Promise<Node> => units.settled('till', TILL);

    it('kill -9 of its main process: the cluster starts it again, and systemd does not', async () => {
      const node = await settled();
      const life = units.only(TILL);
      await units.restarted(TILL, () => units.kill(life, 'SIGKILL'));
      expect(await settled(), 'the same node').to.equal(node);
      expect(await node.must(['/usr/bin/systemctl', 'show', '--property=NRestarts', '--value', TILL])).to.equal('0\n');
      expect((await formed().cluster.state()).failCount('till')).to.equal(1);
      expect(units.dropIn(node, `${TILL}.service`)?.text).to.include('Restart=no');
    });

    it('a hang: its hook sees it, and says so', async () => {
      const node = await settled();
      const life = units.only(TILL);
      await units.restarted(TILL, () => units.kill(life, 'SIGSTOP'));
      expect(await settled()).to.equal(node);
      const reasons = (await formed().cluster.state()).failures.map(({ exitreason }) => exitreason);
      expect(reasons.filter((reason) => reason?.includes('writes nothing any more'))).to.have.length(1);
    });

    it('crm_resource --fail: it is started anew', async () => {
      const node = await settled();
      await units.restarted(TILL, async () => {
        await node.must(['/usr/sbin/crm_resource', '--fail', '--resource', 'till', '--node', node.node]);
      });
      await settled();
    });

    it('standby: it moves, leaves nothing of a hold behind, and may come back', async () => {
      const { cluster } = formed();
      const old = await settled();
      await cluster.standby(old, async () => {
        await waitFor(`${TILL} to run elsewhere`, PATIENCE, () => units.living(TILL).some(({ node }) => node !== old.node));
        expect(await settled()).not.to.equal(old);
        await units.released(old, TILL);
        // To the end: systemd need not read all its files again in the midst of a failover.
        expect(units.ends(old, TILL).at(-1)).to.deep.include({ result: 'success', dropIn: 'held' });
      });
      const next = await settled();
      await cluster.move('till', old, async () => {
        await waitFor(`${TILL} to be back on ${old.node}`, PATIENCE, () => units.living(TILL).some(({ node }) => node === old.node));
        expect(await settled()).to.equal(old);
        await units.released(next, TILL);
      });
    });

    it('never ran twice at once', () => {
      expect(formed().witnessed(TILL).length).to.be.at.least(5);
      expect(formed().overlaps(TILL)).to.deep.equal([]);
    });
  });

  describe('ocf:watchkeeper:unit, a globally unique clone of a template', () => {
    let units: Units;

    before(async () => {
      units = new Units(formed());
      const meta = { 'globally-unique': 'true', 'clone-max': String(MANY.length), 'clone-node-max': '2' };
      await formed().cluster.configure('resources', clone('many-clone', meta, primitive('many', { agent: 'unit', parameters: { unit: 'wk-many@' }, operations: [{ name: 'monitor', timeout: 20, interval: 2 }] })));
    });

    after(() => formed().cluster.remove('many-clone', 'many'));

    /** Each instance lives once, and the cluster is at rest. */
    const settled = async (): Promise<readonly Life[]> => {
      await formed().cluster.until('all instances to run', PATIENCE, (state) => state.nodesOf('many').length === MANY.length && !state.isBusy('many') && MANY.every((instance) => units.living(`wk-many@${instance}`).length === 1));
      return MANY.map((instance) => units.only(`wk-many@${instance}`));
    };

    it('each instance is a unit of its own, once in the cluster, and recovers alone', async () => {
      const before = await settled();
      expect(new Set(before.map(({ node }) => node)).size, 'two of them share a node').to.equal(3);
      const [first, ...others] = before;
      if (first === undefined) throw new Error('no instance');
      await units.restarted('wk-many@0', () => units.kill(first, 'SIGKILL'));
      expect((await settled()).slice(1)).to.deep.equal(others);
    });

    it('standby of a node: its instances move, each of them once', async () => {
      const node = formed().cluster.node((await settled())[3]?.node ?? '');
      await formed().cluster.standby(node, async () => {
        await waitFor(`all to leave ${node.node}`, PATIENCE, () => MANY.every((instance) => units.living(`wk-many@${instance}`).every((life) => life.node !== node.node)));
        await settled();
      });
      await settled();
      for (const instance of MANY) expect(formed().overlaps(`wk-many@${instance}`)).to.deep.equal([]);
    });
  });

  describe('ocf:watchkeeper:unit, migrated', () => {
    let units: Units;

    before(async () => {
      units = new Units(formed());
      await formed().cluster.configure('resources', primitive('moving', {
        agent: 'unit',
        parameters: { unit: MOVING, migrate_hook: `${PROGRAMS}/move` },
        meta: { 'allow-migrate': 'true', 'resource-stickiness': '100' },
        operations: [{ name: 'migrate_to', timeout: 40 }, { name: 'migrate_from', timeout: 40 }],
      }));
    });

    after(() => formed().cluster.remove('moving'));

    const settled = (): Promise<Node> => units.settled('moving', MOVING);
    const move = (to: Node): Promise<void> => formed().cluster.move('moving', to, async () => {
      await waitFor(`${MOVING} to run on ${to.node} alone`, PATIENCE, () => units.living(MOVING).map(({ node }) => node).join(' ') === to.node);
      expect(await settled()).to.equal(to);
    });
    const other = (node: Node): Node => formed().nodes.find((candidate) => candidate !== node) ?? node;

    it('its state is pushed and pulled while it runs, and it ends on the old node last', async () => {
      const from = await settled();
      const to = other(from);
      await move(to);
      const words = `${from.node} ${to.node}`;
      expect([units.moves(from, MOVING), units.moves(to, MOVING)]).to.deep.equal([[`push ${words}`], [`pull ${words}`]]);
      const began = formed().witnessed(MOVING).find(({ node }) => node === to.node)?.from ?? Number.NaN;
      expect(units.ends(from, MOVING).at(-1)?.at).to.be.above(began);
      await units.released(from, MOVING);
      expect(units.dropIn(to, `${MOVING}.service`)?.mode).to.equal(0o644);
    });

    for (const [word, where] of [['pull', 'to'], ['push', 'from']] as const) {
      it(`where the ${word} fails it is undone there, and the cluster stops it and starts it anew`, async () => {
        const world = formed();
        const from = await settled();
        const to = other(from);
        const place = where === 'to' ? to : from;
        const [before, fenced] = [units.moves(place, MOVING).length, world.cluster.room.cuts.length];
        await place.write(`/srv/${MOVING}/fail-${word}`, '');
        await move(to);
        await place.must(['/usr/bin/rm', `/srv/${MOVING}/fail-${word}`]);
        const words = `${from.node} ${to.node}`;
        expect(units.moves(place, MOVING).slice(before)).to.deep.equal([`${word} ${words}`, `revert ${words}`]);
        // Pacemaker forgets the failure when it starts it anew, and has logged the reason.
        expect(await place.must(['/usr/bin/journalctl', '--unit=pacemaker', '--output=cat', '--no-pager'])).to.match(new RegExp(`failed at its ${word}, and was reverted: .*came to nothing`));
        expect(world.cluster.room.cuts).to.have.length(fenced);
      });
    }
  });
}
