import { formatInstant } from './instant.js';

/**
 * Pauses: while one holds for a daemon, nothing is done to it by itself. Each is
 * a lease of its own, with owner, reason and expiry, so that one tool's resume
 * does not cancel another's (ganeti#1003, #1201). Instants are ms since the epoch:
 * a person says "until two o'clock".
 */
export interface PauseLease {
  readonly id: string;
  readonly owner: string;
  readonly reason: string;
  /** Names; undefined: all daemons. */
  readonly daemons: readonly string[] | undefined;
  readonly since: number;
  readonly until: number;
}

/** The id of the lease that is a file of somebody else's: it ends with the file, not by a resume. */
export const PAUSE_FILE_ID = 'pause-file';

export function isActive(lease: PauseLease, now: number): boolean {
  return lease.until > now;
}

export function concerns(lease: PauseLease, daemon: string): boolean {
  return lease.daemons === undefined || lease.daemons.includes(daemon);
}

/** Why nothing is to be done to this daemon; of several pauses the one that ends last. undefined: none. */
export function pausedReason(leases: readonly PauseLease[], daemon: string, now: number): string | undefined {
  const [last] = leases.filter((lease) => isActive(lease, now) && concerns(lease, daemon)).sort((a, b) => b.until - a.until);
  return last === undefined ? undefined : `paused by ${last.owner} until ${formatInstant(last.until)}: ${last.reason}`;
}

/** The instant at which the answer to `pausedReason` may change by itself; undefined: never. */
export function nextExpiry(leases: readonly PauseLease[], now: number): number | undefined {
  const ends = leases.filter((lease) => isActive(lease, now)).map(({ until }) => until);
  return ends.length === 0 ? undefined : Math.min(...ends);
}

export interface ResumeWish {
  /** Leases of this owner; undefined: of everybody. */
  readonly owner: string | undefined;
  readonly id: string | undefined;
  /** Leases for exactly these daemons; empty: whatever they are for. */
  readonly daemons: readonly string[];
}

/** What a resume leaves in force, and what it ends. Never the pause file: only whoever wrote it knows what it is for. */
export function resumed(leases: readonly PauseLease[], wish: ResumeWish): { readonly left: readonly PauseLease[]; readonly ended: readonly PauseLease[] } {
  const ends = (lease: PauseLease): boolean => {
    if (lease.id === PAUSE_FILE_ID) return false;
    if (wish.id !== undefined) return lease.id === wish.id;
    if (wish.owner !== undefined && lease.owner !== wish.owner) return false;
    return wish.daemons.length === 0 || sameNames(lease.daemons ?? [], wish.daemons);
  };
  return { left: leases.filter((lease) => !ends(lease)), ended: leases.filter(ends) };
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name) => b.includes(name));
}

/**
 * The pause file of the old watcher's kind: its first line is the Unix time (s)
 * until which it pauses everything. undefined: rubbish, or no pause.
 */
export function leaseOfPauseFile(path: string, firstLine: string, modified: number): PauseLease | undefined {
  if (!/^\d{1,12}$/.test(firstLine.trim())) return undefined;
  const until = Number(firstLine.trim()) * 1000;
  return { id: PAUSE_FILE_ID, owner: path, reason: 'pause file', daemons: undefined, since: modified, until };
}
