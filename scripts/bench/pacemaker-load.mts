/**
 * What many resources cost a node of a real cluster while nothing happens: the CPU
 * of their monitors, by the kernel's own count. Three agents at once, each on a node
 * of its own, so that the machine is as quick for one as for the others.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Node } from '../../test/support/pacemaker/cluster.js';
import { group, primitive } from '../../test/support/pacemaker/resource.js';
import type { ClusterWorld } from '../../test/support/pacemaker/world.js';

/** s; whole turns of a monitor. */
const TURN = 60;
/** ms for all of them to be started, one after the other. */
const PATIENCE = 300_000;
/** ms until the monitors are under way everywhere, and the last start is forgotten. */
const REST = 15_000;
/** Ticks in a second (USER_HZ, times(2)). */
const TICKS = 100;
const PROVIDER = 'bench';

/** As many are written: systemctl for everything. */
const PLAIN_AGENT = `#!/bin/sh
case $1 in
  meta-data) printf '%s' '<?xml version="1.0"?><resource-agent name="plain" version="1.0"><version>1.0</version><parameters><parameter name="unit"><content type="string"/></parameter></parameters><actions><action name="start" timeout="60s"/><action name="stop" timeout="60s"/><action name="monitor" timeout="20s" interval="10s"/><action name="meta-data" timeout="5s"/></actions></resource-agent>' ;;
  start) systemctl reset-failed "$OCF_RESKEY_unit" 2>/dev/null; systemctl start "$OCF_RESKEY_unit" ;;
  stop) systemctl stop "$OCF_RESKEY_unit" ;;
  monitor) systemctl is-active --quiet "$OCF_RESKEY_unit" || exit 7 ;;
  *) exit 3 ;;
esac
`;

/** What no agent in sh is below: a shell that begins and looks whether a file is there. */
const LEAST_AGENT = `#!/bin/sh
case $1 in
  monitor) [ -f "/run/least-$OCF_RESOURCE_INSTANCE" ] && exit 0; exit 7 ;;
  start) : >"/run/least-$OCF_RESOURCE_INSTANCE" ;;
  stop) rm -f "/run/least-$OCF_RESOURCE_INSTANCE" ;;
  meta-data) printf '%s' '<?xml version="1.0"?><resource-agent name="least" version="1.0"><version>1.0</version><parameters/><actions><action name="start" timeout="60s"/><action name="stop" timeout="60s"/><action name="monitor" timeout="20s" interval="10s"/><action name="meta-data" timeout="5s"/></actions></resource-agent>' ;;
  *) exit 3 ;;
esac
`;

/** Where an agent of the bench is in a node. */
export function benchAgent(name: string): string {
  return `/usr/lib/ocf/resource.d/${PROVIDER}/${name}`;
}

export function installAgents(world: ClusterWorld): void {
  for (const { root } of world.nodes) {
    mkdirSync(join(root, benchAgent('plain'), '..'), { recursive: true });
    writeFileSync(join(root, benchAgent('plain')), PLAIN_AGENT, { mode: 0o755 });
    writeFileSync(join(root, benchAgent('least')), LEAST_AGENT, { mode: 0o755 });
  }
}

/** Each in % of a core, of each minute. */
export interface Load {
  /** The agents and all that they start, as pacemaker-execd has waited for them, from its fork on. */
  readonly agents: readonly number[];
  readonly execd: readonly number[];
  /** Of the watcher of that node. */
  readonly watcher: readonly number[];
}

export interface Loads {
  readonly ours: Load;
  readonly plain: Load;
  readonly least: Load;
}

