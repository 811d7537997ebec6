/**
 * Decides what follows an end that nobody asked for: pure, with time and chance
 * as arguments, and always with the reason in words.
 *
 * A *row* of failures goes on until the daemon has been up for `stableAfter`
 * (twice the last delay if that is more). Within a row the delay grows; and
 * failures in a sliding window (`intensity` within `period`, as in OTP's
 * supervisor) are a crash loop, which goes on slowly and visibly.
 */
import type { RestartPolicy } from './daemon.js';
import { formatDuration } from './duration.js';
import { describeExit, type ExitStatus } from './exit-status.js';
import { notMasterReason } from './outcome.js';

/** What is remembered of a daemon's failures. Instants are monotonic ms since boot. */
export interface Tally {
  /** Instants of the failures within the period. */
  readonly failures: readonly number[];
  /** Restarts in this row. */
  readonly row: number;
  readonly lastDelay: number;
  /** The intensity was exceeded, and no stable uptime has been seen since. */
  readonly looping: boolean;
}

export const CLEAN_TALLY: Tally = { failures: [], row: 0, lastDelay: 0, looping: false };

export type Failure =
  /** `detail` is what more is known, to be put right after: "; its last output: …"; or empty. */
  | { readonly kind: 'exit'; readonly exit: ExitStatus; readonly detail: string }
  /** It could not be spawned, or did not get ready in time. */
  | { readonly kind: 'start'; readonly reason: string; readonly retry: boolean };

export interface Statuses {
  readonly success: readonly number[];
  readonly neverRetry: readonly number[];
  readonly notMaster: number;
}

export type Decision =
  | { readonly kind: 'restart'; readonly delay: number; readonly tally: Tally; readonly reason: string }
  | { readonly kind: 'crash-loop'; readonly delay: number; readonly tally: Tally; readonly reason: string }
  | { readonly kind: 'give-up'; readonly tally: Tally; readonly reason: string }
  /** It ended well, or this node has not the role: nothing failed. */
  | { readonly kind: 'stay-down'; readonly reason: string };

/** Uptime, in ms, that ends a row of failures. */
export function stableUptime(policy: RestartPolicy, tally: Tally): number {
  return Math.max(policy.stableAfter, 2 * tally.lastDelay);
}

/** The delay before the next restart, jitter included. `random` is in [0, 1). */
export function restartDelay(policy: RestartPolicy, row: number, random: number): number {
  if (row < policy.immediateRestarts) return policy.firstDelay;
  const grown = policy.baseDelay * policy.factor ** (row - policy.immediateRestarts);
  return jittered(Math.min(grown, policy.maxDelay), policy.jitter, random);
}

function jittered(delay: number, jitter: number, random: number): number {
  return Math.round(delay * (1 + jitter * (2 * random - 1)));
}

/** What went wrong, in words. */
export function describeFailure(failure: Failure): string {
  if (failure.kind === 'start') return failure.reason;
  return `${describeExit(failure.exit)}${failure.detail}`;
}

/** An exit that is no failure, or that no restart can mend; undefined: count it. */
function finalDecision(policy: RestartPolicy, statuses: Statuses, failure: Failure, tally: Tally): Decision | undefined {
  const what = describeFailure(failure);
  if (failure.kind === 'start' && !failure.retry) return { kind: 'give-up', tally, reason: what };
  if (failure.kind === 'exit' && failure.exit.kind === 'exited') {
    const { status } = failure.exit;
    if (status === statuses.notMaster) return { kind: 'stay-down', reason: notMasterReason(failure.exit, failure.detail) };
    if (statuses.neverRetry.includes(status)) {
      return { kind: 'give-up', tally, reason: `${what}, which no restart can mend (neverRetryExitStatuses)` };
    }
    if (policy.when === 'on-failure' && (status === 0 || statuses.success.includes(status))) {
      return { kind: 'stay-down', reason: `${what}, which is success (restart policy on-failure)` };
    }
  }
  if (policy.when === 'never') return { kind: 'stay-down', reason: `${what} (restart policy never)` };
  return undefined;
}

/**
 * @param uptime ms from ready (or start) to the end; 0 for a failed start
 * @param now    monotonic ms
 * @param random in [0, 1), decides the jitter
 */
export function decideRestart(
  policy: RestartPolicy,
  statuses: Statuses,
  failure: Failure,
  before: Tally,
  uptime: number,
  now: number,
  random: number,
): Decision {
  const tally = uptime >= stableUptime(policy, before) ? CLEAN_TALLY : before;
  const final = finalDecision(policy, statuses, failure, tally);
  if (final !== undefined) return final;

  const what = describeFailure(failure);
  const failures = [...tally.failures.filter((at) => at > now - policy.period), now].slice(-policy.intensity);
  const exceeded = failures.length >= policy.intensity;
  if (exceeded && policy.onIntensity === 'give-up') {
    const reason = `${what}; ${failures.length} failures within ${formatDuration(policy.period)}`;
    return { kind: 'give-up', tally: { ...tally, failures, looping: true }, reason };
  }
  if (exceeded || tally.looping) {
    const delay = jittered(policy.slowRetryDelay, policy.jitter, random);
    return {
      kind: 'crash-loop',
      delay,
      // The slow delay is no measure of stability: the row's own last delay stays.
      tally: { failures, row: tally.row + 1, lastDelay: tally.lastDelay, looping: true },
      reason: `${what}; crash loop (${policy.intensity} failures within ${formatDuration(policy.period)})`,
    };
  }
  const delay = restartDelay(policy, tally.row, random);
  return { kind: 'restart', delay, tally: { failures, row: tally.row + 1, lastDelay: delay, looping: false }, reason: what };
}
