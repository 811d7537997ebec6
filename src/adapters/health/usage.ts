/** What a daemon takes of memory and CPU, read from /proc at the moment of the look. */
import { readFileSync } from 'node:fs';
import type { CheckMethod } from '../../core/check-method.js';
import { formatDuration } from '../../core/duration.js';
import type { CheckResult } from '../../core/health.js';
import { TICKS_PER_SECOND, type ProcessIdentity } from '../../core/process-identity.js';
import type { Clock } from '../../ports/clock.js';
import type { ProcessTable } from '../../ports/process-table.js';
import { errorCode } from '../host/error-code.js';

type MemoryLimit = Extract<CheckMethod, { kind: 'memory' }>;
type CpuLimit = Extract<CheckMethod, { kind: 'cpu' }>;

const MIB = 1024 * 1024;

/** The main process, and the rest of its session where that counts too. */
function members(main: ProcessIdentity, session: boolean, processes: ProcessTable): readonly ProcessIdentity[] {
  return session ? [main, ...processes.sessionMembers(main)] : [main];
}

export function memoryLook(limit: MemoryLimit, main: ProcessIdentity, processes: ProcessTable): CheckResult {
  const bytes = members(main, limit.session, processes).reduce((sum, { pid }) => sum + residentBytes(pid), 0);
  return {
    healthy: bytes <= limit.maxBytes,
    reason: `resident memory is ${mebibytes(bytes)}, the limit ${mebibytes(limit.maxBytes)}`,
  };
}

function mebibytes(bytes: number): string {
  return `${bytes < 10 * MIB ? (bytes / MIB).toFixed(1) : Math.round(bytes / MIB)} MiB`;
}

/** VmRSS: in kB whatever the size of a page. 0: it has ended. */
function residentBytes(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(readOrEmpty(`/proc/${pid}/status`));
  return match === null ? 0 : Number(match[1]) * 1024;
}

/** CPU time over a window that slides from look to look. */
export class CpuUsage {
  /** Cumulative; the first one is the newest that is as old as the window, or older. */
  readonly #samples: { readonly at: number; readonly used: number }[] = [];

  constructor(
    private readonly limit: CpuLimit,
    private readonly main: ProcessIdentity,
    private readonly processes: ProcessTable,
    private readonly clock: Clock,
  ) {
    this.#sample();
  }

  look(): CheckResult {
    const now = this.#sample();
    const [first] = this.#samples;
    const { window, maxShare } = this.limit;
    const span = first === undefined ? 0 : now.at - first.at;
    // A short burst is no fault: the whole window has to be seen.
    if (first === undefined || span < window) return { healthy: true, reason: `watched for ${formatDuration(span)} of ${formatDuration(window)}` };
    const share = (now.used - first.used) / span;
    return { healthy: share <= maxShare, reason: `took ${percent(share)} of a CPU over ${formatDuration(span)}, the limit is ${percent(maxShare)}` };
  }

  #sample(): { readonly at: number; readonly used: number } {
    const sample = { at: this.clock.monotonic(), used: members(this.main, this.limit.session, this.processes).reduce((sum, { pid }) => sum + cpuTime(pid, this.limit.session), 0) };
    this.#samples.push(sample);
    while (this.#samples.length > 2 && sample.at - (this.#samples[1]?.at ?? sample.at) >= this.limit.window) this.#samples.shift();
    return sample;
  }
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
}

/** ms of CPU time. With `ended`: and that of its children that have ended, which no other process of the session holds. */
function cpuTime(pid: number, ended: boolean): number {
  const text = readOrEmpty(`/proc/${pid}/stat`);
  const fields = text.slice(text.lastIndexOf(') ') + 2).split(' ');
  // proc_pid_stat(5): utime, stime, cutime, cstime are the fields 14 to 17, and the third one is the first after the name.
  const ticks = fields.slice(11, ended ? 15 : 13).reduce((sum, field) => sum + Number(field), 0);
  return Number.isFinite(ticks) ? (ticks * 1000) / TICKS_PER_SECOND : 0;
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    if (errorCode(error) !== undefined) return '';
    throw error;
  }
}
