/** One daemon as `status --json`, the control socket and the state board tell it. */
import type { RestartOwner } from './daemon.js';
import type { ExitStatus } from './exit-status.js';
import type { CheckReport } from './health.js';

/**
 * `waiting`: up is wanted, a required daemon is not ready. `degraded`: it runs,
 * but a readiness check fails, or a stop has failed and left it half dead, and its
 * dependants wait. `backing-off`: the next attempt is timed. `crash-loop`: the
 * restart intensity was exceeded, slow attempts go on. `given-up`: no more
 * attempts until an operator asks.
 * `failed`: systemd's word for a unit that it will not restart.
 */
export const STATUS_STATES = ['stopped', 'waiting', 'starting', 'running', 'degraded', 'stopping', 'backing-off', 'crash-loop', 'given-up', 'failed'] as const;

export type StatusState = (typeof STATUS_STATES)[number];

export interface DaemonStatus {
  readonly name: string;
  readonly desired: 'up' | 'down';
  readonly observed: StatusState;
  /** Whether its readiness check has passed since it was started. */
  readonly ready: boolean;
  readonly pid: number | null;
  /** ms since its main process was started. */
  readonly uptime: number | null;
  readonly owner: RestartOwner;
  /** Restarts since the watcher first saw it (systemd: NRestarts). */
  readonly restarts: number;
  /** ms from now until the next attempt. */
  readonly nextTry: number | null;
  /** Why it is in this state: the last decision, in words. */
  readonly reason: string;
  readonly lastExit: ExitStatus | null;
  /** Down only since all were stopped, and something was started since: check-and-start may start it. */
  readonly revivable?: boolean;
  /** "4711/75338": pid and start time (clock ticks since boot) of the process that had it stopped, whose own check-and-start may start it. */
  readonly asker?: string;
  /** Why nothing is done to it by itself: "paused by ops until …"; null: nobody paused it, absent: nobody looks (no watcher). */
  readonly paused?: string | null;
  /** Failures within the period of its restart policy; absent where another than the watcher restarts. */
  readonly recentFailures?: number;
  /** Required daemons that are not ready; absent where nobody follows them. */
  readonly waitsFor?: readonly string[];
  /** What an operator should know of besides its state, one line each; absent: nothing. */
  readonly warnings?: readonly string[];
  /** Its health checks; absent where nobody looks (no watcher). */
  readonly health?: readonly CheckReport[];
  /** What it last said of itself by STATUS= of sd_notify(3); null: nothing, absent: nobody listens. */
  readonly says?: string | null;
}

/** Its process is there, and nobody is taking it down: what `check` answers. */
export function isUp(state: StatusState): boolean {
  return state === 'running' || state === 'degraded' || state === 'starting';
}
