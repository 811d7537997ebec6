/**
 * A unit, a daemon of the catalogue and another unit that follow each other on
 * one node: what becomes of them when the node, its cluster software or its
 * Watchkeeper goes.
 */
import { expect } from 'chai';

import { waitFor } from '../support/containers/wait.js';
import type { Node } from '../support/pacemaker/cluster.js';
import { group, primitive } from '../support/pacemaker/resource.js';
import { Units, type UnitOfWorld } from '../support/pacemaker/units.js';
import { PATIENCE, type ClusterWorld } from '../support/pacemaker/world.js';

const FIRST = 'wk-first';
const LAST = 'wk-last';
const LIBRARY = '/usr/lib/watchkeeper';
const AGENTS = '/usr/lib/ocf/resource.d/watchkeeper';

/** systemd would restart them, were it asked. */
export const ENSEMBLE_UNITS: Readonly<Record<string, UnitOfWorld>> = {
  [FIRST]: { service: ['Restart=always', 'RestartSec=0'] },
  [LAST]: { service: ['Restart=always', 'RestartSec=0'] },
};

/** Else a node that can't have it for a while has Pacemaker balance anew, and the group may move between two others. */
const STAYS = { 'resource-stickiness': '100' };
const HOUSE = group('house',
  primitive('first', { agent: 'unit', parameters: { unit: FIRST }, meta: STAYS }),
  primitive('web', { agent: 'daemon', parameters: { name: 'web' }, meta: STAYS }),
  primitive('last', { agent: 'unit', parameters: { unit: LAST }, meta: STAYS }));

