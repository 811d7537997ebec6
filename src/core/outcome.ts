/**
 * What came of an effect. An expected refusal is a value, not an exception; it
 * always says why and what to do next.
 */
import { describeExit, type ExitStatus } from './exit-status.js';
import type { ProcessIdentity } from './process-identity.js';

/** One word for programs; docs/exit-codes.md explains each to people. */
export type FailureCode =
  | 'failed' // it ended with an error
  | 'dependency' // something that it requires failed
  | 'timeout' // a deadline passed
  | 'not-ready' // it runs, but its readiness check did not pass in time
  | 'canceled' // another request took its place
  | 'masked' // an operator forbade the unit
  | 'not-found' // no such unit
  | 'not-installed' // executable or user missing
  | 'locked' // somebody else is at it
  | 'permission' // not allowed
  | 'foreign-process' // the pid file names a stranger
  | 'still-running' // it outlived SIGKILL
  | 'watcher-silent' // the watcher holds control, but does not answer
  | 'not-configured' // it says that configuration of its own is missing
  | 'no-quorum' // it says that too few of the others agree that it may run here
  | 'wrong-user' // it says that it was started as the wrong user
  | 'address-taken' // somebody else listens where it wants to
  | 'unsupported' // this service manager cannot do it
  | 'internal'; // a bug of ours

export type Outcome =
  | {
      readonly kind: 'ok';
      /** false: it was so already, nothing was done. */
      readonly changed: boolean;
      readonly detail: string;
      readonly process: ProcessIdentity | undefined;
    }
  /** A condition is not met, or the node has not the role: nothing done, nothing failed. */
  | { readonly kind: 'skipped'; readonly reason: string }
  | {
      readonly kind: 'failed';
      readonly code: FailureCode;
      /** "exited with status 1: cannot bind 0.0.0.0:80" */
      readonly reason: string;
      /** What the operator can do: "try: journalctl -u x.service" */
      readonly next: string;
    };

export function ok(changed: boolean, detail: string, process?: ProcessIdentity): Outcome {
  return { kind: 'ok', changed, detail, process };
}

export function skipped(reason: string): Outcome {
  return { kind: 'skipped', reason };
}

export function failed(code: FailureCode, reason: string, next: string): Extract<Outcome, { kind: 'failed' }> {
  return { kind: 'failed', code, reason, next };
}

/** How the reason of a daemon begins that is down because this node does not hold its role; the role, where it has another name, and more after a colon may follow. */
export const NOT_MASTER = 'not master';

/** @param detail what more is known, to be put right after: "; its last output: …"; or empty */
export function notMasterReason(exit: ExitStatus, detail = ''): string {
  return `${NOT_MASTER}: it ${describeExit(exit)}${detail}`;
}

/** Of a role that is known not to be held here: it says "not master" whatever the role is called, so that nobody takes a standby node for a broken one. */
export function roleDenied(role: string, why: string): string {
  return `${NOT_MASTER}${role === 'master' ? '' : ` (role ${role})`}: ${why}`;
}

const SAYS_NOT_MASTER = new RegExp(`^${NOT_MASTER}(?: \\(role [^)]+\\))?(?::|$)`);

export function saysNotMaster(reason: string): boolean {
  return SAYS_NOT_MASTER.test(reason);
}

export function isNotMaster(outcome: Outcome): boolean {
  return outcome.kind === 'skipped' && saysNotMaster(outcome.reason);
}
