/** What is told of a task, with a watcher and without. */
import { formatDuration } from '../core/duration.js';
import type { Plan } from '../core/schedule.js';
import type { TaskSpec } from '../core/task.js';
import { CUT_OFF, lastRun, withRun, type TaskRecord, type TaskRun } from '../core/task-run.js';
import type { ProcessTable } from '../ports/process-table.js';
import type { TaskStatus } from '../ports/task-control.js';
import { hookName } from './watcher-hooks.js';

/** @param plan undefined: no watcher runs */
export function taskStatus(spec: TaskSpec, record: TaskRecord | undefined, plan?: Plan): TaskStatus {
  return {
    name: spec.name,
    kind: 'task',
    description: spec.description,
    schedule: spec.schedule ?? (spec.at === 'boot' ? 'at boot' : 'by hand'),
    timezone: spec.timezone ?? null,
    enabled: spec.enabled,
    next: plan?.next ?? null,
    queued: (plan ?? record?.plan)?.queued !== undefined,
    last: lastOf(record),
    skipped: record?.skipped ?? null,
  };
}

export function hookStatus(hook: string, interval: number, record: TaskRecord | undefined, next: number | null): TaskStatus {
  return {
    name: hookName(hook),
    kind: 'hook',
    description: '',
    schedule: `every ${formatDuration(interval)}`,
    timezone: null,
    enabled: true,
    next,
    queued: false,
    last: lastOf(record),
    skipped: null,
  };
}

/** Without a watcher: a run that is recorded as running and whose process is gone was cut off. */
export function settled(record: TaskRecord, processes: Pick<ProcessTable, 'isAlive'>): TaskRecord {
  const run = lastRun(record);
  if (run?.result !== 'running' || (run.process !== null && processes.isAlive(run.process))) return record;
  return withRun(record, CUT_OFF);
}

function lastOf(record: TaskRecord | undefined): TaskRun | null {
  return (record === undefined ? undefined : lastRun(record)) ?? null;
}
