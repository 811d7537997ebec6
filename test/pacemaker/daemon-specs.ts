/** ocf:watchkeeper:daemon in a real cluster. */
import { expect } from 'chai';

import { waitFor } from '../support/containers/wait.js';
import type { Node } from '../support/pacemaker/cluster.js';
import { clone, location, primitive } from '../support/pacemaker/resource.js';
import { PATIENCE, type ClusterWorld, type DaemonOfWorld } from '../support/pacemaker/world.js';

const WEB_PORT = 8081;
/** s, of the recurring monitor: what is seen sooner was told. */
const INTERVAL = 10;
/** ms; kill -9 to the next life on a loaded machine. docs/benchmarks.md has what a quiet one needs. */
const AT_ONCE = 8_000;
/** s */
const START_TIMEOUT = 6;
const STOP_TIMEOUT = 10;
/** As the board's `-` is read. */
const NO_PID = Number.NaN;

export const DAEMONS: Readonly<Record<string, DaemonOfWorld>> = {
  web: {
    behaviour: { port: WEB_PORT, http: 1 },
    keys: { health: { answers: { kind: 'liveness', by: 'http', url: `http://127.0.0.1:${WEB_PORT}/`, interval: '1s', timeout: '1s', failureThreshold: 2 } } },
  },
  failing: { behaviour: { exit: 3, after: 0, message: 'no licence', port: 8082 } },
  endless: { behaviour: { port: 8083, 'ready-after': 'never' } },
  stubborn: { behaviour: { port: 8084, 'ignore-term': 1 } },
  copy: { behaviour: { port: 8085 } },
};

