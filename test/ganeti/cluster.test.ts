/**
 * The life of a real Ganeti cluster, Debian's, on our daemon-util and watcher:
 * from a node that runs on Debian's own to the cluster's end. One story for
 * each Debian, with systemd and without; a step begins by bringing about what
 * it needs, so that it can be told a second time.
 */
import { expect } from 'chai';

import { ganetiRecipe, type Suite } from '../support/containers/recipe.js';
import { missingRequirement } from '../support/containers/requirements.js';
import { rootFileSystem } from '../support/containers/root-file-system.js';
import { Cleanups, eventually } from '../support/eventually.js';
import { ALL_DAEMONS, identities, NODE_DAEMONS, runningDaemons } from '../support/ganeti/daemons.js';
import { giveTheNameBack, installWatchkeeper, takeTheName, takeUnits } from '../support/ganeti/migration.js';
import { becomeReachable, cluster, initCluster, startNode, together, verify, type GanetiNode, type Init } from '../support/ganeti/node.js';
import { areRunning, areUp, daemonUtil, isUp, runGanetiWatcher, startWatcher, stopWatcher } from '../support/ganeti/watcher.js';

/** A first run builds the root file systems, too. */
const BUILD_TIMEOUT = 900_000;
const STEP_TIMEOUT = 600_000;
/** The forms that Ganeti carries out in one way, together. */
const RENEWALS = [['cluster-certificate', 'rapi-certificate', 'spice-certificate', 'confd-hmac-key', 'cluster-domain-secret'], ['node-certificates'], ['ssh-keys']] as const;
const IN_ORDER = ['ganeti-noded', 'ganeti-wconfd', 'ganeti-luxid'];
const SUITES: readonly Suite[] = ['bookworm', 'trixie'];
const INITS: readonly Init[] = ['none', 'systemd'];

for (const suite of SUITES) for (const init of INITS) describe(`a Ganeti cluster on ${suite} ${init === 'systemd' ? 'with' : 'without'} systemd`, () => live(suite, init));

