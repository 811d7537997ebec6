/** Runs a program to its end: by argv, with a deadline, never through a shell. */
import type { ExitStatus } from '../core/exit-status.js';

export interface RunOptions {
  /** ms; then SIGKILL to its process group. */
  readonly timeout: number;
  /** The whole environment; undefined: a minimal one (PATH, LC_ALL=C.UTF-8). */
  readonly environment?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly workingDirectory?: string;
  readonly user?: string;
  readonly group?: string;
  /** It ends at its time-out, or soon after it, also where we are killed meanwhile. */
  readonly evenWithoutUs?: boolean;
  /** Once it is given, all ends as at the time-out. */
  readonly abort?: AbortSignal;
}

export interface RunResult {
  readonly exit: ExitStatus;
  readonly timedOut: boolean;
  /** It was not run, as the machine had no process, memory or descriptor for it: that may pass, and says nothing of what it was to tell. */
  readonly lacking?: true;
  /** The first 64 KiB of each; the rest is read and thrown away. */
  readonly stdout: string;
  readonly stderr: string;
}

export interface Runner {
  /**
   * @throws nothing for an ending of the program, however bad; a program that
   * can't be spawned is `{exit: {kind:'exited', status: 127}}` with the reason in stderr.
   */
  run(argv: readonly [string, ...string[]], options: RunOptions): Promise<RunResult>;
}
