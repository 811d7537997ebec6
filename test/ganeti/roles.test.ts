/** Who is the master on a real Ganeti cluster of two nodes: told by the cluster's own files, followed by both watchers. */
import { expect } from 'chai';

import type { RoleStatus } from '../../src/core/role.js';
import type { StatusJson } from '../support/watcher-world.js';
import { missingRequirement } from '../support/containers/requirements.js';
import { ganetiRecipe, type Suite } from '../support/containers/recipe.js';
import { rootFileSystem } from '../support/containers/root-file-system.js';
import { Cleanups, eventually } from '../support/eventually.js';
import { ALL_DAEMONS, MASTER_DAEMONS, NODE_DAEMONS, runningDaemons } from '../support/ganeti/daemons.js';
import { installWatchkeeper, takeTheName, takeUnits } from '../support/ganeti/migration.js';
import { cluster, initCluster, startNode, together, type GanetiNode, type Init } from '../support/ganeti/node.js';
import { areUp, daemonUtil, startWatcher } from '../support/ganeti/watcher.js';

/** A first run builds the root file systems, too. */
const BUILD_TIMEOUT = 900_000;
const STEP_TIMEOUT = 600_000;
const PATIENCE = 60_000;
const STORIES: readonly (readonly [Suite, Init])[] = [['bookworm', 'none'], ['trixie', 'systemd']];

for (const [suite, init] of STORIES) describe(`roles of Ganeti's on ${suite} ${init === 'systemd' ? 'with' : 'without'} systemd`, () => follow(suite, init));

