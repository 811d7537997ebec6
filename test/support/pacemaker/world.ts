/** A cluster whose daemons Watchkeeper keeps: on the older Debian by itself, on the newer one through systemd. */
import { copyFileSync, chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { cgroup2Mount } from '../containers/requirements.js';
import type { Suite } from '../containers/recipe.js';
import { waitFor } from '../containers/wait.js';
import { Cluster, isOn, type Node } from './cluster.js';

/** Where each node has what of test/fixtures it is given. */
export const PROGRAMS = '/usr/local/lib/wk-test';
const FIXTURES = new URL('../../fixtures/', import.meta.url);
const WATCHER = 'watchkeeper.service';
/** For hangs, not for slow machines. */
export const PATIENCE = 60_000;

export interface BoardLine {
  readonly observed: string;
  readonly pid: number;
  readonly owner: string;
}

export type Behaviour = Readonly<Record<string, string | number>>;

/** A daemon of the catalogue: what the test daemon (test/fixtures/daemon) does, and its other keys. */
export interface DaemonOfWorld {
  readonly behaviour: Behaviour;
  /** A file of test/fixtures. */
  readonly program?: 'daemon' | 'witness';
  readonly keys?: Readonly<Record<string, unknown>>;
}

export class ClusterWorld {
  private constructor(
    readonly cluster: Cluster,
    readonly driver: 'watcher' | 'systemd',
  ) {}

  /** @param more what else a node's root is to have, before it boots */
  static async form(suite: Suite, daemons: Readonly<Record<string, DaemonOfWorld>>, more: (root: string, node: string) => void = () => undefined): Promise<ClusterWorld> {
    const driver = suite === 'bookworm' ? 'watcher' : 'systemd';
    const cluster = await Cluster.form({ suite, size: 3, prepare: (root, node) => {
      prepare(root, driver, daemons);
      more(root, node);
    } });
    const world = new ClusterWorld(cluster, driver);
    try {
      await Promise.all(cluster.nodes.map((node) => world.comeUp(node)));
    } catch (error) {
      await cluster.destroy();
      throw error;
    }
    return world;
  }

  get nodes(): readonly Node[] {
    return this.cluster.nodes;
  }

  /** After a boot: the watcher; Corosync and Pacemaker are started by the test. */
  async comeUp(node: Node): Promise<void> {
    if (this.driver === 'systemd') await node.must(['/usr/sbin/watchkeeper', 'units', 'install'], { timeout: PATIENCE });
    await node.must(['/usr/bin/systemctl', 'start', WATCHER], { timeout: PATIENCE });
  }

  /** What the state board says; undefined: nothing, or the node is off. Read from outside, without a process. */
  board(node: Node, daemon: string): BoardLine | undefined {
    const text = readInside(node, `/run/watchkeeper/state/${daemon}`);
    const [, name, observed, , pid, , , owner] = text?.split(' ') ?? [];
    return name === daemon && observed !== undefined && owner !== undefined ? { observed, pid: Number(pid), owner } : undefined;
  }

  isUp(node: Node, daemon: string): boolean {
    return this.board(node, daemon)?.observed === 'running';
  }

  /** How often it was started on this node since the node was made. */
  starts(node: Node, daemon: string): number {
    return readInside(node, `/srv/${daemon}/starts`)?.split('\n').filter((line) => line !== '').length ?? 0;
  }

  isHeld(node: Node, daemon: string): boolean {
    return readInside(node, `/var/lib/watchkeeper/cluster/${daemon}`) !== undefined;
  }

  /** What the watcher of this node has told, also when it is off. */
  events(node: Node): readonly { readonly daemon: string; readonly news: string; readonly reason: string }[] {
    const lines = readFileSync(join(node.root, 'var/lib/watchkeeper/events.jsonl'), 'utf8').split('\n').filter((line) => line !== '');
    return lines.map((line) => JSON.parse(line) as { daemon: string; news: string; reason: string });
  }

  /** The last wish for it on this node, also when it is off. */
  wish(node: Node, daemon: string): object {
    return JSON.parse(readFileSync(join(node.root, 'var/lib/watchkeeper/desired', daemon), 'utf8')) as object;
  }

  /** Sends at once, from outside. @param pid as it is known inside */
  kill(node: Node, pid: number, signal: NodeJS.Signals): void {
    process.kill(outerPid(node, pid), signal);
  }

  /** The pid inside of the watcher that runs. One that was just killed is none, and systemd begins the next a moment later. */
  async watcherPid(node: Node): Promise<number> {
    let pid = 0;
    await waitFor(`a watcher on ${node.node}`, PATIENCE, async () => {
      pid = Number(await node.must(['/usr/bin/systemctl', 'show', '--property=MainPID', '--value', WATCHER]));
      return pid !== 0;
    });
    return pid;
  }

  async watcher(node: Node, verb: 'start' | 'stop'): Promise<void> {
    await node.must(['/usr/bin/systemctl', verb, WATCHER], { timeout: PATIENCE });
  }

  /** The node that runs it alone, with nothing under way, as the cluster and each board say. */
  async settled(resource: string, daemon: string): Promise<Node> {
    let on: string | undefined;
    await this.cluster.until(`${resource} to run on one node`, PATIENCE, (state) => (on = state.runsOn(resource)) !== undefined);
    const node = this.cluster.node(on ?? '');
    await waitFor(`${daemon} to be the cluster's on ${node.node}`, PATIENCE, () => {
      const line = this.board(node, daemon);
      return line?.observed === 'running' && line.owner === 'cluster' && findOuterPid(node, line.pid) !== undefined;
    });
    return node;
  }

  /** ms until another life of it runs on any node. @param act ends the present one */
  async restarted(daemon: string, act: () => void | Promise<void>): Promise<number> {
    const before = new Set(this.lives(daemon));
    const begin = performance.now();
    await act();
    await waitFor(`another life of ${daemon}`, PATIENCE, () => this.lives(daemon).some((life) => !before.has(life)));
    return performance.now() - begin;
  }

  /** Of a witness: from when to when each of its lives lasted, in s of the kernel's clock, on all nodes, also on those that are off. */
  witnessed(daemon: string): readonly { readonly node: string; readonly from: number; readonly to: number }[] {
    return this.nodes.flatMap(({ node, root }) => {
      const directory = join(root, 'srv', daemon);
      return readdirSync(directory).filter((name) => name.startsWith('life-')).map((name) => {
        const [from = Number.NaN, to = Number.NaN] = readFileSync(join(directory, name), 'utf8').trim().split(' ').map(Number);
        return { node, from, to };
      });
    });
  }

  /** Lives of a witness that began before the one before them had ended: of all that must be one, there are none. */
  overlaps(daemon: string): readonly string[] {
    const lives = [...this.witnessed(daemon)].sort((a, b) => a.from - b.from);
    let last = { node: '', to: 0 };
    return lives.flatMap((life) => {
      const before = last;
      if (life.to > last.to) last = life;
      return life.from > before.to ? [] : [`${daemon} on ${life.node} from ${life.from}, on ${before.node} until ${before.to}`];
    });
  }

  async comeBack(...nodes: readonly Node[]): Promise<void> {
    await this.cluster.comeBack(nodes, (node) => this.comeUp(node));
  }

  /** What a test that failed has left off is on again: what follows, or its second try, shall not fail for that. */
  async beWhole(): Promise<void> {
    const off = this.nodes.filter((node) => !isOn(node));
    if (off.length > 0) await this.comeBack(...off);
  }

  /** "NODE PID" of each that runs. */
  lives(daemon: string): readonly string[] {
    return this.nodes.flatMap((node) => {
      const line = this.board(node, daemon);
      return line?.observed === 'running' ? [`${node.node} ${line.pid}`] : [];
    });
  }
}

function prepare(root: string, driver: ClusterWorld['driver'], daemons: Readonly<Record<string, DaemonOfWorld>>): void {
  mkdirSync(join(root, PROGRAMS), { recursive: true });
  for (const name of ['daemon', 'witness']) {
    copyFileSync(new URL(name, FIXTURES), join(root, PROGRAMS, name));
    chmodSync(join(root, PROGRAMS, name), 0o755);
  }
  const specs = Object.entries(daemons).map(([name, { behaviour, program = 'daemon', keys }]): [string, unknown] => {
    mkdirSync(join(root, 'srv', name), { recursive: true });
    const words = Object.entries({ id: name, dir: `/srv/${name}`, ...behaviour }).map(([key, value]) => `${key}=${value}`);
    const port = behaviour['port'];
    return [name, { executable: `${PROGRAMS}/${program}`, arguments: words, ...(port === undefined ? {} : { readiness: { kind: 'tcp', port } }), ...keys }];
  });
  const group = { name: 'site', roles: { node: {}, master: {} }, ...(driver === 'systemd' ? { target: 'site.target' } : {}) };
  const defaults = { boot: 'never', startTimeout: '60s', stopTimeout: '20s' };
  writeFileSync(join(root, 'etc/watchkeeper/watchkeeper.yaml'), JSON.stringify({ group, heartbeatInterval: '1s', defaults, daemons: Object.fromEntries(specs) }));
}

/** Of a file inside, seen through its process 1, so also in /run. undefined: it is not there, or the node is off. */
function readInside(node: Node, path: string): string | undefined {
  try {
    return readFileSync(`/proc/${node.leader}/root${path}`, 'utf8');
  } catch {
    return undefined;
  }
}

function outerPid(node: Node, pid: number): number {
  const found = findOuterPid(node, pid);
  if (found === undefined) throw new Error(`no process ${pid} in ${node.node}`);
  return found;
}

function findOuterPid(node: Node, pid: number): number | undefined {
  return processesBelow(join(cgroup2Mount() ?? '', node.name)).find((outer) => innerPid(outer) === pid);
}

/** Of a control group that ends meanwhile, as a service's does that was just killed: none. */
function processesBelow(cgroup: string): readonly number[] {
  try {
    const own = readFileSync(join(cgroup, 'cgroup.procs'), 'utf8').split('\n').filter((line) => line !== '').map(Number);
    return [...own, ...readdirSync(cgroup, { withFileTypes: true }).filter((entry) => entry.isDirectory()).flatMap(({ name }) => processesBelow(join(cgroup, name)))];
  } catch (error) {
    if (['ENOENT', 'ENODEV'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}

function innerPid(outer: number): number | undefined {
  try {
    const [, pids = ''] = /^NSpid:(.*)$/m.exec(readFileSync(`/proc/${outer}/status`, 'utf8')) ?? [];
    return Number(pids.trim().split(/\s+/).at(-1));
  } catch {
    return undefined; // it has just ended
  }
}
