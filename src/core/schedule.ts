/**
 * When a task runs: decisions without a clock.
 *
 * A run is known by the instant that it is scheduled for (ms since the epoch, a
 * whole second). Which instants there are is the timetable's to say, daylight
 * saving included (adapters/cron): a strictly rising row of instants. Here it
 * is decided what becomes of each, once. All instants up to the cursor are
 * decided; the cursor follows the wall clock, and only ever past instants that
 * were decided on. Hence:
 *
 * - Nothing is doubled: after a step of the clock back, up to CORRECTION, the
 *   task waits until the clock is past the cursor again. A clock that goes back
 *   further was wrong for long: the timetable is followed from the new time on,
 *   and what was run shortly before is remembered and not run again.
 * - Nothing is lost: what a step forward, or a sleep of the machine, leapt over
 *   is made up by one run for all of it, if the first of it is not older than
 *   CORRECTION. Beyond that, and for the time without a watcher, the task's
 *   `catchUp` decides.
 * - Editing never runs anything: a new or changed timetable begins at the time
 *   of the change.
 *
 * One run at a time: what falls due during one, or while one is delayed by the
 * jitter, is skipped or queued, at most one.
 */

/** The first scheduled instant after this one; undefined: none in a lifetime. */
export type Timetable = (after: number) => number | undefined;

/** ms; a step of the clock beyond this corrects a wrong clock (cron(8) draws the line there as well). */
export const CORRECTION = 3 * 3_600_000;
/** ms of lateness that need no explanation: a busy machine, a watcher that is replaced. */
export const LATE = 60_000;
const MOST_REMEMBERED = 64;

export interface SchedulePolicy {
  readonly overlap: 'skip' | 'queue';
  readonly catchUp: 'none' | 'once';
  /** ms */
  readonly jitter: number;
}

/** A run that is to be, or that was. */
export interface Due {
  /** undefined: by hand, or at boot. */
  readonly scheduled: number | undefined;
  readonly why: string;
}

/** What of a plan outlives its watcher. */
export interface PlanMemory {
  readonly cursor: number;
  readonly queued: Due | undefined;
  /** Instants of the last runs. */
  readonly ran: readonly number[];
}

export interface Plan extends PlanMemory {
  /** First instant after the cursor. */
  readonly next: number | undefined;
  readonly running: boolean;
  /** Waits for its jitter. */
  readonly delayed: Due | undefined;
}

export type Decision =
  | { readonly kind: 'start'; readonly due: Due }
  /** To be answered by delayOver after `delay` ms. */
  | { readonly kind: 'delay'; readonly due: Due; readonly delay: number }
  | { readonly kind: 'queue'; readonly due: Due; readonly why: string }
  | { readonly kind: 'skip'; readonly due: Due; readonly why: string }
  /** The clock was set back far: the timetable is followed from now on. */
  | { readonly kind: 'replan'; readonly why: string };

export type Step = readonly [Plan, readonly Decision[]];

export interface Moment {
  readonly policy: SchedulePolicy;
  /** Wall clock. */
  readonly now: number;
  /** In [0, 1). */
  readonly random: number;
  readonly timetable: Timetable;
  /** false: the first look after a time without a watcher. */
  readonly watched: boolean;
}

/** A task that is new, or whose timetable is: begins now. */
export function freshPlan(timetable: Timetable, now: number): Plan {
  return resumedPlan(timetable, { cursor: now, queued: undefined, ran: [] }, false);
}

/** @param running whether a run of an earlier watcher goes on */
export function resumedPlan(timetable: Timetable, memory: PlanMemory, running: boolean): Plan {
  const { cursor, queued, ran } = memory;
  return { cursor, queued, ran, next: timetable(cursor), running, delayed: undefined };
}

