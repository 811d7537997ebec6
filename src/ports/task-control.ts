/** What can be asked about scheduled tasks. */
import type { Skipped, TaskRun } from '../core/task-run.js';

export interface TaskStatus {
  /** A hook's begins with "hook:". */
  readonly name: string;
  readonly kind: 'task' | 'hook';
  readonly description: string;
  /** "0 2 * * *", "at boot", "by hand", "every 5 m" */
  readonly schedule: string;
  readonly timezone: string | null;
  readonly enabled: boolean;
  /** ms since the epoch; null: none, or no watcher runs. */
  readonly next: number | null;
  readonly queued: boolean;
  readonly last: TaskRun | null;
  readonly skipped: Skipped | null;
}

export interface TaskControl {
  list(): readonly TaskStatus[];
  /** The newest last; undefined: there is no such task, nor a record of one. */
  history(name: string): readonly TaskRun[] | undefined;
  /**
   * Starts it now, or queues it.
   * @returns in words what becomes of it; it goes on after that
   * @throws WatchkeeperError UNKNOWN_TASK, TASK_REFUSED
   */
  run(name: string, by: string): Promise<string>;
}
