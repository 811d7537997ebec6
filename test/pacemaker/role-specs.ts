/** ocf:watchkeeper:role in a real cluster: one master at any time, whatever becomes of a node. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect } from 'chai';

import { waitFor } from '../support/containers/wait.js';
import type { Node } from '../support/pacemaker/cluster.js';
import { clone, primitive } from '../support/pacemaker/resource.js';
import { PATIENCE, PROGRAMS, type ClusterWorld, type DaemonOfWorld } from '../support/pacemaker/world.js';

/** ms that the old master takes to go. */
const SLOW = 1500;

export const ROLE_DAEMONS: Readonly<Record<string, DaemonOfWorld>> = {
  member: { behaviour: { port: 8091 }, keys: { roles: ['node'] } },
  squire: { behaviour: { port: 8093 }, keys: { roles: ['node'], requires: ['member'] } },
  king: { behaviour: { 'stop-takes': SLOW }, program: 'witness', keys: { roles: ['master'], requires: ['member'], stopTimeout: '5s' } },
  queen: { behaviour: { port: 8094 }, keys: { roles: ['master'], requires: ['king'] } },
};

const CROWN = clone('crown-clone', { promotable: 'true', interleave: 'true', notify: 'true' }, primitive('crown', {
  agent: 'role',
  parameters: {},
  operations: [
    { name: 'promote', timeout: 40 },
    { name: 'demote', timeout: 40 },
    { name: 'monitor', timeout: 20, interval: 10, attributes: { role: 'Slave' } },
    { name: 'monitor', timeout: 20, interval: 9, attributes: { role: 'Master' } },
  ],
}));

