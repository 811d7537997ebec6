/**
 * Errors that end a command. Expected outcomes of an effect are values
 * (outcome.ts); these are for what cannot be done at all.
 */
export interface ErrorCode {
  /** Exit status of the command. */
  readonly exitStatus: number;
  readonly meaning: string;
}

/** One row each in docs/exit-codes.md; a test compares them. */
export const ERROR_CODES = {
  CONFIG_INVALID: { exitStatus: 78, meaning: 'the configuration has an error; nothing was done (EX_CONFIG of sysexits(3))' },
  CONFIG_UNREADABLE: { exitStatus: 78, meaning: 'a configuration file cannot be read' },
  USAGE: { exitStatus: 1, meaning: 'unknown command, missing or superfluous argument; nothing was done' },
  UNKNOWN_DAEMON: { exitStatus: 1, meaning: 'the catalogue has no daemon of this name' },
  UNKNOWN_TASK: { exitStatus: 1, meaning: 'the configuration has no scheduled task of this name' },
  TASK_REFUSED: { exitStatus: 1, meaning: 'the scheduled task may not run now: it runs already, or its conditions are not met' },
  STATE_UNWRITABLE: { exitStatus: 1, meaning: 'a state or runtime directory cannot be written or read (read-only, full, no permission)' },
  UNITS_REFUSED: { exitStatus: 1, meaning: 'files of systemd units cannot be generated, compared or installed' },
  CLUSTER_REFUSED: { exitStatus: 1, meaning: "the cluster's configuration cannot be read or changed; nothing was changed" },
  NO_INIT: { exitStatus: 1, meaning: 'the watcher is process 1 of a container, without an init' },
  SANDBOXED: { exitStatus: 78, meaning: "the watcher cannot leave the sandbox of its unit, which what it is to start would inherit" },
  WATCHER_RUNNING: { exitStatus: 1, meaning: 'another watcher already has control' },
  WATCHER_ABSENT: { exitStatus: 1, meaning: 'the command needs the watcher, and none is running' },
  WATCHER_SILENT: { exitStatus: 1, meaning: 'the watcher holds control but does not answer' },
  LOCKED: { exitStatus: 1, meaning: 'somebody else holds the lock past the deadline' },
  INTERNAL: { exitStatus: 70, meaning: 'a bug of ours (EX_SOFTWARE)' },
} as const satisfies Record<string, ErrorCode>;

/** Hint of WATCHER_ABSENT: in its unit, not on somebody's terminal. */
export const START_THE_WATCHER = 'starting it: systemctl start watchkeeper, or /etc/init.d/watchkeeper start';

export type ErrorCodeName = keyof typeof ERROR_CODES;

export class WatchkeeperError extends Error {
  readonly code: ErrorCodeName;
  /** What to do next, without the leading "try". */
  readonly hint: string;

  /**
   * @param what  "cannot read the configuration"
   * @param why   "/etc/watchkeeper/watchkeeper.yaml:3: unknown key 'foo'"
   * @param hint  "watchkeeper config check"
   */
  constructor(code: ErrorCodeName, what: string, why: string, hint: string, options?: { cause?: unknown }) {
    super(`${what}: ${why}${hint === '' ? '' : `; try ${hint}`}`, options);
    this.name = 'WatchkeeperError';
    this.code = code;
    this.hint = hint;
  }

  get exitStatus(): number {
    return ERROR_CODES[this.code].exitStatus;
  }
}