/** Whatever has fallen due by now. To be called at `next` at the latest, and now and then before, as clocks are set. */
export function look(plan: Plan, moment: Moment): Step {
  const { now, timetable, policy } = moment;
  if (plan.cursor - now > CORRECTION) {
    return [{ ...plan, cursor: now, next: timetable(now) }, [{ kind: 'replan', why: 'the clock was set back' }]];
  }
  if (plan.next === undefined || plan.next > now) return [plan, []];
  const scheduled = latestUntil(timetable, plan.next, now);
  const passed: Plan = { ...plan, cursor: scheduled, next: timetable(scheduled) };
  if (plan.ran.includes(scheduled)) return skip(passed, { scheduled, why: 'scheduled' }, 'it ran before the clock was set back');
  const late = now - scheduled;
  const inTime = late <= LATE + policy.jitter;
  // By the first of those that were missed: the last one of a frequent task is never old, however long the machine slept.
  const leapt = !inTime && moment.watched && now - plan.next <= CORRECTION;
  const why = inTime ? 'scheduled' : leapt ? 'made up: the clock was set forward, or the machine slept' : 'caught up: missed while no watcher ran or the machine slept';
  const due: Due = { scheduled, why };
  if (!inTime && !leapt && policy.catchUp === 'none') return skip(passed, due, 'missed while no watcher ran or the machine slept (catchUp: none)');
  if (passed.running || passed.delayed !== undefined) return overlap(passed, due, policy);
  const delay = inTime ? Math.max(0, Math.floor(moment.random * policy.jitter) - late) : 0;
  return delay > 0 ? [{ ...passed, delayed: due }, [{ kind: 'delay', due, delay }]] : start(passed, due);
}

/** The jitter's delay is over. */
export function delayOver(plan: Plan, policy: SchedulePolicy): Step {
  if (plan.delayed === undefined) return [plan, []];
  const free: Plan = { ...plan, delayed: undefined };
  return plan.running ? overlap(free, plan.delayed, policy) : start(free, plan.delayed);
}

/** The run has ended, or did not come to be. */
export function ended(plan: Plan): Step {
  const free: Plan = { ...plan, running: false, queued: undefined };
  return plan.queued === undefined ? [free, []] : start(free, plan.queued);
}

/** By hand, or at boot: at once, or by the overlap policy. */
export function request(plan: Plan, why: string, policy: SchedulePolicy): Step {
  const due: Due = { scheduled: undefined, why };
  return plan.running ? overlap(plan, due, policy) : start(plan, due);
}

/** A new timetable never runs anything by itself, and what waited for the old one is dropped. */
export function replanned(plan: Plan, timetable: Timetable, now: number): Plan {
  return { ...plan, cursor: now, next: timetable(now), delayed: undefined, queued: undefined };
}

function start(plan: Plan, due: Due): Step {
  const ran = due.scheduled === undefined ? plan.ran : [...plan.ran, due.scheduled].slice(-MOST_REMEMBERED);
  return [{ ...plan, running: true, ran }, [{ kind: 'start', due }]];
}

function skip(plan: Plan, due: Due, why: string): Step {
  return [plan, [{ kind: 'skip', due, why }]];
}

function overlap(plan: Plan, due: Due, policy: SchedulePolicy): Step {
  const busy = plan.running ? 'the last run has not ended' : 'the last one waits for its random delay';
  if (policy.overlap === 'skip') return skip(plan, due, busy);
  if (plan.queued !== undefined) return skip(plan, due, `${busy}, and one is queued already`);
  return [{ ...plan, queued: due }, [{ kind: 'queue', due, why: busy }]];
}

/** The last instant up to `until`, given one that is not after it: by halves, as there may be millions in between. */
function latestUntil(timetable: Timetable, first: number, until: number): number {
  const second = timetable(first);
  if (second === undefined || second > until) return first;
  let low = second;
  let high = until;
  // `low` is an instant; none lies after `high`, up to `until`.
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2);
    const found = timetable(middle);
    if (found === undefined || found > until) high = middle;
    else low = found;
  }
  return low;
}
