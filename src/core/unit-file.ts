/**
 * A daemon of the catalogue → the text of its systemd service unit. Pure, so
 * that units can be generated, compared and tested without systemd.
 *
 * The command line is core/command-line.ts' in systemd's quoting: first what the
 * catalogue says, then the words of the argument variables, then those of
 * ONESHOT_ARGUMENTS, which systemd itself splits as core/argument-words.ts does.
 *
 * There is no [Install] section: which daemons a target starts is the
 * catalogue's word, in the target's own file. One that is not wanted is masked.
 */
import type { DaemonSpec, GroupSpec, RestartPolicy } from './daemon.js';
import { watchdogOf } from './notify-message.js';
import { sandboxLines } from './sandbox.js';
import { withHeader } from './unit-header.js';
import { awaitedReadiness, READINESS_HELPER } from './unit-readiness.js';
import { type Line, literal, milliseconds, plainWord, quoted, section, sections, word } from './unit-text.js';

export interface UnitOptions {
  /** systemd's own, e.g. 252: newer ones know more directives. */
  readonly version: number;
  /** Paths.runtime */
  readonly runtimeDirectory: string;
  /** Where scripts/oneshot-arguments and scripts/await-readiness are installed. */
  readonly helperDirectory?: string;
  /** Daemon's name → unit, for the order; `NAME.service` where it says nothing. */
  readonly unitOf?: (name: string) => string;
  /** A oneshot unit that runs the group's setup program. */
  readonly setupUnit?: string;
}

/** systemd 254 brought RestartSteps= and RestartMaxDelaySec=. */
const GROWING_DELAY_SINCE = 254;
const DEFAULT_HELPERS = '/usr/lib/watchkeeper';
/** ms in which nobody is left for dead: a name server or a disk that is away, a reboot of another node. */
const LONGEST_OUTAGE = 300_000;
/** ms; a shorter delay would count more attempts than a machine can make. */
const LEAST_DELAY = 100;

/** Begins with unitHeader: who generated it, and from what. */
export function serviceUnit(spec: DaemonSpec, group: GroupSpec, options: UnitOptions): string {
  const { version, runtimeDirectory, helperDirectory = DEFAULT_HELPERS, setupUnit } = options;
  return withHeader(serviceBody(spec, group, options), { version, runtimeDirectory, helperDirectory, ...(setupUnit === undefined ? {} : { setupUnit }) });
}

function serviceBody(spec: DaemonSpec, group: GroupSpec, options: UnitOptions): string {
  return sections(
    section('Unit', unitLines(spec, group, options)),
    section('Service', [...processLines(spec, group, options), ...restartLines(spec, group, options), ...killLines(spec), ...sandboxOf(spec, options)]),
  );
}

/** The targets of its roles; a daemon without any belongs to the group's own. */
function targets(spec: DaemonSpec, group: GroupSpec): readonly string[] {
  const ofRoles = group.roles.filter((role) => spec.roles.includes(role.name)).flatMap((role) => role.target ?? []);
  return ofRoles.length > 0 ? ofRoles : group.target === undefined ? [] : [group.target];
}

function unitLines(spec: DaemonSpec, group: GroupSpec, options: UnitOptions): readonly Line[] {
  const unitOf = options.unitOf ?? ((name: string) => `${name}.service`);
  const setup = options.setupUnit === undefined ? [] : [options.setupUnit];
  const required = [...setup, ...spec.requires.map(unitOf)];
  const after = [...new Set([...required, ...spec.after.map(unitOf)])];
  return [
    ['Description', literal(spec.description)],
    ...required.map((unit): Line => ['Requires', unit]),
    ...after.map((unit): Line => ['After', unit]),
    ...targets(spec, group).map((target): Line => ['PartOf', target]),
    ...spec.conditions.flatMap(({ kind, path }): readonly Line[] =>
      kind === 'file-has-line' ? [] : [['ConditionPathExists', `${kind === 'path-missing' ? '!' : ''}${literal(path)}`]],
    ),
    ...startLimit(spec.restart, options.version),
  ];
}

function processLines(spec: DaemonSpec, group: GroupSpec, options: UnitOptions): readonly Line[] {
  const forks = spec.background === 'always-forks';
  const helper = `-+${options.helperDirectory ?? DEFAULT_HELPERS}/oneshot-arguments`;
  const watchdog = watchdogOf(spec);
  const own = [spec.name, options.runtimeDirectory].map(word).join(' ');
  return [
    ['Type', forks ? 'forking' : spec.readiness.kind === 'notify' ? 'notify' : 'exec'],
    // systemd hears the daemon itself, and judges: we do not look at it a second time.
    ...(watchdog === undefined ? [] : ([['NotifyAccess', 'main'], ['WatchdogSec', milliseconds(watchdog)]] as const)),
    // Not of one that stays in the foreground: systemd would wait for a file that a daemon which ends at once, and rightly, never writes.
    ...(forks && spec.pidFile !== undefined && spec.pidFileWriter === 'daemon' ? ([['PIDFile', literal(spec.pidFile)]] as const) : []),
    ...(group.environmentFile === undefined ? [] : ([['EnvironmentFile', `-${literal(group.environmentFile)}`]] as const)),
    ['EnvironmentFile', `-${literal(`${options.runtimeDirectory}/oneshot/${spec.name}.env`)}`],
    ...Object.entries(spec.environment).map(([name, value]): Line => ['Environment', quoted(`${name}=${value}`)]),
    ['WorkingDirectory', literal(spec.workingDirectory)],
    ...(spec.user === undefined ? [] : ([['User', literal(spec.user)]] as const)),
    ...(spec.group === undefined ? [] : ([['Group', literal(spec.group)]] as const)),
    ...(spec.capabilities.length === 0 ? [] : ([['AmbientCapabilities', spec.capabilities.join(' ')]] as const)),
    // As root and without the sandbox: as we ourselves look.
    ...spec.conditions.flatMap((condition): readonly Line[] =>
      condition.kind === 'file-has-line' ? [['ExecCondition', `+/bin/grep -qsxFe ${[condition.line, condition.path].map(word).join(' ')}`]] : [],
    ),
    ['ExecStartPre', `${helper} ${own}`],
    ['ExecStart', commandLine(spec)],
    ['ExecStartPost', `${helper} --done ${own}`],
    ...readinessLines(spec, options),
    ['ExecReload', `/bin/kill -s ${spec.reloadSignal.replace(/^SIG/, '')} $MAINPID`],
    ['TimeoutStartSec', milliseconds(spec.startTimeout)],
  ];
}

