/**
 * The exit statuses of the OCF resource agent API 1.1, and what an outcome or a
 * daemon's state is in them. 5 means "not on this node": the cluster goes
 * elsewhere at once; 6, "nowhere", is too strong for whatever one node can know.
 */
import type { StatusState } from './daemon-status.js';
import type { ErrorCodeName } from './errors.js';
import { escapeControl } from './escape.js';
import type { FailureCode, Outcome } from './outcome.js';

export const OCF = {
  success: 0,
  generic: 1,
  arguments: 2,
  unimplemented: 3,
  permission: 4,
  installed: 5,
  configured: 6,
  notRunning: 7,
  promoted: 8,
  failedPromoted: 9,
  degraded: 190,
  degradedPromoted: 191,
} as const;

const MAX_REASON = 500;

export type OcfStatus = (typeof OCF)[keyof typeof OCF];

/** What an agent answers; the reason goes to the cluster's own status display. */
export interface OcfAnswer {
  readonly status: OcfStatus;
  readonly reason?: string;
}

export const OCF_OK: OcfAnswer = { status: OCF.success };

/** Another node may do better. */
const NOT_HERE: ReadonlySet<FailureCode> = new Set(['not-found', 'not-installed', 'masked', 'unsupported']);

export function startAnswer(outcome: Outcome): OcfAnswer {
  switch (outcome.kind) {
    case 'ok':
      return OCF_OK;
    case 'skipped':
      return { status: OCF.installed, reason: `not to be started on this node: ${outcome.reason}` };
    case 'failed':
      return { status: failureStatus(outcome.code), reason: outcome.reason };
  }
}

/** What is not there is stopped. */
export function stopAnswer(outcome: Outcome): OcfAnswer {
  if (outcome.kind !== 'failed') return OCF_OK;
  return { status: outcome.code === 'permission' ? OCF.permission : OCF.generic, reason: outcome.reason };
}

function failureStatus(code: FailureCode): OcfStatus {
  if (NOT_HERE.has(code)) return OCF.installed;
  return code === 'permission' ? OCF.permission : OCF.generic;
}

export interface Seen {
  readonly observed: StatusState;
  readonly pid: number | null;
  readonly reason: string;
}

/** @param knowsDegraded whether this version of the cluster takes 190 for success */
export function monitorAnswer({ observed, pid, reason }: Seen, knowsDegraded: boolean): OcfAnswer {
  switch (observed) {
    case 'running':
    case 'starting':
      return OCF_OK;
    case 'degraded':
      return knowsDegraded ? { status: OCF.degraded, reason } : OCF_OK;
    case 'stopping':
      // Its process is there: the cluster must not take this node for free of it.
      return pid === null ? { status: OCF.notRunning } : OCF_OK;
    case 'stopped':
      return { status: OCF.notRunning };
    case 'waiting':
    case 'backing-off':
    case 'crash-loop':
    case 'given-up':
    case 'failed':
      return { status: OCF.notRunning, reason };
  }
}

/** What a resource means that nothing of this node can be: nothing of it can ever have been started. */
export function nothingThere(action: string, { isProbe }: { readonly isProbe: boolean }, otherwise: OcfAnswer): OcfAnswer {
  if (action === 'stop' || action === 'demote') return OCF_OK;
  return action === 'monitor' && isProbe ? { status: OCF.notRunning } : otherwise;
}

/** Errors that end a command, for a caller that knows only these statuses. */
export function errorAnswer(code: ErrorCodeName, reason: string): OcfAnswer {
  switch (code) {
    case 'CONFIG_INVALID':
    case 'CONFIG_UNREADABLE':
    case 'UNKNOWN_DAEMON':
      return { status: OCF.installed, reason };
    case 'USAGE':
      return { status: OCF.arguments, reason };
    default:
      return { status: OCF.generic, reason };
  }
}

/** Pacemaker shows the rest of such a line of stderr as the reason of a failure. */
export function spokenReason(reason: string): string {
  return `ocf-exit-reason:${escapeControl(reason, MAX_REASON)}`;
}

/** Since crm_feature_set 3.0.9 (Pacemaker 1.1.13) a degraded resource is one that runs. */
export function knowsDegraded(featureSet: string | undefined): boolean {
  const [major = 0, minor = 0, patch = 0] = (featureSet ?? '').split('.').map(Number);
  return major > 3 || (major === 3 && (minor > 0 || patch >= 9));
}
