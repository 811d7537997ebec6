/** Starts the program of a task, and passes its output on by lines. */
import type { ExitStatus } from '../core/exit-status.js';
import type { ProcessIdentity } from '../core/process-identity.js';
import type { Cancel } from './process-table.js';

export interface TaskLaunch {
  /** Names the way of its output, for follow(); becomes a file name. */
  readonly channel: string;
  /** Absolute program and arguments. */
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  readonly user: string | undefined;
  readonly group: string | undefined;
  /** ms after which it ends, also where we are killed meanwhile; undefined: the next watcher finds it, and keeps its deadline. */
  readonly deadline?: number;
}

export type TaskStart =
  | {
      readonly ok: true;
      readonly process: ProcessIdentity;
      /** Settles once, after the last of its output; never rejects. */
      readonly exited: Promise<ExitStatus>;
      /** Reads no further: what it says from now on waits for the next watcher. */
      readonly output: Cancel;
    }
  | { readonly ok: false; readonly reason: string };

/** A whole line, cut and escaped. */
export type OnLine = (line: string) => void;

export interface TaskLauncher {
  /**
   * In a session of its own. The way of its output outlives us: a task is not
   * killed by a watcher's death, and the next watcher reads on.
   */
  launch(request: TaskLaunch, onLine: OnLine): Promise<TaskStart>;
  /** Output of a run that an earlier watcher started. */
  follow(channel: string, onLine: OnLine): Cancel;
}
