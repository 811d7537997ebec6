/** When a task runs, with what, and what that waits for. */
import type { Due, Timetable } from '../core/schedule.js';
import type { TaskSpec } from '../core/task.js';
import type { TaskRecord } from '../core/task-run.js';
import type { Clock } from '../ports/clock.js';
import type { Cron } from '../ports/cron.js';
import type { Log } from '../ports/log.js';
import type { TaskLaunch } from '../ports/task-launcher.js';
import { within } from './within.js';

/** ms; a full disk keeps no task from running, and no hung one does. */
const DISK_PATIENCE = 10_000;

/** Set in a task's environment, so that a run is found whose pid could not be written down any more. */
export const markerOf = (name: string): string => `task:${name}`;

export function timetableOf({ enabled, schedule, timezone }: TaskSpec, cron: Cron): Timetable {
  return enabled && schedule !== undefined ? cron.timetable(schedule, timezone) : () => undefined;
}

export function launchOf({ name, argv, environment, workingDirectory, user, group }: TaskSpec): TaskLaunch {
  return { channel: name, argv, environment: { ...environment, WATCHKEEPER_TASK: name, WATCHKEEPER_DAEMON: markerOf(name) }, workingDirectory, user, group };
}

/** The record of one that is left to the next watcher: undecided again, or queued where it was on record as decided. */
export function leftToNext(before: TaskRecord, due: Due): TaskRecord {
  const { cursor, queued, ran } = before.plan;
  const isOpen = due.scheduled !== undefined && due.scheduled > cursor && !ran.includes(due.scheduled);
  return isOpen || queued !== undefined ? before : { ...before, plan: { ...before.plan, queued: due } };
}

/** Resolves when its record is on the disk, or the disk has had its time. */
export async function writtenDown(writing: Promise<void>, { name }: TaskSpec, { clock, log }: { readonly clock: Clock; readonly log: Log }): Promise<void> {
  if (await within(clock, DISK_PATIENCE, writing)) return;
  log.warn({ task: name }, `task ${name}: the disk has not taken its record for ${DISK_PATIENCE / 1000} s; it is run all the same`);
}
