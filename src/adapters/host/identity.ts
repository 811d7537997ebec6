/** Processes by their pid and start time, from /proc. */
import { existsSync } from 'node:fs';
import type { ProcessIdentity } from '../../core/process-identity.js';
import { bootId, hasEnded, readStat } from './proc.js';

/** The process that has this pid now; undefined if none, or a zombie. */
export function identify(pid: number): ProcessIdentity | undefined {
  if (!Number.isSafeInteger(pid) || pid < 1) return undefined;
  const stat = readStat(pid);
  return stat === undefined || hasEnded(stat) ? undefined : { pid, startTicks: stat.startTicks, bootId: bootId() };
}

/** Whether exactly this process still runs. */
export function isAlive(process: ProcessIdentity): boolean {
  // On the way of each restart: no exception for what is gone, as usual.
  if (!existsSync(`/proc/${process.pid}`)) return false;
  return process.bootId === bootId() && identify(process.pid)?.startTicks === process.startTicks;
}