/** @param unit the text of the units of which the resources are */
export async function monitoredLoads(world: ClusterWorld, count: number, minutes: number, unit: string): Promise<Loads> {
  const numbers = Array.from({ length: count }, (_, index) => index + 1);
  for (const { root } of world.nodes) for (const number of numbers) for (const name of ['ours', 'plain']) writeFileSync(join(root, 'etc/systemd/system', `${name}-${number}.service`), unit);
  for (const node of world.nodes) await node.must(['/usr/bin/systemctl', 'daemon-reload']);
  const placed = async (name: string, options: { readonly agent: string; readonly provider?: string }): Promise<Meter> => {
    const members = numbers.map((number) => primitive(`${name}-${number}`, { ...options, parameters: options.agent === 'least' ? {} : { unit: `${name}-${number}` } }));
    await world.cluster.configure('resources', group(name, ...members));
    let on = '';
    await world.cluster.until(`all of ${name} to run`, PATIENCE, (state) => {
      on = state.runsOn(`${name}-${count}`) ?? '';
      return on !== '';
    });
    return new Meter(world.cluster.node(on));
  };
  const meters = [await placed('ours', { agent: 'unit' }), await placed('plain', { agent: 'plain', provider: PROVIDER }), await placed('least', { agent: 'least', provider: PROVIDER })] as const;
  if (new Set(meters.map(({ node }) => node)).size < meters.length) throw new Error('the cluster has put two of the groups on one node');
  await pause(REST);
  for (const meter of meters) await meter.begin();
  for (let minute = 0; minute < minutes; minute += 1) {
    await pause(TURN * 1000);
    for (const meter of meters) meter.read();
  }
  for (const name of ['ours', 'plain', 'least']) await world.cluster.first.must(['/usr/sbin/crm_resource', '--resource', name, '--set-parameter', 'target-role', '--meta', '--parameter-value', 'Stopped']);
  const [ours, plain, least] = meters.map((meter) => meter.load()) as [Load, Load, Load];
  return { ours, plain, least };
}

interface Reading {
  readonly at: number;
  readonly agents: number;
  readonly execd: number;
  readonly watcher: number;
}

class Meter {
  #pids: { readonly execd: number; readonly watcher: number } | undefined;
  readonly #readings: Reading[] = [];

  constructor(readonly node: Node) {}

  async begin(): Promise<void> {
    this.#pids = {
      // The oldest: what it forks for an agent has its name until it becomes the agent.
      execd: await pidOf(this.node, ['/usr/bin/pgrep', '-o', '-x', 'pacemaker-execd']),
      watcher: await pidOf(this.node, ['/usr/bin/systemctl', 'show', '--property=MainPID', '--value', 'watchkeeper.service']),
    };
    this.read();
  }

  read(): void {
    if (this.#pids === undefined) throw new Error('read before begin');
    const [execd, watcher] = [ticks(this.node, this.#pids.execd), ticks(this.node, this.#pids.watcher)];
    this.#readings.push({ at: performance.now(), agents: execd.children, execd: execd.own, watcher: watcher.own + watcher.children });
  }

  load(): Load {
    const share = (what: 'agents' | 'execd' | 'watcher'): readonly number[] =>
      this.#readings.slice(1).map((reading, index) => {
        const before = this.#readings[index] ?? reading;
        return ((reading[what] - before[what]) * 100_000) / (TICKS * (reading.at - before.at));
      });
    return { agents: share('agents'), execd: share('execd'), watcher: share('watcher') };
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function pidOf(node: Node, command: readonly [string, ...string[]]): Promise<number> {
  const told = (await node.must(command)).trim();
  const pid = Number(told);
  if (!(pid > 1)) throw new Error(`no pid is told by ${command.join(' ')}: ${told}`);
  return pid;
}

/** proc(5), the fields 14 to 17 of /proc/PID/stat. */
function ticks(node: Node, pid: number): { readonly own: number; readonly children: number } {
  const text = readFileSync(join('/proc', String(node.leader), 'root/proc', String(pid), 'stat'), 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ').map(Number);
  const [user = NaN, system = NaN, childUser = NaN, childSystem = NaN] = fields.slice(11, 15);
  return { own: user + system, children: childUser + childSystem };
}
