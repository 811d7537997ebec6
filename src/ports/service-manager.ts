/**
 * What drives daemons on this machine. One contract suite (test/contract) holds
 * every implementation to the promises below.
 */
import type { DaemonSpec } from '../core/daemon.js';
import type { Observation } from '../core/observation.js';
import type { Outcome } from '../core/outcome.js';

export type ServiceManagerKind = 'systemd' | 'start-stop-daemon' | 'built-in' | 'fake';

/** Which service manager, and why: shown by --verbose, status and doctor. */
export interface Detection {
  readonly kind: ServiceManagerKind;
  /** "ganeti.target is not-found" */
  readonly reason: string;
}

export interface StartRequest {
  readonly spec: DaemonSpec;
  /** For this start only; never seen by a later one. */
  readonly oneShotArguments: readonly string[];
}

/** Monotonic ms up to which this daemon asks to be waited for while it stops; asked again and again. */
export type StopPatience = (name: string) => number;

export interface ServiceManager {
  readonly kind: ServiceManagerKind;
  /**
   * Whether one call for all of these keeps their order (`requires`, `after`): in
   * a start each begins only when those before it are ready, or have failed; in a
   * stop each ends before they do.
   */
  keepsOrder(specs: readonly DaemonSpec[], way: 'start' | 'stop'): Promise<boolean>;
  /**
   * Starts daemons that no order ties to each other, unless `keepsOrder`; an
   * outcome for each, in the same order. `ok` means ready, not merely spawned. A running daemon is `ok`
   * and unchanged. Each daemon's own startTimeout bounds the wait.
   *
   * @param abort given once nobody waits any more: `canceled`, at once, where somebody else goes on with it; it is ended by a stop
   */
  start(requests: readonly StartRequest[], abort?: AbortSignal): Promise<readonly Outcome[]>;
  /**
   * `ok` means gone: the process, its session where killMode is `group`, and the
   * pid file. A stopped daemon is `ok` and unchanged. Signals escalate to
   * SIGKILL after stopTimeout.
   *
   * @param patience of daemons that talk to us; systemd hears its own
   */
  stop(specs: readonly DaemonSpec[], patience?: StopPatience): Promise<readonly Outcome[]>;
  /** Sends reloadSignal, or asks systemd to reload; fails if it doesn't run. */
  reload(spec: DaemonSpec): Promise<Outcome>;
  /** Reads only; one observation for each, in the same order. */
  observe(specs: readonly DaemonSpec[]): Promise<readonly Observation[]>;
}
