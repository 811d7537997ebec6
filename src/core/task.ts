/** What a scheduled task is: one entry of `tasks:`, already validated and complete. Durations are ms. */
import type { CatalogueProblem } from './catalogue-check.js';
import { isValidName, MAX_NAME_LENGTH } from './daemon.js';
import { isPlainPath, isUserName, isVariableName } from './plain-values.js';
import { quoted } from './printable.js';

export interface TaskSpec {
  readonly name: string;
  readonly description: string;
  /** Absolute program, then its arguments; no shell. */
  readonly argv: readonly string[];
  /** Cron expression; undefined: it runs at boot, or by hand only. */
  readonly schedule: string | undefined;
  /** IANA name; undefined: the machine's. */
  readonly timezone: string | undefined;
  /** Runs once per boot, at the first start of a watcher. */
  readonly at: 'boot' | undefined;
  readonly user: string | undefined;
  readonly group: string | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  /** From its start until it is ended. */
  readonly timeout: number;
  /** Longest delay that chance may put between the scheduled instant and the start. */
  readonly jitter: number;
  /** Due while the last run lasts: not run, or one run queued behind it. */
  readonly overlap: 'skip' | 'queue';
  /** Missed while no watcher ran: not made up, or by one run for all. */
  readonly catchUp: 'none' | 'once';
  /** Runs only where this node holds the role. */
  readonly role: string | undefined;
  /** A program that must exit with 0, or the run is skipped; empty: none. */
  readonly onlyIf: readonly string[];
  readonly enabled: boolean;
}

/** Executables that run after each interval, as run-parts(8) runs them. */
export interface WatcherHooks {
  /** undefined: none. */
  readonly directory: string | undefined;
  readonly interval: number;
  /** Of each one. */
  readonly timeout: number;
}

/** What makes two timetables the same one. */
export function fingerprintOf({ enabled, schedule, timezone }: TaskSpec): string {
  return enabled && schedule !== undefined ? `${schedule} ${timezone ?? 'local'}` : 'none';
}

/** Names that run-parts(8) takes; everything else in the directory is passed over. */
export function isHookName(name: string): boolean {
  return name.length <= MAX_NAME_LENGTH && /^[A-Za-z0-9_-]+$/.test(name);
}

/** What must be right beyond the types of the keys, the schedule itself excepted: that is the cron adapter's to judge. */
export function checkTasks(tasks: readonly TaskSpec[], roles: readonly string[]): readonly CatalogueProblem[] {
  return tasks.flatMap((task) => checkTask(task, roles).map(({ key, message }) => ({ path: ['tasks', task.name, ...key], message })));
}

interface KeyProblem {
  readonly key: readonly string[];
  readonly message: string;
}

function checkTask(task: TaskSpec, roles: readonly string[]): readonly KeyProblem[] {
  const problems: KeyProblem[] = [];
  const report = (key: string, message: string): void => void problems.push({ key: key === '' ? [] : [key], message });
  if (!isValidName(task.name)) {
    report('', `${quoted(task.name)} is no valid name: a name has up to ${MAX_NAME_LENGTH} letters, digits, '.', '_' and '-', and begins with a letter or digit`);
  }
  checkProgram('argv', task.argv, report);
  if (task.onlyIf.length > 0) checkProgram('onlyIf', task.onlyIf, report);
  if (task.schedule !== undefined && task.at !== undefined) report('at', "a task has a schedule or 'at: boot', not both; make it two tasks");
  if (task.workingDirectory !== '/' && !isPlainPath(task.workingDirectory)) report('workingDirectory', `${quoted(task.workingDirectory)} is no absolute path`);
  for (const key of ['user', 'group'] as const) {
    const name = task[key];
    if (name !== undefined && !isUserName(name)) report(key, `${quoted(name)} is no name of a user or group, nor a number`);
  }
  for (const [name, value] of Object.entries(task.environment)) {
    // The value is not shown: it may be a secret.
    if (!isVariableName(name)) report('environment', `${quoted(name)} is no name of a variable`);
    if (value.includes('\0')) report('environment', `the value of ${quoted(name)} holds a NUL byte, which no variable can`);
  }
  if (task.role !== undefined && !roles.includes(task.role)) report('role', `there is no role ${quoted(task.role)}; roles are declared under group.roles`);
  return problems;
}

function checkProgram(key: string, argv: readonly string[], report: (key: string, message: string) => void): void {
  const [program] = argv;
  if (program === undefined) report(key, 'it is missing; a list of a program (its absolute path) and its arguments is needed');
  else if (!isPlainPath(program)) report(key, `${quoted(program)} can't be run: the absolute path of a program is needed, without '..'; there is no shell and no PATH`);
  if (argv.some((word) => word.includes('\0'))) report(key, 'an argument holds a NUL byte, which no argument can');
}
