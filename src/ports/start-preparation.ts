/** The last questions before a daemon is spawned, where systemd does not ask them. */
import type { DaemonSpec } from '../core/daemon.js';
import type { Outcome } from '../core/outcome.js';
import type { ProcessIdentity } from '../core/process-identity.js';

export type Prepared =
  | {
      readonly kind: 'ready';
      /** The words of the argument variables, as the environment file has them now. */
      readonly variableArguments: readonly string[];
      /** The environment file's variables, then the daemon's own. */
      readonly environment: Readonly<Record<string, string>>;
    }
  /** It is up already: started by somebody else since we looked last. */
  | { readonly kind: 'running'; readonly process: ProcessIdentity; readonly reason: string }
  | Extract<Outcome, { kind: 'skipped' | 'failed' }>;

export interface StartPreparation {
  /**
   * Reads the environment file, checks conditions, that executable, user and
   * group exist, that nobody but root could have replaced the executable where
   * we are root, and removes a pid file that is stale or names a stranger.
   */
  prepare(spec: DaemonSpec): Prepared;
}

export interface ReadinessLook {
  readonly ready: boolean;
  readonly reason: string;
  /** The daemon asked for more time to start, up to this monotonic instant (EXTEND_TIMEOUT_USEC=); absent or 0: it has not. */
  readonly extendedUntil?: number;
}

/** Passes once the daemon is of use; see `DaemonSpec.readiness`. */
export interface ReadinessChecker {
  /**
   * One look, bounded by `timeout` ms. `uptime` is the process's, in ms. Where
   * `main` is given, somebody older than it at the daemon's tcp or unix address
   * is not taken for the daemon.
   */
  check(spec: DaemonSpec, uptime: number, timeout: number, main?: ProcessIdentity): Promise<ReadinessLook>;
}
