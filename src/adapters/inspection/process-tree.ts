/** A daemon's processes as the kernel has them now. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';

import type { ProcessFacts } from '../../core/daemon-details.js';
import { escapeControl } from '../../core/escape.js';
import { TICKS_PER_SECOND } from '../../core/process-identity.js';
import { errorCode } from '../host/error-code.js';
import { hasEnded, readCommandLine, readProc, readStat, sinceBoot, type ProcStat } from '../host/proc.js';

/** More are not told: a fork bomb must not fill a terminal. */
const MOST = 200;
const MAX_PROGRAM = 64;

/**
 * The main process, its descendants, and what else is of its session or of the
 * control group that is named after it.
 * @param groups names of control groups that are its own alone: its unit's, its own
 */
export function processTree(main: number, groups: readonly string[]): readonly ProcessFacts[] {
  const stats = allStats();
  const own = stats.get(main);
  if (own === undefined) return [];
  const members = new Set<number>([main, ...groupMembers(main, groups)]);
  for (const [pid, stat] of stats) if (own.session === main && stat.session === main) members.add(pid);
  const children = new Map<number, number[]>();
  for (const [pid, { parent }] of stats) children.set(parent, [...(children.get(parent) ?? []), pid]);

  const now = sinceBoot();
  const found: ProcessFacts[] = [];
  const visited = new Set<number>();
  const visit = (pid: number, depth: number): void => {
    const stat = stats.get(pid);
    if (stat === undefined || visited.has(pid) || found.length >= MOST) return;
    visited.add(pid);
    found.push(facts(pid, stat, depth, now));
    for (const child of children.get(pid) ?? []) visit(child, depth + 1);
  };
  visit(main, 0);
  // Orphans of its session or group, which hang below somebody else now.
  for (const pid of members) visit(pid, 1);
  return found;
}

function allStats(): ReadonlyMap<number, ProcStat> {
  const stats = new Map<number, ProcStat>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const stat = readStat(pid);
    if (stat !== undefined && !hasEnded(stat)) stats.set(pid, stat);
  }
  return stats;
}

/** cgroups(7), version 2 only. */
function groupMembers(pid: number, groups: readonly string[]): readonly number[] {
  try {
    const path = /^0::(\/.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1];
    if (path === undefined || !groups.includes(basename(path))) return [];
    return readFileSync(`/sys/fs/cgroup${path}/cgroup.procs`, 'latin1').split('\n').filter((line) => line !== '').map(Number);
  } catch (error) {
    if (errorCode(error) !== undefined) return []; // it has just ended, or there is no version 2
    throw error;
  }
}

function facts(pid: number, stat: ProcStat, depth: number, now: number): ProcessFacts {
  const status = readProc(pid, 'status')?.toString('latin1') ?? '';
  const [kib] = /(?<=^VmRSS:\s*)\d+/m.exec(status) ?? [0];
  return {
    pid,
    parent: stat.parent,
    depth,
    program: program(pid, status),
    state: stat.state,
    uptime: Math.max(0, Math.round(now - (stat.startTicks * 1000) / TICKS_PER_SECOND)),
    memory: Number(kib) * 1024,
  };
}

/** The first word of its command line; of a script with its interpreter, the script. */
function program(pid: number, status: string): string {
  const [first = '', second = ''] = readCommandLine(pid);
  const [kernel] = /(?<=^Name:\t).*/m.exec(status) ?? ['?'];
  const word = first === '' ? `[${kernel}]` : basename(second.startsWith('/') && /^(?:sh|bash|dash|perl|python[\d.]*|node|ruby)$/.test(basename(first)) ? second : first);
  return escapeControl(word, MAX_PROGRAM);
}