export function ensembleSpecs(formed: () => ClusterWorld): void {
  describe('a group of ocf:watchkeeper:unit, daemon and unit', () => {
    let units: Units;

    before(async () => {
      units = new Units(formed());
      await formed().cluster.configure('resources', HOUSE);
    });

    after(async () => {
      await formed().cluster.remove('house', 'first');
    });

    const settled = async (): Promise<Node> => {
      const node = await units.settled('last', LAST);
      expect(await units.settled('first', FIRST)).to.equal(node);
      expect(await formed().settled('web', 'web')).to.equal(node);
      return node;
    };
    /** Which lives they live, and where. */
    const lives = (): readonly string[] => [...units.living(FIRST), ...units.living(LAST)].map(({ file }) => file).concat(formed().lives('web'));
    const cuts = (): number => formed().cluster.room.cuts.length;
    /** 0: it doesn't run, or the node is off. The kernel's name of a process has 15 letters at most. */
    const pidOf = async (node: Node, program: string): Promise<number> => Number((await node.run(['/usr/bin/pgrep', '-o', '-x', program.slice(0, 15)])).stdout);
    /** The others have cut its power, or take it for a member for as long as they would need to see that it is none. */
    const decided = async (node: Node, fenced: number): Promise<void> => {
      const witness = formed().nodes.find((other) => other !== node);
      let since: number | undefined;
      await waitFor(`the others to know what becomes of ${node.node}`, PATIENCE, async () => {
        if (cuts() > fenced) return true;
        const isMember = (await formed().cluster.state(witness)).online.includes(node.node);
        since = isMember ? (since ?? performance.now()) : undefined;
        return since !== undefined && performance.now() - since > 5000;
      });
    };
    /** Elsewhere than there, whole, and each of them once. */
    const elsewhere = async (old: Node): Promise<Node> => {
      await waitFor(`all to run elsewhere than on ${old.node}`, PATIENCE, () => formed().nodes.some((node) => node !== old && formed().isUp(node, 'web')));
      const next = await settled();
      expect(next).not.to.equal(old);
      return next;
    };

    it('runs on one node, as the cluster\'s there and nowhere else, and not in Pacemaker\'s control group', async () => {
      const world = formed();
      const node = await settled();
      for (const other of world.nodes) {
        if (other !== node) await units.released(other, FIRST);
      }
      const dropIn = units.dropIn(node, `${FIRST}.service`);
      expect(dropIn?.text).to.include('Before=pacemaker.service').and.include('Restart=no').and.include('(resource first)');
      expect(dropIn?.mode, 'whatever umask the cluster has').to.equal(0o644);
      for (const pid of [units.only(FIRST).pid, units.only(LAST).pid, world.board(node, 'web')?.pid ?? 0]) {
        expect(await node.read(`/proc/${pid}/cgroup`)).to.match(/^0::.*(wk-|web|watchkeeper)/m).and.not.include('pacemaker');
      }
    });

    it('kill -9 of pacemaker-execd: all go on where Pacemaker spares the node, and else run elsewhere', async () => {
      const world = formed();
      const node = await settled();
      const [before, fenced] = [lives(), cuts()];
      const controller = await pidOf(node, 'pacemaker-controld');
      world.kill(node, await pidOf(node, 'pacemaker-execd'), 'SIGKILL');
      // Its controller ends with it. Whether another one is there before the others have seen that is Pacemaker's own race,
      // and who was seen to be lost may have another one, and loses his power a moment later.
      await waitFor('another controller, or the end of the node', PATIENCE, async () => cuts() > fenced || ![0, controller].includes(await pidOf(node, 'pacemaker-controld')));
      await decided(node, fenced);
      await world.cluster.atRest();
      if (cuts() > fenced) {
        await elsewhere(node);
        await world.comeBack(node);
      } else {
        expect(await settled()).to.equal(node);
        expect(lives()).to.deep.equal(before);
      }
    });

    it('half of Watchkeeper is gone from its node: what lives is not called stopped', async () => {
      const node = await settled();
      const [other] = formed().nodes.filter((each) => each !== node);
      if (other === undefined) throw new Error('a cluster of one node');
      for (const [place, expected] of [[node, { monitor: 0, stop: 1 }], [other, { monitor: 5, stop: 0 }]] as const) {
        await place.must(['/usr/bin/mv', LIBRARY, `${LIBRARY}.gone`]);
        try {
          for (const [agent, parameters] of [['unit', { OCF_RESKEY_unit: FIRST }], ['daemon', { OCF_RESKEY_name: 'web' }], ['role', {}]] as const) {
            for (const [action, status] of Object.entries(expected)) {
              const said = await place.run([`${AGENTS}/${agent}`, action], { environment: { OCF_RESOURCE_INSTANCE: 'house', OCF_RESKEY_CRM_meta_interval: '10000', ...parameters } });
              expect(said.status, `${place.node} ${agent} ${action}: ${said.stderr}`).to.equal(status);
            }
          }
        } finally {
          await place.must(['/usr/bin/mv', `${LIBRARY}.gone`, LIBRARY]);
        }
      }
    });

    it('a node without Watchkeeper, or with half of it: nothing is stopped for it, nothing runs there, and nobody is fenced', async () => {
      const world = formed();
      const node = await settled();
      const [gone, third] = world.nodes.filter((other) => other !== node);
      if (gone === undefined || third === undefined) throw new Error('a cluster of one node');
      const [before, fenced] = [lives(), cuts()];
      const move = async (path: string, to: string): Promise<void> => {
        await gone.must(['/usr/bin/mv', path, to]);
      };
      const probed = async (): Promise<void> => {
        await node.must(['/usr/sbin/crm_resource', '--refresh', '--node', gone.node], { timeout: PATIENCE });
        expect(await settled()).to.equal(node);
        expect(lives()).to.deep.equal(before);
      };
      await world.watcher(gone, 'stop');
      await move(LIBRARY, `${LIBRARY}.gone`);
      try {
        await probed();
        await move(AGENTS, `${AGENTS}.gone`);
        try {
          await probed();
          await world.cluster.standby(node, async () => {
            expect(await elsewhere(node)).to.equal(third);
          });
        } finally {
          await move(`${AGENTS}.gone`, AGENTS);
        }
      } finally {
        await move(`${LIBRARY}.gone`, LIBRARY);
        await world.watcher(gone, 'start');
      }
      await node.must(['/usr/sbin/crm_resource', '--refresh', '--node', gone.node], { timeout: PATIENCE });
      await settled();
      expect(cuts()).to.equal(fenced);
    });

    it('Pacemaker is restarted: it stops and starts them, leaves no drop-in behind, and nobody is fenced', async () => {
      const world = formed();
      const node = await settled();
      const [before, fenced] = [lives(), cuts()];
      await node.must(['/usr/bin/systemctl', 'stop', 'pacemaker'], { timeout: PATIENCE });
      for (const unit of [FIRST, LAST]) {
        expect(units.dropIn(node, `${unit}.service`)).to.equal(undefined);
        expect(units.ends(node, unit).at(-1)).to.deep.include({ result: 'success', dropIn: 'free', pacemaker: 'deactivating' });
      }
      expect(world.isHeld(node, 'web')).to.equal(false);
      await node.must(['/usr/bin/systemctl', 'start', 'pacemaker'], { timeout: PATIENCE });
      await world.cluster.until('all to be online again', PATIENCE, (state) => state.online.length === world.nodes.length);
      await settled();
      expect(lives().filter((life) => before.includes(life))).to.deep.equal([]);
      expect(cuts()).to.equal(fenced);
    });

    it('the end of its node: the cluster stops them in order, before systemd does, and nobody is fenced', async () => {
      const world = formed();
      const node = await settled();
      const fenced = cuts();
      await node.powerOff('orderly');
      const ends = [units.ends(node, LAST).at(-1), units.ends(node, FIRST).at(-1)];
      // Of its unit there may be news, too, while systemd reads the units.
      const web = world.events(node).filter(({ daemon, news }) => daemon === 'web' && news !== 'drift').at(-1);
      await elsewhere(node);
      await world.comeBack(node);
      expect(cuts()).to.equal(fenced);
      for (const end of ends) expect(end).to.deep.include({ result: 'success', dropIn: 'free', pacemaker: 'deactivating' });
      expect(ends[0]?.at, 'the last one first').to.be.below(ends[1]?.at ?? 0);
      expect(web?.news).to.equal('stopped');
      expect(world.wish(node, 'web')).to.deep.include({ desired: 'down', by: 'the cluster (stop of resource web)' });
    });

    // Before a cut: a pacemakerd that has found the other processes instead of starting them takes half a minute to stop.
    it('kill -9 of pacemakerd: systemd starts it again, and all go on', async () => {
      const world = formed();
      const node = await settled();
      const [before, fenced] = [lives(), cuts()];
      const pid = await pidOf(node, 'pacemakerd');
      world.kill(node, pid, 'SIGKILL');
      await waitFor('another pacemakerd', PATIENCE, async () => ![0, pid].includes(await pidOf(node, 'pacemakerd')));
      await world.cluster.atRest();
      expect(await settled()).to.equal(node);
      expect(lives()).to.deep.equal(before);
      expect(cuts()).to.equal(fenced);
    });

    it('its node loses its power: all run elsewhere, and the old node comes back without any of them', async () => {
      const world = formed();
      const node = await settled();
      await node.powerOff('cut');
      const next = await elsewhere(node);
      await world.comeBack(node);
      expect(await settled()).to.equal(next);
      for (const unit of [FIRST, LAST]) expect(units.dropIn(node, `${unit}.service`)).to.equal(undefined);
    });

    it('its node is cut off: its power is cut before they run elsewhere', async () => {
      const world = formed();
      const node = await settled();
      world.cluster.cutOff(node, true);
      try {
        await elsewhere(node);
        expect(world.cluster.room.cuts.at(-1)).to.equal(node.node);
      } finally {
        world.cluster.cutOff(node, false);
      }
      await world.comeBack(node);
      await settled();
    });

    it('none of them ever ran twice at once', () => {
      for (const unit of [FIRST, LAST]) expect(formed().overlaps(unit), unit).to.deep.equal([]);
    });
  });
}