export function daemonSpecs(formed: () => ClusterWorld): void {
  describe('ocf:watchkeeper:daemon', () => {
    before(async () => {
      await formed().cluster.configure('resources', primitive('web', { agent: 'daemon', parameters: { name: 'web' } }));
    });

    after(() => formed().cluster.remove('web'));

    const running = (): Promise<Node> => formed().settled('web', 'web');
    /** As the cluster has it on this node: it runs there alone, and nothing was told of it that is not so. */
    const onlyOn = (node: Node): void => {
      const world = formed();
      for (const other of world.nodes) expect(world.isUp(other, 'web'), other.node).to.equal(other === node);
    };

    it('runs on one node, and is the cluster\'s there', async () => {
      const node = await running();
      onlyOn(node);
      for (const other of formed().nodes) expect(formed().isHeld(other, 'web'), other.node).to.equal(other === node);
    });

    it('kill -9: the cluster is told at once, and starts it again', async () => {
      const world = formed();
      const node = await running();
      const times: number[] = [];
      for (let turn = 0; turn < 5; turn += 1) {
        const pid = world.board(node, 'web')?.pid ?? 0;
        times.push(await world.restarted('web', () => world.kill(node, pid, 'SIGKILL')));
        expect(await running(), 'the same node').to.equal(node);
      }
      times.sort((a, b) => a - b);
      console.log(`      kill -9 to the next life, ms: ${times.map(Math.round).join(' ')}`);
      expect(times[2]).to.be.below(AT_ONCE);
      const state = await world.cluster.state();
      expect(state.failCount('web')).to.be.at.least(5);
    });

    it('kill -9 of the watcher: nothing happens to it, and the next watcher leaves it to the cluster', async () => {
      const world = formed();
      const node = await running();
      const before = world.board(node, 'web');
      const watcher = await world.watcherPid(node);
      world.kill(node, watcher, 'SIGKILL');
      await waitFor('another watcher', PATIENCE, async () => ![0, watcher].includes(await world.watcherPid(node)));
      await running();
      expect(world.board(node, 'web')).to.deep.equal(before);
    });

    it('kill -9 of it and of the watcher: the next watcher tells the cluster', async () => {
      const world = formed();
      const node = await running();
      const watcher = await world.watcherPid(node);
      const pid = world.board(node, 'web')?.pid ?? 0;
      await world.restarted('web', () => {
        world.kill(node, watcher, 'SIGKILL');
        world.kill(node, pid, 'SIGKILL');
      });
      expect(await running()).to.equal(node);
      onlyOn(node);
    });

    it('kill -9 while there is no watcher: the monitor tells the truth', async () => {
      const world = formed();
      const node = await running();
      const before = world.starts(node, 'web');
      const pid = world.board(node, 'web')?.pid ?? 0;
      await world.watcher(node, 'stop');
      try {
        world.kill(node, pid, 'SIGKILL');
        await waitFor('another life of web', (INTERVAL * 1000) + PATIENCE, () => world.starts(node, 'web') > before);
      } finally {
        await world.watcher(node, 'start');
      }
      expect(await running()).to.equal(node);
    });

    it('a hang: the failed liveness check is told, and the cluster takes it down', async () => {
      const world = formed();
      const node = await running();
      const pid = world.board(node, 'web')?.pid ?? 0;
      await world.restarted('web', () => world.kill(node, pid, 'SIGSTOP'));
      expect(await running()).to.equal(node);
      expect(world.events(node).filter(({ daemon, news }) => daemon === 'web' && news === 'unhealthy')).to.have.length.at.least(1);
    });

    it('crm_resource --fail: it is started anew', async () => {
      const world = formed();
      const node = await running();
      await world.restarted('web', async () => {
        await node.must(['/usr/sbin/crm_resource', '--fail', '--resource', 'web', '--node', node.node]);
      });
      await running();
    });

    it('standby: it moves, and nothing of it is left behind', async () => {
      const world = formed();
      const node = await running();
      await world.cluster.standby(node, async () => {
        await waitFor(`web to leave ${node.node}`, PATIENCE, () => !world.isUp(node, 'web'));
        const next = await running();
        expect(next).not.to.equal(node);
        onlyOn(next);
        expect(world.isHeld(node, 'web')).to.equal(false);
      });
    });
  });

  describe('ocf:watchkeeper:daemon, an anonymous clone', () => {
    before(() => formed().cluster.configure('resources', clone('copy-clone', { interleave: 'true' }, primitive('copy', { agent: 'daemon', parameters: { name: 'copy' } }))));

    after(() => formed().cluster.remove('copy-clone', 'copy'));

    /** "NODE PID" of each, once the cluster is at rest. */
    const settled = async (count: number): Promise<readonly string[]> => {
      const { cluster } = formed();
      await cluster.until(`${count} copies to run`, PATIENCE, (state) => state.nodesInRole('copy', 'Started').length === count && !state.isBusy('copy') && formed().lives('copy').length === count);
      return formed().lives('copy');
    };

    it('has a copy on each node, and the death of one is told of that one', async () => {
      const world = formed();
      const [first = '', ...others] = await settled(3);
      const [name = '', pid] = first.split(' ');
      const node = world.cluster.node(name);
      expect(await world.restarted('copy', () => world.kill(node, Number(pid), 'SIGKILL'))).to.be.below(AT_ONCE);
      const after = await settled(3);
      expect(after.slice(1)).to.deep.equal(others);
      expect(after[0]?.split(' ')[0]).to.equal(name);
      expect(world.starts(node, 'copy')).to.equal(2);
    });

    it('standby of a node: its copy is stopped, and no other touched', async () => {
      const before = await settled(3);
      const node = formed().cluster.node(before[0]?.split(' ')[0] ?? '');
      await formed().cluster.standby(node, async () => {
        expect(await settled(2)).to.deep.equal(before.slice(1));
        expect(formed().isHeld(node, 'copy')).to.equal(false);
      });
      await settled(3);
    });
  });

  describe('ocf:watchkeeper:daemon, of daemons with bad manners', () => {
    before(async () => {
      const { cluster } = formed();
      await cluster.configure('resources', primitive('failing', { agent: 'daemon', parameters: { name: 'failing' } }));
      await cluster.configure('resources', primitive('endless', { agent: 'daemon', parameters: { name: 'endless' }, meta: { 'target-role': 'Stopped' }, operations: [{ name: 'start', timeout: START_TIMEOUT }, { name: 'stop', timeout: STOP_TIMEOUT }] }));
      // One node is enough to see how it ends; `failing` tries them all.
      for (const { node } of formed().nodes.slice(1)) await cluster.configure('constraints', location(`endless-${node}`, 'endless', node, '-INFINITY'));
      await cluster.want('endless', 'Started');
      await cluster.configure('resources', primitive('stubborn', { agent: 'daemon', parameters: { name: 'stubborn' }, operations: [{ name: 'stop', timeout: STOP_TIMEOUT }] }));
    });

    after(async () => {
      for (const name of ['failing', 'endless', 'stubborn']) await formed().cluster.remove(name);
    });

    /** These nodes were tried, none is any more, and nothing of it is left on any. */
    const givenUp = async (name: string, nodes: readonly Node[]): Promise<void> => {
      const world = formed();
      await world.cluster.until(`${name} to be given up`, PATIENCE, (state) => nodes.every(({ node }) => state.failCount(name, node) > 0) && state.nodesOf(name).length === 0);
      for (const node of nodes) {
        await waitFor(`${name} to be let go on ${node.node}`, PATIENCE, () => !world.isHeld(node, name));
        expect(world.board(node, name), node.node).to.deep.include({ pid: NO_PID });
      }
    };

    it('a start that fails: each node is tried once, and the cluster shows why', async () => {
      await givenUp('failing', formed().nodes);
      const reasons = (await formed().cluster.state()).failures.filter(({ op_key: key }) => key?.startsWith('failing_start') === true).map(({ exitreason }) => exitreason ?? '');
      expect(reasons).to.have.length(3);
      for (const reason of reasons) expect(reason).to.match(/exit(ed)?.* 3|status 3|no licence/);
    });

    it('a start that never ends: the cluster ends it, and no process is left', async () => {
      await givenUp('endless', formed().nodes.slice(0, 1));
    });

    it('a stop that hangs: by force at half of its time, and nobody is fenced', async () => {
      const world = formed();
      const node = await world.settled('stubborn', 'stubborn');
      const cuts = world.cluster.room.cuts.length;
      const begin = performance.now();
      await world.cluster.want('stubborn', 'Stopped');
      await world.cluster.until('stubborn to be stopped', PATIENCE, (state) => state.nodesOf('stubborn').length === 0);
      expect(performance.now() - begin, 'it had its time').to.be.above(STOP_TIMEOUT * 500 - 100);
      const state = await world.cluster.state();
      expect(state.failures.filter(({ op_key: key }) => key?.startsWith('stubborn_') === true)).to.deep.equal([]);
      await waitFor('the board to say so', PATIENCE, () => Number.isNaN(world.board(node, 'stubborn')?.pid));
      expect(world.isHeld(node, 'stubborn')).to.equal(false);
      expect(world.cluster.room.cuts).to.have.length(cuts);
    });
  });
}