function follow(suite: Suite, init: Init): void {
  const cleanups = new Cleanups();
  let node1: GanetiNode;
  let node2: GanetiNode;

  before(async function () {
    this.timeout(BUILD_TIMEOUT);
    const missing = missingRequirement();
    if (missing !== undefined) {
      console.log(`    skipped: ${missing}`);
      this.skip();
    }
    await rootFileSystem(ganetiRecipe(suite));
    [node1, node2] = await Promise.all([startNode(suite, init, 1), startNode(suite, init, 2)]);
    for (const node of [node1, node2]) cleanups.add(() => node.container.stop());
    await together(node1, node2);
    await initCluster(node1);
    for (const node of [node1, node2]) {
      await installWatchkeeper(node);
      await takeTheName(node);
      await startWatcher(node);
      if (init === 'systemd') await takeUnits(node);
    }
  });

  after(() => cleanups.run());

  async function status(node: GanetiNode): Promise<StatusJson> {
    return JSON.parse(await node.container.must(['/usr/sbin/watchkeeper', 'status', '--json'])) as StatusJson;
  }

  async function role(node: GanetiNode, name: string): Promise<RoleStatus | undefined> {
    return (await status(node)).roles.find((each) => each.name === name);
  }

  function holds(node: GanetiNode, name: string, held: boolean): Promise<void> {
    return eventually(`${node.name}: ${name} is ${held ? '' : 'not '}held`, async () => (await role(node, name))?.held === held, PATIENCE);
  }

  async function events(node: GanetiNode): Promise<readonly { id: number; daemon: string; news: string; reason: string }[]> {
    const text = await node.container.must(['/usr/sbin/watchkeeper', 'events', '--json', '--lines', '2000']);
    return text.trim().split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as { id: number; daemon: string; news: string; reason: string });
  }

  it('says which node is the master, and who is a candidate', async () => {
    await holds(node1, 'master', true);
    await holds(node2, 'master', false);
    expect((await role(node2, 'master'))?.reason).to.include('no cluster here');
    await node1.container.must(['/usr/sbin/gnt-node', 'add', '--no-ssh-key-check', node2.name], { timeout: STEP_TIMEOUT });
    await holds(node2, 'candidate', true);
    await holds(node1, 'candidate', true);
    await holds(node2, 'master', false);
    expect((await role(node2, 'master'))?.reason).to.equal(`this is ${node2.name}, the master is ${node1.name}`);
    await areUp(node1, ALL_DAEMONS);
  }).timeout(STEP_TIMEOUT);

  it('"not master" is told by outcome, status and exit status, and is no failure', async () => {
    await daemonUtil(node2, 'start-all');
    await areUp(node2, NODE_DAEMONS);
    for (const words of [['start', 'ganeti-luxid'], ['start', 'ganeti-wconfd'], ['start-master']]) {
      const answer = await node2.container.run(['/usr/lib/ganeti/daemon-util', ...words], { timeout: PATIENCE });
      expect(answer.status, `${words.join(' ')}: ${answer.stderr}`).to.equal(11);
      expect(answer.stderr).to.match(/skipped: not master: it exited with status 11/);
    }
    for (const name of MASTER_DAEMONS) {
      const told = await daemonUtil(node2, 'status', name);
      expect(told).to.include('not master: ');
      expect((await node2.container.run(['/usr/lib/ganeti/daemon-util', 'check', name])).status).to.equal(1);
    }
    expect((await events(node2)).filter(({ daemon, news }) => MASTER_DAEMONS.some((name) => name === daemon) && ['crash', 'given-up', 'crash-loop'].includes(news))).to.deep.equal([]);
    await areUp(node2, NODE_DAEMONS);
  }).timeout(STEP_TIMEOUT);

  it("goes with a master-failover and back; what Ganeti starts and stops itself, the watchers don't", async () => {
    for (const [to, from] of [[node2, node1], [node1, node2]] as const) {
      const [last, lastThere] = [(await events(from)).at(-1)?.id ?? 0, (await events(to)).at(-1)?.id ?? 0];
      await cluster(to, 'master-failover');
      await areUp(to, ALL_DAEMONS);
      await areUp(from, NODE_DAEMONS);
      await holds(to, 'master', true);
      await holds(from, 'master', false);
      const [news, newsThere] = [(await events(from)).filter(({ id }) => id > last), (await events(to)).filter(({ id }) => id > lastThere)];
      // One start by force of wconfd, and then start-master's: none of ours.
      expect(newsThere.filter(({ reason }) => reason.includes('holds the role'))).to.deep.equal([]);
      expect([...news, ...newsThere].filter(({ news: what, daemon }) => what === 'crash' && MASTER_DAEMONS.some((name) => name === daemon))).to.deep.equal([]);
      if (init === 'none') {
        expect(newsThere.filter(({ news: what, daemon }) => what === 'start' && daemon === 'ganeti-luxid')).to.have.length(1);
        expect(news.filter(({ news: what, daemon }) => what === 'stop' && daemon === 'ganeti-luxid').map(({ reason }) => reason)).to.satisfy((reasons: string[]) => reasons.length === 1 && (reasons[0] ?? '').includes('daemon-util stop-master'));
      }
    }
  }).timeout(STEP_TIMEOUT);

  it('hands EXTRA_… of start-master to the daemons for one start', async () => {
    const argv = (name: string): readonly string[] => runningDaemons(node1).get(name)?.argv ?? [];
    const extra = ['--no-voting', '--yes-do-it'];
    await daemonUtil(node1, 'stop-master');
    await node1.container.must(['/usr/lib/ganeti/daemon-util', 'start-master'], { timeout: PATIENCE, environment: { EXTRA_LUXID_ARGS: extra.join(' '), EXTRA_WCONFD_ARGS: extra.join(' ') } });
    await areUp(node1, ALL_DAEMONS);
    for (const name of ['ganeti-luxid', 'ganeti-wconfd']) expect(argv(name), name).to.include.members(extra);
    const victim = runningDaemons(node1).get('ganeti-luxid')?.pid ?? 0;
    process.kill(victim, 'SIGKILL');
    await eventually('luxid is back', () => ![undefined, victim].includes(runningDaemons(node1).get('ganeti-luxid')?.pid), PATIENCE);
    expect(argv('ganeti-luxid')).not.to.include.oneOf(extra);
    await areUp(node1, ALL_DAEMONS);
  }).timeout(STEP_TIMEOUT);
}
