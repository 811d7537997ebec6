/** A real cluster: Corosync and Pacemaker in containers that share a wire, with Watchkeeper installed on each node. */
import { chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

import { startContainer, type Container } from '../containers/container.js';
import { makeHub, type Hub } from '../containers/network.js';
import { clusterRecipe, type Suite } from '../containers/recipe.js';
import { destroy, directoryOf, newName } from '../containers/registry.js';
import { rootFileSystem } from '../containers/root-file-system.js';
import { waitFor } from '../containers/wait.js';
import { MachineRoom } from './power.js';
import { ClusterState } from './state.js';

const FORM_TIMEOUT = 90_000;
const CLUSTER_START = ['/usr/bin/systemctl', 'start', 'corosync', 'pacemaker'] as const;
const FENCE_AGENT = new URL('../../fixtures/fence_wire', import.meta.url);

export interface Node extends Container {
  /** As the cluster names it. */
  readonly node: string;
}

export interface ClusterOptions {
  readonly suite: Suite;
  readonly size: number;
  /** Last changes to each node's root before it boots. */
  readonly prepare: (root: string, node: string) => void;
}

export class Cluster {
  readonly room: MachineRoom;
  readonly #alone = new Set<string>();

  private constructor(
    readonly nodes: readonly Node[],
    private readonly hub: Hub,
    private readonly hubName: string,
  ) {
    this.room = new MachineRoom(nodes);
  }

  /** All of its nodes are online when it returns. */
  static async form({ suite, size, prepare }: ClusterOptions): Promise<Cluster> {
    await rootFileSystem(clusterRecipe(suite)); // once, not side by side
    const names = Array.from({ length: size }, (_, index) => `n${index + 1}`);
    const key = randomBytes(256);
    const hubName = newName();
    const containers: Container[] = [];
    try {
      mkdirSync(directoryOf(hubName));
      const hub = makeHub(join(directoryOf(hubName), 'network'));
      const booted = await Promise.allSettled(names.map((node) => startContainer({
        recipe: clusterRecipe(suite),
        init: 'systemd',
        installed: true,
        hostname: node,
        network: true,
        prepare: (root) => {
          prepareNode(root, names, key);
          prepare(root, node);
        },
      })));
      for (const one of booted) if (one.status === 'fulfilled') containers.push(one.value);
      for (const one of booted) if (one.status === 'rejected') throw one.reason;
      const nodes = containers.map((container, index): Node => Object.assign(container, { node: names[index] ?? '' }));
      nodes.forEach(({ network, node }, index) => hub.attach(node, network, addressOf(index, true)));
      await Promise.all(nodes.map((node) => node.must(CLUSTER_START, { timeout: 60_000 })));
      const cluster = new Cluster(nodes, hub, hubName);
      await waitFor(`${size} nodes to be online`, FORM_TIMEOUT, async () => (await cluster.state()).online.length === size);
      return cluster;
    } catch (error) {
      await Promise.all(containers.map((container) => container.stop()));
      destroy(hubName);
      throw error;
    }
  }

  node(name: string): Node {
    const node = this.nodes.find((candidate) => candidate.node === name);
    if (node === undefined) throw new Error(`there is no node ${name}`);
    return node;
  }

  /** As this node sees it; the first one by default. */
  async state(by: Node = this.first): Promise<ClusterState> {
    const result = await by.run(['/usr/sbin/crm_mon', '-1', '--inactive', '--output-as=xml'], { timeout: 20_000 });
    return new ClusterState(result.stdout);
  }

  /** Resolves once it is so, as this node sees it. */
  async until(what: string, timeout: number, condition: (state: ClusterState) => boolean, by: Node = this.first): Promise<void> {
    let last = '';
    await waitFor(what, timeout, async () => {
      const state = await this.state(by);
      last = state.text;
      return condition(state);
    }).catch((error: unknown) => {
      throw new Error(`${String(error)}; the cluster: ${last.slice(0, 6000)}`);
    });
  }

  /** Resolves once nothing is under way, nor about to be. */
  async atRest(): Promise<void> {
    await this.first.must(['/usr/sbin/crm_resource', '--wait', '--timeout=80'], { timeout: 90_000 });
  }

  async want(resource: string, role: 'Started' | 'Stopped'): Promise<void> {
    await this.first.must(['/usr/sbin/crm_resource', '--resource', resource, '--set-parameter', 'target-role', '--meta', '--parameter-value', role]);
  }

  /** Adds to the CIB's resources, constraints or crm_config. */
  async configure(section: 'resources' | 'constraints' | 'op_defaults', xml: string): Promise<void> {
    await this.first.must(['/usr/sbin/cibadmin', '--create', `--scope=${section}`, `--xml-text=${xml}`]);
  }

  /** @param resource as configured. @param instance what runs of it, where that has another name */
  async remove(resource: string, instance = resource): Promise<void> {
    await this.want(resource, 'Stopped');
    await this.until(`${resource} to be stopped`, 60_000, (state) => state.nodesOf(instance).length === 0);
    const constraints = await this.first.must(['/usr/sbin/cibadmin', '--query', '--scope=constraints']);
    if (constraints.includes(`rsc="${resource}"`)) await this.first.must(['/usr/sbin/cibadmin', '--delete-all', '--force', `--xpath=//constraints/*[@rsc='${resource}']`]);
    await this.first.must(['/usr/sbin/cibadmin', '--delete', `--xpath=//resources/*[@id='${resource}']`]);
  }

  /** Nothing runs on this node meanwhile. */
  async standby(node: Node, meanwhile: () => Promise<void>): Promise<void> {
    const standby = ['/usr/sbin/crm_standby', '--node', node.node] as const;
    await this.first.must([...standby, '--update', 'on']);
    try {
      await meanwhile();
    } finally {
      await this.first.must([...standby, '--delete']);
    }
  }

  /** The resource moves to this node, and may stay there when it is done. */
  async move(resource: string, node: Node, meanwhile: () => Promise<void>): Promise<void> {
    const crm = ['/usr/sbin/crm_resource', '--resource', resource] as const;
    await this.first.must([...crm, '--move', '--node', node.node]);
    try {
      await meanwhile();
    } finally {
      await this.first.must([...crm, '--clear']);
    }
  }

  /** Pulls its network cable, or puts it back. */
  cutOff(node: Node, off: boolean): void {
    this.hub.plug(node.node, !off);
    if (off) this.#alone.add(node.node);
    else this.#alone.delete(node.node);
  }

  /** From power to membership. @param prepare between the boot and the cluster */
  async comeBack(nodes: readonly Node[], prepare: (node: Node) => Promise<void>): Promise<void> {
    await Promise.all(nodes.map(async (node) => {
      await node.powerOn();
      await prepare(node);
      await node.must(CLUSTER_START, { timeout: 60_000 });
    }));
    await this.until(`${nodes.map(({ node }) => node).join(' and ')} to be online again`, FORM_TIMEOUT, (state) => state.online.length === this.nodes.length);
  }

  async destroy(): Promise<void> {
    this.room.close();
    await Promise.all(this.nodes.map((node) => node.stop()));
    destroy(this.hubName);
  }

  /** One that is on, and that the others hear. */
  get first(): Node {
    const first = this.nodes.find((node) => isOn(node) && !this.#alone.has(node.node));
    if (first === undefined) throw new Error('a cluster without nodes');
    return first;
  }
}

export function isOn(node: Node): boolean {
  return existsSync(`/proc/${node.leader}/root/run`);
}

function addressOf(index: number, prefix = false): string {
  return `10.77.0.${index + 1}${prefix ? '/24' : ''}`;
}

function prepareNode(root: string, names: readonly string[], key: Buffer): void {
  const corosync = join(root, 'etc/corosync');
  writeFileSync(join(corosync, 'corosync.conf'), corosyncConf(names));
  writeFileSync(join(corosync, 'authkey'), key);
  chmodSync(join(corosync, 'authkey'), 0o400);
  copyFileSync(FENCE_AGENT, join(root, 'usr/sbin/fence_wire'));
  chmodSync(join(root, 'usr/sbin/fence_wire'), 0o755);
  const cib = join(root, 'var/lib/pacemaker/cib');
  mkdirSync(cib, { recursive: true });
  writeFileSync(join(cib, 'cib.xml'), cibOf(schemaOf(root)));
  const { uid, gid } = accountOf(root);
  chownSync(join(cib, 'cib.xml'), uid, gid);
  chmodSync(join(cib, 'cib.xml'), 0o600);
  writeFileSync(join(root, 'etc/hosts'), ['127.0.0.1 localhost', ...names.map((name, index) => `${addressOf(index)} ${name}`), ''].join('\n'));
}

/** hacluster:haclient */
function accountOf(root: string): { uid: number; gid: number } {
  const [, , uid, gid] = readFileSync(join(root, 'etc/passwd'), 'utf8').split('\n').find((line) => line.startsWith('hacluster:'))?.split(':') ?? [];
  if (uid === undefined || gid === undefined) throw new Error('Pacemaker is not installed there: no user hacluster');
  return { uid: Number(uid), gid: Number(gid) };
}

/** A lost node is noticed after 2.2 s. */
function corosyncConf(names: readonly string[]): string {
  const nodes = names.flatMap((name, index) => ['  node {', `    ring0_addr: ${addressOf(index)}`, `    name: ${name}`, `    nodeid: ${index + 1}`, '  }']);
  return [
    'totem {', '  version: 2', '  cluster_name: test', '  transport: knet', '  crypto_cipher: aes256', '  crypto_hash: sha256', '  token: 1000', '  consensus: 1200', '}',
    'nodelist {', ...nodes, '}',
    'quorum {', '  provider: corosync_votequorum', '}',
    'logging {', '  to_syslog: yes', '}',
    '',
  ].join('\n');
}

/**
 * The newest schema that its Pacemaker knows, as a cluster of this version has it.
 * With an older one each transition and each crm_resource reads and upgrades
 * through all in between, which took 0.1 s and more.
 */
function schemaOf(root: string): string {
  const schemas = readdirSync(join(root, 'usr/share/pacemaker')).flatMap((name) => /^(pacemaker-\d+\.\d+)\.rng$/.exec(name)?.[1] ?? []);
  const newest = schemas.sort((one, other) => one.localeCompare(other, 'en', { numeric: true })).at(-1);
  if (newest === undefined) throw new Error('Pacemaker is not installed there: it has no schema');
  return newest;
}

const cibOf = (schema: string): string => `<cib crm_feature_set="3.1.0" validate-with="${schema}" admin_epoch="0" epoch="1" num_updates="0">
<configuration>
<crm_config><cluster_property_set id="cib-bootstrap-options">
<nvpair id="o-stonith" name="stonith-enabled" value="true"/>
<nvpair id="o-action" name="stonith-action" value="off"/>
<nvpair id="o-deadtime" name="dc-deadtime" value="2s"/>
</cluster_property_set></crm_config>
<nodes/><resources><primitive id="fence" class="stonith" type="fence_wire"><operations><op id="fence-monitor" name="monitor" interval="0" timeout="20s"/></operations></primitive></resources><constraints/>
</configuration>
<status/>
</cib>
`;
