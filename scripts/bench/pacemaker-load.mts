/** What many resources cost a node of a real cluster while nothing happens: the CPU of their monitors, by the kernel's own count. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Node } from '../../test/support/pacemaker/cluster.js';
import { group, primitive } from '../../test/support/pacemaker/resource.js';
import type { ClusterWorld } from '../../test/support/pacemaker/world.js';

const GROUP = 'many';
/** s; whole turns of a monitor. */
const LENGTH = 60;
/** ms for all of them to be started, one after the other. */
const PATIENCE = 300_000;
/** ms until the monitors are under way everywhere, and the last start is forgotten. */
const REST = 15_000;
/** Ticks in a second (USER_HZ, times(2)). */
const TICKS = 100;

export interface Load {
  /** Each in % of a core. Of the agents and all that they start, as pacemaker-execd has waited for them. */
  readonly agents: number;
  readonly execd: number;
  readonly watcher: number;
}

/** @param unit the text of the units of which the resources are */
export async function monitoredLoad(world: ClusterWorld, count: number, unit: string): Promise<Load> {
  const names = Array.from({ length: count }, (_, index) => `many-${index + 1}`);
  for (const { root } of world.nodes) for (const name of names) writeFileSync(join(root, 'etc/systemd/system', `${name}.service`), unit);
  for (const node of world.nodes) await node.must(['/usr/bin/systemctl', 'daemon-reload']);
  await world.cluster.configure('resources', group(GROUP, ...names.map((name) => primitive(name, { agent: 'unit', parameters: { unit: name } }))));
  let on = '';
  await world.cluster.until('all of them to run', PATIENCE, (state) => {
    on = state.runsOn(names.at(-1) ?? '') ?? '';
    return on !== '';
  });
  const node = world.cluster.node(on);
  await new Promise((resolve) => setTimeout(resolve, REST));
  const execd = await pidOf(node, ['/usr/bin/pgrep', '-x', 'pacemaker-execd']);
  const watcher = await pidOf(node, ['/usr/bin/systemctl', 'show', '--property=MainPID', '--value', 'watchkeeper.service']);
  const before = [ticks(node, execd), ticks(node, watcher)] as const;
  const began = performance.now();
  await new Promise((resolve) => setTimeout(resolve, LENGTH * 1000));
  const share = 100 / (TICKS * ((performance.now() - began) / 1000));
  const after = [ticks(node, execd), ticks(node, watcher)] as const;
  await world.cluster.first.must(['/usr/sbin/crm_resource', '--resource', GROUP, '--set-parameter', 'target-role', '--meta', '--parameter-value', 'Stopped']);
  return { agents: (after[0].children - before[0].children) * share, execd: (after[0].own - before[0].own) * share, watcher: (after[1].own + after[1].children - before[1].own - before[1].children) * share };
}

async function pidOf(node: Node, command: readonly [string, ...string[]]): Promise<number> {
  const pid = Number((await node.must(command)).trim());
  if (!(pid > 1)) throw new Error(`nothing is told by ${command.join(' ')}`);
  return pid;
}

/** proc(5), the fields 14 to 17 of /proc/PID/stat. */
function ticks(node: Node, pid: number): { readonly own: number; readonly children: number } {
  const text = readFileSync(join('/proc', String(node.leader), 'root/proc', String(pid), 'stat'), 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ').map(Number);
  const [user = NaN, system = NaN, childUser = NaN, childSystem = NaN] = fields.slice(11, 15);
  return { own: user + system, children: childUser + childSystem };
}
