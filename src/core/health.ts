/**
 * The verdict over a health check: pure, with results and times as arguments.
 *
 * A check begins `unknown`: the daemon has just shown that it is of use, by its
 * start-up check, so nothing is held against it. `failureThreshold` failures in
 * a row make it `unhealthy`, `successThreshold` successes in a row make it
 * `healthy`; a result on the other side begins a new row. A look that nobody
 * could take is no result: the row goes on with the next one. One look is under way
 * at most, and the next is planned from its end, so looks never pile up.
 */
import type { CheckMethod } from './check-method.js';
import type { HealthCheck } from './daemon.js';

export interface CheckResult {
  readonly healthy: boolean;
  /** Why, in words; also of a good result. */
  readonly reason: string;
  /** Healthy, but not for long: OCF's degraded (190, 191). */
  readonly remark?: string;
}

/** Nobody could look: that says nothing of the daemon, neither good nor bad. */
export interface Unseen {
  readonly healthy: undefined;
  /** Why nobody could. */
  readonly reason: string;
}

export type LookResult = CheckResult | Unseen;

export type Verdict = 'unknown' | 'healthy' | 'unhealthy';

export interface CheckState {
  readonly verdict: Verdict;
  /** Results of the kind of `known` in a row. */
  readonly row: number;
  /** The last one that says something of the daemon. */
  readonly known: CheckResult | undefined;
  readonly last: LookResult | undefined;
  /** Wall ms of it. */
  readonly at: number | undefined;
}

export const UNLOOKED: CheckState = { verdict: 'unknown', row: 0, known: undefined, last: undefined, at: undefined };

/** As `status --json` tells it. */
export interface CheckReport {
  readonly name: string;
  readonly kind: HealthCheck['kind'];
  readonly by: CheckMethod['kind'];
  /** `suspended`: nobody looks now, see the daemon's reason. */
  readonly state: Verdict | 'suspended';
  /** The last result in words; null: no look has come to an end yet. */
  readonly last: string | null;
  /** Results of this kind in a row. */
  readonly consecutive: number;
  /** ms since the epoch of the last result. */
  readonly at: number | null;
}

/** While a readiness check fails, its dependants wait: it is looked at so often, that they wait no longer than they must. */
const RECOVERY_INTERVAL = 500;

/** @param at wall ms */
export function afterLook(check: HealthCheck, state: CheckState, result: LookResult, at: number): CheckState {
  if (result.healthy === undefined) return { ...state, last: result, at };
  const row = state.known?.healthy === result.healthy ? state.row + 1 : 1;
  const enough = row >= (result.healthy ? check.successThreshold : check.failureThreshold);
  // From `unknown` the first success is enough: there is nothing to recover from.
  const decided = enough || (result.healthy && state.verdict === 'unknown');
  return { verdict: decided ? (result.healthy ? 'healthy' : 'unhealthy') : state.verdict, row, known: result, last: result, at };
}

/**
 * ms until the first look: the grace, and then anywhere within the interval, so
 * that the checks of a machine are spread in time.
 * @param chance in [0, 1)
 */
export function firstLookAfter(check: HealthCheck, chance: number): number {
  // A watchdog is no look but a deadline: there is nothing to be spread.
  return check.grace + (check.method.kind === 'watchdog' ? check.interval : Math.round(check.interval * chance));
}

/** ms from the end of a look to the next. */
export function nextLookAfter(check: HealthCheck, state: CheckState): number {
  return check.kind === 'readiness' && state.verdict === 'unhealthy' ? Math.min(check.interval, RECOVERY_INTERVAL) : check.interval;
}

/** What is told of an unhealthy check: "liveness check answers failed 3 times: no answer within 3 s". */
export function complaint(check: HealthCheck, state: CheckState): string {
  const times = state.row === 1 ? 'failed' : `failed ${state.row} times`;
  return `${check.kind} check ${check.name} ${times}: ${state.known?.reason ?? 'not looked at'}`;
}

export function checkReport(check: HealthCheck, state: CheckState, suspended: boolean): CheckReport {
  const { last } = state;
  return {
    name: check.name,
    kind: check.kind,
    by: check.method.kind,
    state: suspended ? 'suspended' : state.verdict,
    last: last === undefined ? null : last.healthy === undefined || last.remark === undefined ? last.reason : `${last.reason} (${last.remark})`,
    consecutive: state.row,
    at: state.at === undefined ? null : Math.round(state.at),
  };
}

/** What an exit status of the OCF resource agent API says; others than 0 mean only that it failed. */
const OCF: Readonly<Record<number, { readonly healthy: boolean; readonly words: string; readonly remark?: string }>> = {
  1: { healthy: false, words: 'failed' },
  2: { healthy: false, words: 'wrong arguments' },
  3: { healthy: false, words: 'not implemented' },
  4: { healthy: false, words: 'insufficient privileges' },
  5: { healthy: false, words: 'not installed' },
  6: { healthy: false, words: 'not configured' },
  7: { healthy: false, words: 'not running' },
  8: { healthy: true, words: 'running in the promoted role' },
  9: { healthy: false, words: 'failed in the promoted role' },
  190: { healthy: true, words: 'running', remark: 'degraded: likely to fail soon' },
  191: { healthy: true, words: 'running in the promoted role', remark: 'degraded: likely to fail soon' },
};

/** @param said what the program printed, already escaped; may be empty */
export function execResult(status: number, said: string): CheckResult {
  const more = said === '' ? '' : `: ${said}`;
  if (status === 0) return { healthy: true, reason: `exit status 0${more}` };
  const meaning = OCF[status];
  const reason = `exit status ${status}${meaning === undefined ? '' : ` (${meaning.words})`}${more}`;
  if (meaning === undefined) return { healthy: false, reason };
  return { healthy: meaning.healthy, reason, ...(meaning.remark === undefined ? {} : { remark: meaning.remark }) };
}
