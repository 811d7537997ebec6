/**
 * What the LSB wants an init script's `status` to say of a daemon, and of the
 * group of all: 0 runs, 1 dead though it should run (or left its pid file),
 * 3 not running. (4, unknown, is for whoever could not ask.)
 */
import type { DaemonSpec } from './daemon.js';
import { isUp, type DaemonStatus } from './daemon-status.js';

export const LSB_RUNNING = 0;
export const LSB_DEAD = 1;
export const LSB_NOT_RUNNING = 3;
export const LSB_UNKNOWN = 4;

export type LsbStatus = typeof LSB_RUNNING | typeof LSB_DEAD | typeof LSB_NOT_RUNNING;

export interface LsbSubject {
  readonly spec: DaemonSpec;
  readonly status: DaemonStatus;
  /** Whether its pid file is there. */
  readonly pidFile: boolean;
  /** Whether a condition of it is unmet, so that a start would be skipped. */
  readonly heldBack: boolean;
}

export function lsbStatus({ status, pidFile }: LsbSubject): LsbStatus {
  if (isUp(status.observed) || status.observed === 'stopping') return LSB_RUNNING;
  if (status.observed === 'stopped' || status.observed === 'waiting') return pidFile ? LSB_DEAD : LSB_NOT_RUNNING;
  return LSB_DEAD;
}

/**
 * Of all: running if what should run does. Where nothing runs at all, it does
 * not run, whatever the reasons: that is what a stop of all leaves behind.
 *
 * @param notMaster GroupSpec.notMasterExitStatus
 */
export function lsbStatusOfAll(subjects: readonly LsbSubject[], notMaster: number): LsbStatus {
  const judged = subjects.map((subject) => ({ subject, lsb: lsbStatus(subject) }));
  const faults = judged.filter(({ subject, lsb }) => lsb !== LSB_RUNNING && !mayBeDown(subject, notMaster)).map(({ lsb }) => lsb);
  if (faults.includes(LSB_DEAD)) return LSB_DEAD;
  const anyRuns = judged.some(({ lsb }) => lsb === LSB_RUNNING);
  return anyRuns && faults.length === 0 ? LSB_RUNNING : LSB_NOT_RUNNING;
}

/** Down for a good reason: nobody wants it up here, or it said itself that it has nothing to do. */
function mayBeDown({ spec, status, heldBack, pidFile }: LsbSubject, notMaster: number): boolean {
  const { lastExit } = status;
  if (status.observed !== 'stopped') return false;
  if (status.desired === 'down') return !pidFile;
  if (spec.onDemand || heldBack) return true;
  if (lastExit?.kind !== 'exited' || spec.restart.when === 'always') return false;
  return lastExit.status === 0 || lastExit.status === notMaster || spec.successExitStatuses.includes(lastExit.status);
}