/**
 * Its failure (`-`) fails no start: the unit's time-out does. With all rights (`+`),
 * as whose a socket is can only be seen from outside of a sandbox.
 */
function readinessLines(spec: DaemonSpec, { helperDirectory = DEFAULT_HELPERS }: UnitOptions): readonly Line[] {
  const awaited = awaitedReadiness(spec);
  if (awaited === undefined) return [];
  return [['ExecStartPost', [`-+${helperDirectory}/${READINESS_HELPER}`, ...[spec.name, String(Math.ceil(spec.startTimeout)), ...awaited].map(word)].join(' ')]];
}

function commandLine(spec: DaemonSpec): string {
  const modeArguments = spec.background === 'always-forks' ? spec.backgroundArguments : spec.foregroundArguments;
  const fixed = [plainWord(spec.executable), ...[...spec.arguments, ...modeArguments].map(word)];
  return [...fixed, ...[...spec.argumentVariables, 'ONESHOT_ARGUMENTS'].map((name) => `$${name}`)].join(' ');
}

function restartLines(spec: DaemonSpec, group: GroupSpec, options: UnitOptions): readonly Line[] {
  const success = spec.successExitStatuses.filter((status) => status !== 0);
  // Not to be master is no failure, and trying again does not change it.
  const never = [...new Set([...spec.neverRetryExitStatuses, group.notMasterExitStatus])];
  return [
    ...(success.length === 0 ? [] : ([['SuccessExitStatus', success.join(' ')]] as const)),
    ['RestartPreventExitStatus', never.join(' ')],
    ['Restart', spec.restart.when === 'never' ? 'no' : spec.restart.when],
    ...(spec.restart.when === 'never' ? [] : delayLines(spec.restart, options.version)),
  ];
}

function delayLines(policy: RestartPolicy, version: number): readonly Line[] {
  // Not firstDelay: systemd multiplies, and nought stays nought.
  const first: Line = ['RestartSec', milliseconds(policy.baseDelay)];
  const steps = version < GROWING_DELAY_SINCE ? 0 : growingSteps(policy);
  return steps < 1 ? [first] : [first, ['RestartSteps', String(steps)], ['RestartMaxDelaySec', milliseconds(policy.maxDelay)]];
}

function growingSteps({ factor, baseDelay, maxDelay }: RestartPolicy): number {
  return factor > 1 && baseDelay > 0 ? Math.ceil(Math.log(maxDelay / baseDelay) / Math.log(factor)) : 0;
}

/**
 * When systemd gives up. A policy that gives up says so itself. Any other goes
 * on: for ever where the delay grows, and else for longer than an outage of what
 * the daemon needs may last, since a restart each second for ever would be a
 * nuisance; what comes then is the watcher's slow retry.
 */
function startLimit(policy: RestartPolicy, version: number): readonly Line[] {
  const limit = (interval: number, burst: number): readonly Line[] => [['StartLimitIntervalSec', milliseconds(interval)], ['StartLimitBurst', String(burst)]];
  if (policy.when === 'never') return [];
  if (policy.onIntensity === 'give-up') return limit(policy.period, policy.intensity);
  if (version >= GROWING_DELAY_SINCE && growingSteps(policy) >= 1) return [['StartLimitIntervalSec', '0']];
  // Even if each attempt failed at once, so many fit into the outage, and one more.
  const attempts = Math.ceil(LONGEST_OUTAGE / Math.max(policy.baseDelay, LEAST_DELAY)) + 1;
  return limit(Math.max(policy.period, 2 * LONGEST_OUTAGE), Math.max(policy.intensity, attempts));
}

function sandboxOf(spec: DaemonSpec, { version }: UnitOptions): readonly Line[] {
  return sandboxLines(spec.sandbox, version).map(([directive, value]): Line => [directive, literal(value)]);
}

function killLines(spec: DaemonSpec): readonly Line[] {
  return [
    ['KillMode', spec.killMode === 'process' ? 'process' : 'mixed'],
    ['KillSignal', spec.stopSignal],
    ['TimeoutStopSec', milliseconds(spec.stopTimeout)],
  ];
}
