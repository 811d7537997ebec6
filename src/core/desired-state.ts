/** What is wanted of a daemon now, from what was said of it, when, and the boot since. */
import type { BootPolicy, DesiredState } from './daemon.js';
import { TICKS_PER_SECOND, type ProcessIdentity } from './process-identity.js';

/** What the operator wants of a daemon, since when, and who said so. */
export interface DesiredRecord {
  readonly desired: DesiredState;
  /** ms since the epoch */
  readonly at: number;
  /** "daemon-util stop (uid 0, pid 4711)" */
  readonly by: string;
  /** The boot in which it was said. */
  readonly bootId: string;
  /** A `down` that also stands against the boot policy and against starts of many. */
  readonly hold?: boolean;
  /** A `down` for all daemons at once: the node was to be quiet, this one was not singled out. */
  readonly whole?: boolean;
  /** Of a `down`: the process that ran the command, see isAskersOwn. */
  readonly asker?: string;
  /** ms since boot when it was said, as the wall clock may be stepped. */
  readonly uptime?: number;
}

/** "4711/75338": pid and start time in clock ticks of the process that ran a command. */
export const ASKER = /^[1-9][0-9]{0,9}\/[0-9]{1,20}$/;

/**
 * Whether a check-and-start is asked for by the very process that had the daemon
 * stopped: that is how cluster software restarts one that does not answer
 * (ganeti-watcher does it with the daemon of the remote API).
 */
export function isAskersOwn(asker: string | undefined, stopped: string | undefined): boolean {
  return asker !== undefined && asker === stopped;
}

/** The words of it in a daemon's entry of the catalogue. */
export interface DesiredPolicy {
  readonly boot: BootPolicy;
  readonly onDemand: boolean;
}

export interface Wanted {
  readonly desired: DesiredState;
  /** "stopped by daemon-util stop web (uid 0, pid 4711)" */
  readonly reason: string;
  readonly held: boolean;
}

/** @param bootId of this boot */
export function wantedNow(policy: DesiredPolicy, record: DesiredRecord | undefined, bootId: string): Wanted {
  if (record !== undefined && stands(policy, record, bootId)) return said(record);
  if (policy.onDemand) return { desired: 'down', reason: 'on demand: started only when it is asked for', held: false };
  switch (policy.boot) {
    case 'always':
      return { desired: 'up', reason: 'boot policy always', held: false };
    case 'never':
      return { desired: 'down', reason: 'boot policy never: down until somebody asks', held: false };
    case 'last':
      return { desired: 'up', reason: 'wanted up', held: false };
  }
}

/** The same where somebody's word keeps it down, and not its entry of the catalogue; undefined: nobody's does. */
export function saidDown(policy: DesiredPolicy, record: DesiredRecord | undefined, bootId: string): Wanted | undefined {
  return record?.desired === 'down' && stands(policy, record, bootId) ? said(record) : undefined;
}

/** A hold for ever, another word in its boot, or across boots where that is the policy. */
function stands({ boot, onDemand }: DesiredPolicy, record: DesiredRecord, bootId: string): boolean {
  return isHeldDown(record) || record.bootId === bootId || (boot === 'last' && !onDemand);
}

function isHeldDown({ hold, desired }: DesiredRecord): boolean {
  return hold === true && desired === 'down';
}

function said(record: DesiredRecord): Wanted {
  const { desired, by } = record;
  if (isHeldDown(record)) return { desired, reason: `held down by ${by}`, held: true };
  return { desired, reason: desired === 'down' ? `stopped by ${by}` : `started by ${by}`, held: false };
}

/** Within a boot by the time since it, which nobody sets. */
function wasSaidAfter(one: DesiredRecord, other: DesiredRecord): boolean {
  if (one.bootId === other.bootId && one.uptime !== undefined && other.uptime !== undefined) return one.uptime > other.uptime;
  return one.at > other.at;
}

/** What was said last of those that want a daemon up; undefined: none does. */
export function latestWishUp(all: Iterable<DesiredRecord | undefined>): DesiredRecord | undefined {
  let latest: DesiredRecord | undefined;
  for (const record of all) if (record?.desired === 'up' && (latest === undefined || wasSaidAfter(record, latest))) latest = record;
  return latest;
}

/**
 * Whether what keeps a daemon down is only a stop of all, after which something
 * was started again. Cluster software stops all on a node, starts the few that it
 * needs, and counts on a periodic check-and-start for the rest: who asks for that
 * may start it. A stop of this very daemon, or one that holds, stands.
 *
 * @param latestUp asked for only where it decides, as it takes a look at all daemons
 */
export function isRevivable(record: DesiredRecord | undefined, latestUp: () => DesiredRecord | undefined): boolean {
  if (record?.desired !== 'down' || record.whole !== true || record.hold === true) return false;
  const latest = latestUp();
  return latest !== undefined && wasSaidAfter(latest, record);
}

/**
 * Whether this process was there when it was said that the daemon is to be down:
 * then nobody has started it since, and it is the stop that did not come to its end.
 */
export function isUnfinished(record: DesiredRecord | undefined, process: ProcessIdentity): boolean {
  if (record?.desired !== 'down' || record.uptime === undefined || record.bootId !== process.bootId) return false;
  // Ticks are rounded down: one more, or a process of the same moment would be taken for an older one.
  return ((process.startTicks + 1) * 1000) / TICKS_PER_SECOND <= record.uptime;
}
