/** Ganeti's daemons on a node, seen from the host: by the kernel's tables, and by no code of ours. */
import { readFileSync } from 'node:fs';

import { procProcess, type ProcProcess } from '../proc.js';
import type { GanetiNode } from './node.js';

export const NODE_DAEMONS = ['ganeti-noded', 'ganeti-confd', 'ganeti-mond'] as const;
export const MASTER_DAEMONS = ['ganeti-wconfd', 'ganeti-rapi', 'ganeti-luxid'] as const;
/** What runs on a master without KVM, in the order of the start. */
export const ALL_DAEMONS = ['ganeti-noded', 'ganeti-confd', 'ganeti-wconfd', 'ganeti-rapi', 'ganeti-luxid', 'ganeti-mond'] as const;

/** Main processes, by name. A child that a daemon forked is none. */
export function runningDaemons(node: GanetiNode): ReadonlyMap<string, ProcProcess> {
  const mains = new Map<string, ProcProcess>();
  // Everything that has left whoever started it is below process 1; and to look there costs little.
  const visit = (pid: number, parent: string | undefined): void => {
    const process = procProcess(pid);
    if (process === undefined || /[ZXx]/.test(process.state)) return;
    const name = daemonOf(process);
    if (name !== undefined && name !== parent) mains.set(name, process);
    for (const child of childrenOf(pid)) visit(child, name);
  };
  visit(node.container.leader, undefined);
  return mains;
}

function childrenOf(pid: number): readonly number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter((word) => word !== '').map(Number);
  } catch {
    return []; // it has ended meanwhile
  }
}

export function namesOf(daemons: ReadonlyMap<string, ProcProcess>): readonly string[] {
  return [...daemons.keys()].sort();
}

/** Name → pid and start time: equal only if none was restarted. */
export function identities(node: GanetiNode): Readonly<Record<string, string>> {
  const sorted = [...runningDaemons(node)].sort(([one], [other]) => one.localeCompare(other));
  return Object.fromEntries(sorted.map(([name, { pid, startTicks }]) => [name, `${pid} since ${startTicks}`]));
}

/** Of a program, or of a program of Python's. */
function daemonOf(process: ProcProcess): string | undefined {
  for (const word of process.argv.slice(0, 2)) {
    const name = /^\/usr\/sbin\/(ganeti-(?:[a-z]+d|rapi))$/.exec(word)?.[1];
    if (name !== undefined) return name;
  }
  return undefined;
}