function live(suite: Suite, init: Init): void {
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
    node1 = await startNode(suite, init, 1);
    cleanups.add(() => node1.container.stop());
    node2 = await startNode(suite, init, 2);
    cleanups.add(() => node2.container.stop());
    await together(node1, node2);
    await initCluster(node1);
    for (const node of [node1, node2]) await installWatchkeeper(node);
  });

  after(() => cleanups.run());

  it("takes Debian's place while the daemons run, and gives it back, and none of them notices", async () => {
    await areRunning(node1, ALL_DAEMONS);
    const before = identities(node1);
    await takeTheName(node1);
    try {
      for (const name of ALL_DAEMONS) expect(await isUp(node1, name), name).to.equal(true);
      await daemonUtil(node1, 'start-all');
      await startWatcher(node1);
      await daemonUtil(node1, 'start-all');
      await areUp(node1, ALL_DAEMONS);
      await verify(node1);
      await stopWatcher(node1);
      expect(identities(node1)).to.deep.equal(before);
    } finally {
      await giveTheNameBack(node1);
    }
    for (const name of ALL_DAEMONS) expect(await isUp(node1, name), name).to.equal(true);
    await verify(node1);
    expect(identities(node1)).to.deep.equal(before);
    for (const node of [node1, node2]) {
      await takeTheName(node);
      await startWatcher(node);
    }
    expect(identities(node1)).to.deep.equal(before);
  }).timeout(STEP_TIMEOUT);

  it('answers from the board by the name that Ganeti uses, without following links by programs', async () => {
    for (const command of ['check', 'check-and-start']) {
      const { status, stderr } = await node1.container.run(['/bin/sh', '-x', '/usr/lib/ganeti/daemon-util', command, 'ganeti-noded']);
      expect([status, /readlink|run_node/.test(stderr)], stderr).to.deep.equal([0, false]);
    }
  }).timeout(STEP_TIMEOUT);

  it('stops and starts all, in order', async () => {
    await daemonUtil(node1, 'start-all');
    await areUp(node1, ALL_DAEMONS);
    await daemonUtil(node1, 'stop-all');
    await areUp(node1, []);
    await daemonUtil(node1, 'start-all');
    await areUp(node1, ALL_DAEMONS);
    const started = [...runningDaemons(node1)].sort(([, one], [, other]) => one.startTicks - other.startTicks).map(([name]) => name);
    // Those that need each other; the rest start beside them.
    expect(started.filter((name) => IN_ORDER.includes(name))).to.deep.equal(IN_ORDER);
    await verify(node1);
  }).timeout(STEP_TIMEOUT);

  if (init === 'systemd') {
    it('hands the daemons over to units of systemd', async () => {
      for (const node of [node1, node2]) await takeUnits(node);
      await areUp(node1, ALL_DAEMONS);
      await areUp(node2, []);
      for (const name of ALL_DAEMONS) expect(await node1.container.must(['/usr/bin/systemctl', 'is-active', name])).to.equal('active\n');
      await verify(node1);
    }).timeout(STEP_TIMEOUT);
  }

  for (const name of ALL_DAEMONS) {
    it(`has ${name} back at once after kill -9`, async () => {
      await areUp(node1, ALL_DAEMONS);
      const victim = runningDaemons(node1).get(name);
      if (victim === undefined) throw new Error(`${name} does not run`);
      // A unit has its delay, and then the setup program and the units that it requires.
      const longest = init === 'systemd' ? (await restartDelay(node1, name)) + 5000 : 5000;
      const killed = performance.now();
      process.kill(victim.pid, 'SIGKILL');
      await eventually(`${name} is there again`, () => (runningDaemons(node1).get(name)?.pid ?? victim.pid) !== victim.pid, 30_000);
      expect(performance.now() - killed).to.be.below(longest);
      await areUp(node1, ALL_DAEMONS);
    }).timeout(STEP_TIMEOUT);
  }

  it("leaves down what was stopped by hand, whatever Ganeti's watcher and a new watcher do", async () => {
    await daemonUtil(node1, 'start-all');
    for (const name of ['ganeti-rapi', 'ganeti-mond']) await daemonUtil(node1, 'stop', name);
    const rest = ALL_DAEMONS.filter((name) => !['ganeti-rapi', 'ganeti-mond'].includes(name));
    await areUp(node1, rest);
    await runGanetiWatcher(node1);
    await areUp(node1, rest);
    await stopWatcher(node1);
    await startWatcher(node1);
    await runGanetiWatcher(node1);
    await areUp(node1, rest);
    await daemonUtil(node1, 'start-all');
    await areUp(node1, ALL_DAEMONS);
  }).timeout(STEP_TIMEOUT);

  it("lets Ganeti's watcher restart what does not answer by a stop and a check-and-start, in its own words", async () => {
    await daemonUtil(node1, 'start-all');
    await areUp(node1, ALL_DAEMONS);
    const before = runningDaemons(node1).get('ganeti-rapi')?.pid;
    const words = 'import sys; from ganeti import utils, constants; utils.StopDaemon(constants.RAPI); sys.exit(0 if utils.EnsureDaemon(constants.RAPI) else 1)';
    await node1.container.must(['/usr/bin/env', 'PYTHONPATH=/usr/share/ganeti/default', '/usr/bin/python3', '-c', words], { timeout: 60_000 });
    await areUp(node1, ALL_DAEMONS);
    expect(runningDaemons(node1).get('ganeti-rapi')?.pid).to.not.equal(before);
  }).timeout(STEP_TIMEOUT);

  it('renews every key and certificate', async () => {
    await daemonUtil(node1, 'start-all');
    for (const forms of RENEWALS) {
      await cluster(node1, 'renew-crypto', '--force', '--no-ssh-key-check', ...forms.map((form) => `--new-${form}`));
      await areUp(node1, ALL_DAEMONS);
    }
    await verify(node1);
  }).timeout(STEP_TIMEOUT);

  it('adds a node', async () => {
    await daemonUtil(node1, 'start-all');
    await node1.container.must(['/usr/sbin/gnt-node', 'add', '--no-ssh-key-check', node2.name], { timeout: STEP_TIMEOUT });
    // As ever: Ganeti starts only some, and its watcher the rest.
    await runGanetiWatcher(node2);
    await areUp(node2, NODE_DAEMONS);
    await verify(node1);
  }).timeout(STEP_TIMEOUT);

  it('renews the keys of both nodes', async () => {
    await cluster(node1, 'renew-crypto', '--force', '--no-ssh-key-check', '--new-cluster-certificate', '--new-node-certificates', '--new-ssh-keys');
    await areUp(node1, ALL_DAEMONS);
    await areUp(node2, NODE_DAEMONS);
    await verify(node1);
  }).timeout(STEP_TIMEOUT);

  it('fails over to the other node, and back', async () => {
    for (const [to, from] of [[node2, node1], [node1, node2]] as const) {
      await cluster(to, 'master-failover');
      await areUp(to, ALL_DAEMONS);
      await areUp(from, NODE_DAEMONS);
      await verify(to);
    }
  }).timeout(STEP_TIMEOUT);

  it('obeys its init script', async () => {
    await node1.container.must(['/bin/cp', '/usr/share/watchkeeper/etc/init.d/ganeti', '/etc/init.d/ganeti']);
    const script = async (verb: string) => (await node1.container.run(['/etc/init.d/ganeti', verb], { timeout: STEP_TIMEOUT })).status;
    expect(await script('start')).to.equal(0);
    expect(await script('status')).to.equal(0);
    expect(await script('stop')).to.equal(0);
    await areUp(node1, []);
    expect(await script('status')).to.equal(3);
    expect(await script('restart')).to.equal(0);
    await areUp(node1, ALL_DAEMONS);
  }).timeout(STEP_TIMEOUT);

  it('comes back from a reboot', async () => {
    await node1.container.reboot();
    await becomeReachable(node1);
    if (init === 'none') await startWatcher(node1);
    await areUp(node1, ALL_DAEMONS);
    await verify(node1);
  }).timeout(STEP_TIMEOUT);

  // What is done already is left out: each may be a second try.
  it('loses a node', async () => {
    const names = await node1.container.must(['/usr/sbin/gnt-node', 'list', '--no-headers', '-o', 'name'], { timeout: STEP_TIMEOUT });
    if (names.includes(node2.name)) await node1.container.must(['/usr/sbin/gnt-node', 'remove', node2.name], { timeout: STEP_TIMEOUT });
    await areUp(node2, []);
  }).timeout(STEP_TIMEOUT);

  it('destroys the cluster', async () => {
    if (await isInCluster(node1)) await cluster(node1, 'destroy', '--yes-do-it');
    await areUp(node1, []);
  }).timeout(STEP_TIMEOUT);

  it('makes another', async () => {
    if (!(await isInCluster(node1))) await initCluster(node1);
    await areUp(node1, ALL_DAEMONS);
    await verify(node1);
  }).timeout(STEP_TIMEOUT);
}

/** ms that systemd waits before it starts a unit again. */
async function restartDelay(node: GanetiNode, name: string): Promise<number> {
  const text = await node.container.must(['/usr/bin/busctl', 'get-property', 'org.freedesktop.systemd1', `/org/freedesktop/systemd1/unit/${name.replace('-', '_2d')}_2eservice`, 'org.freedesktop.systemd1.Service', 'RestartUSec']);
  return Number(text.split(' ')[1]) / 1000;
}

async function isInCluster(node: GanetiNode): Promise<boolean> {
  return (await node.container.run(['/usr/bin/test', '-e', '/var/lib/ganeti/server.pem'])).status === 0;
}
