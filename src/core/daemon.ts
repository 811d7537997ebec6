/**
 * What a daemon is: one entry of the catalogue, already validated and complete.
 * Every duration is in milliseconds; every path is absolute.
 */
import type { CheckMethod, HttpCheck, PortCheck } from './check-method.js';
import type { RuntimeDirectory } from './paths.js';
import type { RefusalRule } from './refusal.js';
import type { RoleSource } from './role.js';
import type { Sandbox } from './sandbox.js';

/** Who restarts a daemon when it dies. Chosen once, never two at a time. */
export type RestartOwner = 'systemd' | 'watcher' | 'cluster';

/** What the operator wants. Stored apart from what is observed. */
export type DesiredState = 'up' | 'down';

/**
 * What a stop takes down: the main process only (its children, such as virtual
 * machines, live on), or every process of the daemon's session.
 * Same meaning as `process` and `mixed`/`control-group` of systemd.kill(5).
 */
export type KillMode = 'process' | 'group';

/** A signal name as kill(1) -l prints it, with the SIG prefix. */
export type SignalName = NodeJS.Signals;

/** How long to wait between two attempts, and when to call it a crash loop. */
export interface RestartPolicy {
  /**
   * `always`: any end that nobody asked for. `on-failure`: only an exit status
   * outside `successExitStatuses`, a signal, a failed start. `never`.
   */
  readonly when: 'always' | 'on-failure' | 'never';
  /** So many restarts of a row of failures come after `firstDelay` only; default 2. */
  readonly immediateRestarts: number;
  readonly firstDelay: number;
  /** Delay of the next one; each later one is multiplied by `factor`. */
  readonly baseDelay: number;
  readonly factor: number;
  readonly maxDelay: number;
  /** Share of the delay that chance may add or take, 0 … 1. */
  readonly jitter: number;
  /** Least uptime that ends a row of failures; twice the last delay if that is more. */
  readonly stableAfter: number;
  /** Restart intensity: this many failures within `period` are a crash loop. */
  readonly intensity: number;
  readonly period: number;
  /** After the intensity is exceeded: go on slowly, or stop for good. */
  readonly onIntensity: 'crash-loop' | 'give-up';
  /** Delay between attempts in a crash loop. */
  readonly slowRetryDelay: number;
}

/** Slow attempts for a unit that systemd has given up; systemd's own restarts come from RestartPolicy. */
export interface SystemdRetryPolicy {
  readonly enabled: boolean;
  /** From the failure to the first attempt; each later delay is multiplied by `factor`. */
  readonly firstDelay: number;
  readonly factor: number;
  readonly maxDelay: number;
}

/** `readiness`: a failing one makes the daemon degraded, and its dependants wait. `liveness`: a failing one restarts it. */
export interface HealthCheck {
  readonly name: string;
  readonly kind: 'readiness' | 'liveness';
  readonly method: CheckMethod;
  /** ms after it became ready before the first look. */
  readonly grace: number;
  readonly interval: number;
  readonly timeout: number;
  readonly successThreshold: number;
  readonly failureThreshold: number;
}

/** How we know that a daemon is of use to its dependants. */
export type ReadinessCheck =
  /** The process has lived for `settle` ms. */
  | { readonly kind: 'settled'; readonly settle: number }
  /** The pid file exists and names the daemon's process. */
  | { readonly kind: 'pid-file' }
  /** Somebody accepts connections at this address. */
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }
  | HttpCheck
  | PortCheck
  /** It says READY=1 by sd_notify(3): to systemd, or to the watcher in its place. */
  | { readonly kind: 'notify' }
  /** The program exits with 0. Run as the daemon's user, by argv, without a shell. */
  | { readonly kind: 'exec'; readonly argv: readonly [string, ...string[]] };

/**
 * What is wanted of a daemon after a boot: `always` up, as before the boot
 * (`last`), or down until somebody asks (`never`). A stop with `--hold` stands
 * under each.
 */
export type BootPolicy = 'always' | 'last' | 'never';

/** Unmet: the daemon is skipped, with the reason, and nothing has failed. */
export type StartCondition =
  | { readonly kind: 'path-exists' | 'path-missing'; readonly path: string }
  /** The file is there and has this line, to the letter and as a whole. */
  | { readonly kind: 'file-has-line'; readonly path: string; readonly line: string };

