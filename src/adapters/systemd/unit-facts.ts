/** The properties of a unit that we read, decoded once, whether systemctl or the bus told them. */

export interface UnitFacts {
  readonly unit: string;
  /** As systemd's messages and jobs call it; `unit`, as it was asked for, may be another of its names. */
  readonly id: string;
  readonly loadState: string;
  /** Why it could not be loaded; empty if it could. */
  readonly loadError: string;
  readonly activeState: string;
  readonly subState: string;
  readonly unitFileState: string;
  /** How its last run ended; `success` also before the first one. */
  readonly result: string;
  /** Of its queued job; 0: none. */
  readonly job: number;
  /** 0: none. */
  readonly mainPid: number;
  readonly restarts: number;
  /** Restart= */
  readonly restartPolicy: string;
  readonly conditionMet: boolean;
  /** µs of CLOCK_MONOTONIC when conditions were last checked; 0: never. */
  readonly conditionAt: number;
  /** Names one run of the unit; empty before the first. */
  readonly invocation: string;
  /** CLD_EXITED 1, CLD_KILLED 2, CLD_DUMPED 3; 0: nothing has ended yet. */
  readonly exitCode: number;
  /** Exit status or signal number of the main process that ended last. */
  readonly exitStatus: number;
  /** µs of CLOCK_MONOTONIC when its main process was started last; 0: never. */
  readonly startedAt: number;
  /** µs of CLOCK_MONOTONIC when its main process ended last; 0: it runs, or never ran. */
  readonly endedAt: number;
  /** The same clock: when the unit was last up, left that state, was down at last, and changed its state at all. */
  readonly upAt: number;
  readonly leftUpAt: number;
  readonly downAt: number;
  readonly changedAt: number;
  readonly canReload: boolean;
  /** Absolute paths, in the order in which they are read. */
  readonly environmentFiles: readonly string[];
  /** Units that it can't be started without. */
  readonly requires: readonly string[];
  /** Units whose stop stops it. */
  readonly partOf: readonly string[];
}

/** As systemctl's --property wants them; the bus knows them by the same names. */
export const PROPERTIES = [
  'Id', 'LoadState', 'LoadError', 'ActiveState', 'SubState', 'UnitFileState', 'Result', 'Job', 'MainPID', 'NRestarts', 'Restart',
  'ConditionResult', 'ConditionTimestampMonotonic', 'InvocationID', 'ExecMainCode', 'ExecMainStatus',
  'ExecMainStartTimestampMonotonic', 'ExecMainExitTimestampMonotonic', 'ActiveEnterTimestampMonotonic',
  'ActiveExitTimestampMonotonic', 'InactiveEnterTimestampMonotonic', 'StateChangeTimestampMonotonic', 'CanReload', 'EnvironmentFiles', 'Requires', 'Requisite', 'BindsTo', 'PartOf',
] as const;

export type PropertyName = (typeof PROPERTIES)[number];

/** One property as text, and lists as lists; undefined: the unit's type has no such property. */
export interface PropertySource {
  text(name: PropertyName): string | undefined;
  list(name: PropertyName): readonly string[];
}

export function unitFacts(unit: string, source: PropertySource): UnitFacts {
  const text = (name: PropertyName): string => source.text(name) ?? '';
  const count = (name: PropertyName): number => {
    const value = Number(text(name));
    return Number.isFinite(value) && value >= 0 ? value : 0;
  };
  return {
    unit,
    id: source.text('Id') ?? unit,
    loadState: text('LoadState'),
    loadError: text('LoadError'),
    activeState: text('ActiveState'),
    subState: text('SubState'),
    unitFileState: text('UnitFileState'),
    result: text('Result'),
    job: count('Job'),
    mainPid: pidOf(count('MainPID')),
    restarts: count('NRestarts'),
    restartPolicy: text('Restart'),
    conditionMet: text('ConditionResult') === 'yes',
    conditionAt: count('ConditionTimestampMonotonic'),
    invocation: text('InvocationID'),
    exitCode: count('ExecMainCode'),
    exitStatus: count('ExecMainStatus'),
    startedAt: count('ExecMainStartTimestampMonotonic'),
    endedAt: count('ExecMainExitTimestampMonotonic'),
    upAt: count('ActiveEnterTimestampMonotonic'),
    leftUpAt: count('ActiveExitTimestampMonotonic'),
    downAt: count('InactiveEnterTimestampMonotonic'),
    changedAt: count('StateChangeTimestampMonotonic'),
    canReload: text('CanReload') === 'yes',
    environmentFiles: source.list('EnvironmentFiles'),
    requires: [...source.list('Requires'), ...source.list('Requisite'), ...source.list('BindsTo')],
    partOf: source.list('PartOf'),
  };
}

/** Where a unit was read from. */
export interface UnitFiles {
  readonly loadState: string;
  readonly unitFileState: string;
  /** Path; empty: none. */
  readonly fragment: string;
  readonly dropIns: readonly string[];
  readonly needsReload: boolean;
}

export const FILE_PROPERTIES = ['LoadState', 'UnitFileState', 'FragmentPath', 'DropInPaths', 'NeedDaemonReload'] as const;

/** What no process can have is none. */
function pidOf(value: number): number {
  return Number.isSafeInteger(value) ? value : 0;
}
