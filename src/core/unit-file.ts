/**
 * A daemon of the catalogue → the text of its systemd service unit. Pure, so
 * that units can be generated, compared and tested without systemd.
 *
 * The command line is core/command-line.ts' in systemd's quoting: first what the
 * catalogue says, then the words of the argument variables, then those of
 * ONESHOT_ARGUMENTS, which systemd itself splits as core/argument-words.ts does.
 */
import type { DaemonSpec, GroupSpec, RestartPolicy } from './daemon.js';
import { withHeader } from './unit-header.js';
import { watchdogOf } from './notify-message.js';

export interface UnitOptions {
  /** systemd's own, e.g. 252: newer ones know more directives. */
  readonly version: number;
  /** Paths.runtime */
  readonly runtimeDirectory: string;
  /** Where scripts/oneshot-arguments is installed. */
  readonly helperDirectory?: string;
  /** Daemon's name → unit, for the order; `NAME.service` where it says nothing. */
  readonly unitOf?: (name: string) => string;
  /** A oneshot unit that runs the group's setup program. */
  readonly setupUnit?: string;
}

/** systemd 254 brought RestartSteps= and RestartMaxDelaySec=. */
const GROWING_DELAY_SINCE = 254;
const DEFAULT_HELPERS = '/usr/lib/watchkeeper';

type Line = readonly [directive: string, value: string];

/** Begins with unitHeader: who generated it, and from what. */
export function serviceUnit(spec: DaemonSpec, group: GroupSpec, options: UnitOptions): string {
  const { version, runtimeDirectory, helperDirectory = DEFAULT_HELPERS, setupUnit } = options;
  return withHeader(serviceBody(spec, group, options), { version, runtimeDirectory, helperDirectory, ...(setupUnit === undefined ? {} : { setupUnit }) });
}

function serviceBody(spec: DaemonSpec, group: GroupSpec, options: UnitOptions): string {
  return [
    section('Unit', unitLines(spec, group, options)),
    section('Service', [...processLines(spec, group, options), ...restartLines(spec, group, options), ...killLines(spec)]),
    section('Install', targets(spec, group).map((target): Line => ['WantedBy', target])),
  ]
    .filter((text) => text !== '')
    .join('\n');
}

function section(name: string, lines: readonly Line[]): string {
  return lines.length === 0 ? '' : `[${name}]\n${lines.map(([directive, value]) => `${directive}=${value}\n`).join('')}`;
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
  const { when, intensity, period } = spec.restart;
  return [
    ['Description', literal(spec.description)],
    ...required.map((unit): Line => ['Requires', unit]),
    ...after.map((unit): Line => ['After', unit]),
    ...targets(spec, group).map((target): Line => ['PartOf', target]),
    ...spec.conditions.map(({ kind, path }): Line => ['ConditionPathExists', `${kind === 'path-missing' ? '!' : ''}${literal(path)}`]),
    ...(when === 'never' ? [] : ([['StartLimitIntervalSec', milliseconds(period)], ['StartLimitBurst', String(intensity)]] as const)),
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
    ...(spec.pidFile !== undefined && spec.pidFileWriter === 'daemon' ? ([['PIDFile', literal(spec.pidFile)]] as const) : []),
    ...(group.environmentFile === undefined ? [] : ([['EnvironmentFile', `-${literal(group.environmentFile)}`]] as const)),
    ['EnvironmentFile', `-${literal(`${options.runtimeDirectory}/oneshot/${spec.name}.env`)}`],
    ...Object.entries(spec.environment).map(([name, value]): Line => ['Environment', quoted(`${name}=${value}`)]),
    ['WorkingDirectory', literal(spec.workingDirectory)],
    ...(spec.user === undefined ? [] : ([['User', literal(spec.user)]] as const)),
    ...(spec.group === undefined ? [] : ([['Group', literal(spec.group)]] as const)),
    ...(spec.capabilities.length === 0 ? [] : ([['AmbientCapabilities', spec.capabilities.join(' ')]] as const)),
    ['ExecStartPre', `${helper} ${own}`],
    ['ExecStart', commandLine(spec)],
    ['ExecStartPost', `${helper} --done ${own}`],
    ['ExecReload', `/bin/kill -s ${spec.reloadSignal.replace(/^SIG/, '')} $MAINPID`],
    ['TimeoutStartSec', milliseconds(spec.startTimeout)],
  ];
}

function commandLine(spec: DaemonSpec): string {
  const modeArguments = spec.background === 'always-forks' ? spec.backgroundArguments : spec.foregroundArguments;
  const fixed = [spec.executable, ...spec.arguments, ...modeArguments].map(word);
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
  if (version < GROWING_DELAY_SINCE) return [['RestartSec', milliseconds(policy.baseDelay)]];
  const steps = policy.factor > 1 && policy.baseDelay > 0 ? Math.ceil(Math.log(policy.maxDelay / policy.baseDelay) / Math.log(policy.factor)) : 0;
  if (steps < 1) return [['RestartSec', milliseconds(policy.baseDelay)]];
  return [
    // Not firstDelay: systemd multiplies, and nought stays nought.
    ['RestartSec', milliseconds(policy.baseDelay)],
    ['RestartSteps', String(steps)],
    ['RestartMaxDelaySec', milliseconds(policy.maxDelay)],
  ];
}

function killLines(spec: DaemonSpec): readonly Line[] {
  return [
    ['KillMode', spec.killMode === 'process' ? 'process' : 'mixed'],
    ['KillSignal', spec.stopSignal],
    ['TimeoutStopSec', milliseconds(spec.stopTimeout)],
  ];
}

function milliseconds(duration: number): string {
  return `${Math.ceil(duration)}ms`;
}

/** Of a directive whose value is one text to its end: only specifiers and line ends need care. */
function literal(text: string): string {
  if (/[\0-\x1f\x7f]/.test(text)) throw new Error(`a unit cannot hold the control character in ${JSON.stringify(text.slice(0, 80))}`);
  return text.replace(/%/g, '%%').replace(/\\$/, '\\\\');
}

/** One word of a command line; `$` and `%` stand for themselves (systemd.service(5), COMMAND LINES). */
function word(text: string): string {
  return /^[A-Za-z0-9_./:=,@+-]+$/.test(text) ? text : quoted(text.replace(/\$/g, '$$$$'));
}

const ESCAPES: Readonly<Record<string, string>> = { '"': '\\"', '\\': '\\\\', '\n': '\\n', '\t': '\\t', '\r': '\\r' };

function quoted(text: string): string {
  const escaped = text.replace(/["\\\0-\x1f\x7f]/g, (character) => ESCAPES[character] ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return `"${escaped.replace(/%/g, '%%')}"`;
}