export interface DaemonSpec {
  readonly name: string;
  readonly description: string;
  readonly executable: string;
  /** Given at every start. */
  readonly arguments: readonly string[];
  /** Added when the daemon must stay in the foreground (under systemd and the watcher). */
  readonly foregroundArguments: readonly string[];
  /** Added when the daemon must put itself into the background. */
  readonly backgroundArguments: readonly string[];
  /**
   * What the daemon does when it is started with `backgroundArguments`:
   * `daemonizes` – it forks away and its parent exits once it is ready;
   * `stays` – it stays in the foreground, and the service manager backgrounds it;
   * `always-forks` – it can't stay in the foreground at all (needs a pid file).
   */
  readonly background: 'daemonizes' | 'stays' | 'always-forks';
  /** Names of variables of the environment file whose words become arguments, in order. */
  readonly argumentVariables: readonly string[];
  /** Set in the daemon's environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  /** undefined: the user that runs Watchkeeper. */
  readonly user: string | undefined;
  readonly group: string | undefined;
  /** User that its main process has once it runs, where it changes it by itself. */
  readonly processUser: string | undefined;
  /** Kept across the change of user, e.g. `CAP_NET_BIND_SERVICE` (capabilities(7)). */
  readonly capabilities: readonly string[];
  readonly pidFile: string | undefined;
  /** Who writes the pid file: the daemon itself, or the service manager. */
  readonly pidFileWriter: 'daemon' | 'manager';
  readonly roles: readonly string[];
  /** Started after these, where they are started too. */
  readonly after: readonly string[];
  /** Not started unless these are ready; implies `after`. */
  readonly requires: readonly string[];
  /** Stopped with the rest, but only started when it is asked for by name. */
  readonly onDemand: boolean;
  /** A subset of `requires`: it is restarted when one of these was (rest_for_one of OTP's supervisor). */
  readonly restartWith: readonly string[];
  readonly boot: BootPolicy;
  /** In a container: the watcher ends, and not with 0, when it is given up. */
  readonly essential: boolean;
  /** Looked at while it runs; see core/health.ts. */
  readonly health: readonly HealthCheck[];
  readonly conditions: readonly StartCondition[];
  /** Exit statuses that are not a failure; 0 is always one. */
  readonly successExitStatuses: readonly number[];
  /** Exit statuses after which a restart is pointless; 78 (EX_CONFIG of sysexits(3)) by default. */
  readonly neverRetryExitStatuses: readonly number[];
  /** From the spawn until the readiness check passes. */
  readonly startTimeout: number;
  /** From the stop signal until SIGKILL. */
  readonly stopTimeout: number;
  readonly stopSignal: SignalName;
  /** Signal that makes it read its configuration or reopen its logs. */
  readonly reloadSignal: SignalName;
  readonly killMode: KillMode;
  /** What its systemd unit takes away from it; without systemd, nothing does. */
  readonly sandbox: Sandbox;
  readonly restart: RestartPolicy;
  readonly systemdRetry: SystemdRetryPolicy;
  readonly readiness: ReadinessCheck;
  /** systemd unit, with its suffix. */
  readonly unit: string;
  /** Where stdout and stderr go without systemd; undefined: /dev/null. */
  readonly outputFile: string | undefined;
}

/** A program that runs once before any daemon of a transaction is started. */
export interface SetupProgram {
  readonly executable: string;
  readonly arguments: readonly string[];
  readonly timeout: number;
  /** As of a daemon. */
  readonly sandbox?: Sandbox;
}

export interface RoleSpec {
  readonly name: string;
  readonly description: string;
  /** systemd target that groups the role's units. */
  readonly target: string | undefined;
  /** Absent: nobody tells whether this node holds it, and nothing depends on that. */
  readonly source?: RoleSource | undefined;
}

/** The daemons' common ground. */
export interface GroupSpec {
  readonly name: string;
  readonly description: string;
  /** systemd target; its LoadState decides whether systemd is the service manager. */
  readonly target: string | undefined;
  readonly roles: readonly RoleSpec[];
  readonly setup: SetupProgram | undefined;
  /** Made at boot by systemd-tmpfiles, so that they are there before any daemon. */
  readonly directories: readonly RuntimeDirectory[];
  /** Like /etc/default/NAME: data, never run by a shell. */
  readonly environmentFile: string | undefined;
  /** Exit status by which a daemon says that this node does not hold its role. */
  readonly notMasterExitStatus: number;
  /** What its daemons print when they refuse to start, and what it means; absent: nothing is known. */
  readonly refusals?: readonly RefusalRule[] | undefined;
}

/** Longest name of a daemon, so that `NAME.lock` and friends fit a file name. */
export const MAX_NAME_LENGTH = 64;

/**
 * A name becomes a file name, a unit name and a word on a terminal: letters,
 * digits, `.`, `_`, `-`, beginning with a letter or digit.
 */
export function isValidName(name: string): boolean {
  return name.length <= MAX_NAME_LENGTH && /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name);
}
