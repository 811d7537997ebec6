/**
 * A node of a real Ganeti cluster: Debian's package in a container, as it is
 * before anything of ours is installed. Names and addresses are those that
 * documentation may use, in network namespaces of the tests' own.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { startContainer, type Container } from '../containers/container.js';
import { loneDevice, wire } from '../containers/network.js';
import { ganetiRecipe, type Suite } from '../containers/recipe.js';

export type Init = 'systemd' | 'none';

export const CLUSTER = 'cluster.example.org';
const HOSTS = `127.0.0.1 localhost
192.0.2.10 ${CLUSTER} cluster
192.0.2.1 node1.example.org node1
192.0.2.2 node2.example.org node2
`;

export interface GanetiNode {
  readonly container: Container;
  readonly suite: Suite;
  readonly init: Init;
  /** Fully qualified, as Ganeti wants it. */
  readonly name: string;
}

export async function startNode(suite: Suite, init: Init, number: 1 | 2 = 1): Promise<GanetiNode> {
  const name = `node${number}.example.org`;
  const container = await startContainer({ recipe: ganetiRecipe(suite), init, hostname: name, network: true, prepare: makeNode });
  const node = { container, suite, init, name };
  await becomeReachable(node);
  return node;
}

function makeNode(root: string): void {
  writeFileSync(join(root, 'etc/hosts'), HOSTS);
  mkdirSync(join(root, 'srv/ganeti/file-storage'), { recursive: true });
  writeFileSync(join(root, 'etc/ganeti/file-storage-paths'), '/srv/ganeti/file-storage\n');
  // Nothing but the test runs Ganeti's watcher, when the test wants it.
  rmSync(join(root, 'etc/cron.d/ganeti'));
}

/** After each boot, what init scripts of Debian's would have done: Ganeti keeps locks there, and speaks to its nodes by ssh. */
export async function becomeReachable(node: GanetiNode): Promise<void> {
  if (node.init === 'systemd') return;
  await node.container.must(['/bin/mkdir', '-p', '-m', '1777', '/run/lock']);
  await node.container.must(['/usr/sbin/service', 'ssh', 'start']);
}

export function alone(node: GanetiNode): void {
  loneDevice(node.container.network, address(node));
}

/** Both see each other, and node1 may enter node2 as root. */
export async function together(one: GanetiNode, other: GanetiNode): Promise<void> {
  wire([one.container.network, address(one)], [other.container.network, address(other)]);
  await one.container.must(['/usr/bin/ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', '/root/.ssh/id_ed25519']);
  await other.container.write('/root/.ssh/authorized_keys', await one.container.read('/root/.ssh/id_ed25519.pub'), 0o600);
}

function address(node: GanetiNode): string {
  return node.name.startsWith('node1') ? '192.0.2.1/24' : '192.0.2.2/24';
}

const INIT = [
  '/usr/sbin/gnt-cluster', 'init', '--enabled-hypervisors=fake', '--enabled-disk-templates=file,diskless',
  '--file-storage-dir=/srv/ganeti/file-storage', '--master-netdev=eth0', '--nic-parameters', 'mode=routed,link=main', CLUSTER,
] as const;

/** Whatever Ganeti does to a cluster, on a slow machine. */
const VERIFY_PATIENCE = 60_000;
const TIMEOUT = 300_000;

export function initCluster(node: GanetiNode): Promise<string> {
  return node.container.must(INIT, { timeout: TIMEOUT });
}

export function cluster(node: GanetiNode, ...words: readonly string[]): Promise<string> {
  return node.container.must(['/usr/sbin/gnt-cluster', ...words], { timeout: TIMEOUT });
}

/**
 * Ganeti's own files and daemons settle for some seconds after a change.
 * @throws where Ganeti still finds an error then. That a kernel has no /proc/sysrq-trigger, or a container none of its own, is none.
 */
export async function verify(node: GanetiNode): Promise<string> {
  const deadline = performance.now() + VERIFY_PATIENCE;
  for (;;) {
    try {
      return await cluster(node, 'verify', '--error-codes', '--ignore-errors=ENODESETUP');
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
  }
}
