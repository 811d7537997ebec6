/** The record of a task: its last runs, and what a next watcher must know. */
import { describeExit, type ExitStatus } from './exit-status.js';
import type { ProcessIdentity } from './process-identity.js';
import type { PlanMemory } from './schedule.js';

export type RunResult =
  | 'running'
  | 'ok'
  | 'failed'
  | 'timed-out'
  /** It could not be started. */
  | 'not-started'
  /** Its watcher ended before it: how it went on is not known. */
  | 'cut-off';

export interface TaskRun {
  /** Rises by one. */
  readonly id: number;
  /** The instant that it was scheduled for; null: by hand, or at boot. */
  readonly scheduled: number | null;
  /** Why it was started. */
  readonly why: string;
  /** ms since the epoch */
  readonly startedAt: number;
  /** ms since boot, for its time-out under the next watcher. */
  readonly startedMonotonic: number;
  /** null: not known yet, or it never came to be. */
  readonly process: ProcessIdentity | null;
  /** ms; null: it runs, or nobody saw its end. */
  readonly took: number | null;
  readonly result: RunResult;
  readonly exit: ExitStatus | null;
  /** "exited with status 3" */
  readonly reason: string;
  /** The last lines, escaped. */
  readonly output: readonly string[];
  /** Lines before these. */
  readonly omitted: number;
}

/** Runs that did not take place, since the last one that did. */
export interface Skipped {
  readonly count: number;
  /** ms since the epoch, of the last one */
  readonly at: number;
  readonly why: string;
}

export interface TaskRecord {
  /** Fingerprint of the timetable that `plan` is of. */
  readonly timetable: string;
  readonly plan: PlanMemory;
  /** The boot in which `at: boot` was done with. */
  readonly boot: string | null;
  readonly skipped: Skipped | null;
  /** The newest last. */
  readonly runs: readonly TaskRun[];
}

export const MOST_RUNS = 30;
/** Of the output in a record; lines are cut where they are read. */
export const MOST_LINES = 20;

export function emptyRecord(timetable: string, now: number): TaskRecord {
  return { timetable, plan: { cursor: now, queued: undefined, ran: [] }, boot: null, skipped: null, runs: [] };
}

export function lastRun(record: TaskRecord): TaskRun | undefined {
  return record.runs.at(-1);
}

export function beginRun(record: TaskRecord, begin: Pick<TaskRun, 'scheduled' | 'why' | 'startedAt' | 'startedMonotonic'>): TaskRecord {
  const id = (lastRun(record)?.id ?? 0) + 1;
  const run: TaskRun = { id, ...begin, process: null, took: null, result: 'running', exit: null, reason: 'runs', output: [], omitted: 0 };
  return { ...record, skipped: null, runs: [...record.runs, run].slice(-MOST_RUNS) };
}

/** Changes the last run. */
export function withRun(record: TaskRecord, change: Partial<TaskRun>): TaskRecord {
  const run = lastRun(record);
  return run === undefined ? record : { ...record, runs: [...record.runs.slice(0, -1), { ...run, ...change }] };
}

export function withSkip(record: TaskRecord, at: number, why: string): TaskRecord {
  return { ...record, skipped: { count: (record.skipped?.count ?? 0) + 1, at, why } };
}

/** A run that its watcher did not see the end of, and that runs no more. */
export const CUT_OFF: Partial<TaskRun> = {
  result: 'cut-off',
  reason: 'cut off: the watcher ended before it; how it went on is not known',
};

export function describeEnd(exit: ExitStatus, timedOut: boolean, timeout: number): Pick<TaskRun, 'result' | 'exit' | 'reason'> {
  if (timedOut) return { result: 'timed-out', exit, reason: `ended after its time-out of ${timeout} ms: ${describeExit(exit)}` };
  const good = exit.kind === 'exited' && exit.status === 0;
  return { result: good ? 'ok' : 'failed', exit, reason: describeExit(exit) };
}