export function roleSpecs(formed: () => ClusterWorld): void {
  describe('ocf:watchkeeper:role', () => {
    before(async () => {
      await formed().cluster.configure('resources', CROWN);
    });

    after(() => formed().cluster.remove('crown-clone', 'crown'));

    /** All nodes that are on play their part, and one of them is the master. */
    const settled = async (nodes: readonly Node[] = formed().nodes): Promise<Node> => {
      const world = formed();
      let master: string | undefined;
      await world.cluster.until('one master', PATIENCE, (state) => {
        const [promoted, ...others] = state.nodesInRole('crown', 'Promoted');
        master = promoted;
        return promoted !== undefined && others.length === 0 && state.nodesOf('crown').length === nodes.length && !state.isBusy('crown');
      });
      const node = world.cluster.node(master ?? '');
      await waitFor('the daemons to say the same', PATIENCE, () => ['king', 'queen'].every((name) => world.isUp(node, name)) && nodes.every((each) => ['member', 'squire'].every((name) => world.isUp(each, name))));
      return node;
    };
    const score = async (node: Node): Promise<string> => {
      const { stdout } = await node.run(['/usr/sbin/crm_attribute', '--promotion=crown', '--lifetime', 'reboot', '--node', node.node, '--query', '--quiet']);
      return stdout.trim();
    };
    const newMaster = async (old: Node, nodes: readonly Node[]): Promise<Node> => {
      await waitFor(`another master than ${old.node}`, PATIENCE, () => nodes.some((node) => node !== old && formed().isUp(node, 'king')));
      const next = await settled(nodes);
      expect(next).not.to.equal(old);
      return next;
    };
    const others = (node: Node): readonly Node[] => formed().nodes.filter((other) => other !== node);

    it('runs the node role everywhere and the master role once; every node may follow', async () => {
      const world = formed();
      const master = await settled();
      for (const name of ['king', 'queen']) expect(world.nodes.filter((node) => world.isUp(node, name)), name).to.deep.equal([master]);
      for (const node of world.nodes) {
        expect(await score(node), node.node).to.equal('100');
        expect([world.board(node, 'member')?.owner, world.board(node, 'king')?.owner], node.node).to.deep.equal(['cluster', 'cluster']);
      }
    });

    it('monitor says promoted on the master and unpromoted elsewhere, by the board and by Node', async () => {
      const world = formed();
      const master = await settled();
      for (const level of ['0', '10']) {
        for (const node of world.nodes) {
          const { status, stderr } = await node.run(['/usr/lib/ocf/resource.d/watchkeeper/role', 'monitor'], {
            environment: { OCF_RESOURCE_INSTANCE: 'crown', OCF_RESKEY_CRM_meta_interval: '10000', OCF_RESKEY_CRM_meta_on_node: node.node, OCF_RESKEY_CRM_meta_timeout: '20000', OCF_CHECK_LEVEL: level },
          });
          expect(status, `${node.node} ${level} ${stderr}`).to.equal(node === master ? 8 : 0);
        }
      }
    });

    it('kill -9 of the master daemon: told at once, and promoted again', async () => {
      const world = formed();
      const master = await settled();
      await world.restarted('king', () => world.kill(master, world.board(master, 'king')?.pid ?? 0, 'SIGKILL'));
      await settled();
      expect(world.events(master).filter(({ daemon, news }) => daemon === 'king' && news === 'crash')).to.have.length.at.least(1);
    });

    it('kill -9 of a daemon of the node role: its node recovers, and the others do not notice', async () => {
      const world = formed();
      const master = await settled();
      const [bystander] = others(master);
      if (bystander === undefined) throw new Error('a cluster of one node');
      const before = world.board(master, 'king');
      await world.restarted('member', () => world.kill(bystander, world.board(bystander, 'member')?.pid ?? 0, 'SIGKILL'));
      expect(await settled()).to.equal(master);
      expect(world.board(master, 'king')).to.deep.equal(before);
      expect(await score(bystander)).to.equal('100');
    });

    it('standby of the master, whose demotion is slow: another one follows when it is gone', async () => {
      const master = await settled();
      await formed().cluster.standby(master, async () => {
        await newMaster(master, others(master));
        expect(formed().isHeld(master, 'king'), 'the old one is free').to.equal(false);
        expect(await score(master)).to.equal('');
      });
      await settled();
    });

    it('standby of the master, which takes no notice of its demotion: it is killed, and then another one follows', async () => {
      const world = formed();
      const master = await settled();
      const [deaf, fenced] = [join(master.root, 'srv/king/deaf'), world.cluster.room.cuts.length];
      writeFileSync(deaf, '');
      await world.cluster.standby(master, async () => {
        await newMaster(master, others(master));
        rmSync(deaf);
      });
      expect(world.cluster.room.cuts).to.have.length(fenced);
      await settled();
    });

    it('the master loses its power: another one follows, and the old one comes back as a node', async () => {
      const world = formed();
      const master = await settled();
      await master.powerOff('cut');
      const next = await newMaster(master, others(master));
      await world.comeBack(master);
      expect(await settled()).to.equal(next);
    });

    it('the master is cut off: its power is cut before another one follows', async () => {
      const world = formed();
      const master = await settled();
      world.cluster.cutOff(master, true);
      try {
        await newMaster(master, others(master));
        expect(world.cluster.room.cuts.at(-1)).to.equal(master.node);
      } finally {
        world.cluster.cutOff(master, false);
      }
      await world.comeBack(master);
      await settled();
    });

    it('there were never two masters', () => {
      const lives = formed().witnessed('king');
      expect(lives).to.have.length.at.least(5);
      expect(new Set(lives.map(({ node }) => node)).size, 'nodes that were master').to.be.at.least(2);
      expect(formed().overlaps('king')).to.deep.equal([]);
    });

    it('two would have been seen: the witness tells of itself, whoever started it', async () => {
      const [one, other] = formed().nodes;
      if (one === undefined || other === undefined) throw new Error('a cluster of one node');
      for (const { root } of formed().nodes) mkdirSync(join(root, 'srv/pretender'));
      await Promise.all([one, other].map((node) => node.run(['/usr/bin/timeout', '3', `${PROGRAMS}/witness`, 'dir=/srv/pretender'])));
      expect(formed().overlaps('pretender')).to.have.length(1);
    });
  });
}
