/** The watchdog of sd_notify(3), kept by us: the daemon must say WATCHDOG=1 in time. */
import type { DaemonSpec, HealthCheck } from '../../core/daemon.js';
import { formatDuration } from '../../core/duration.js';
import type { LookResult } from '../../core/health.js';
import type { ProcessIdentity } from '../../core/process-identity.js';
import type { Clock } from '../../ports/clock.js';
import type { HealthLook } from '../../ports/health-checker.js';
import type { Notifications } from '../../ports/notifications.js';
import { readVariable } from '../host/proc.js';
import { MARKER_VARIABLE } from '../../ports/process-markers.js';

/** Quicker than this is no watchdog, but a load. */
const SHORTEST = 100;

export class WatchdogLook implements HealthLook {
  /** Whether it was told at its start that there is somebody to ping; undefined: its environment is not to be read any more. */
  readonly #told: boolean | undefined;

  constructor(
    private readonly spec: DaemonSpec,
    private readonly check: HealthCheck,
    main: ProcessIdentity,
    private readonly begin: number,
    private readonly clock: Clock,
    private readonly notifications: Notifications,
  ) {
    this.#told = wasTold(main.pid);
  }

  look(): Promise<LookResult> {
    const state = this.notifications.state(this.spec.name);
    if (state === undefined) return unseen('nobody listens at present');
    if (this.#told === false && !state.heard) return unseen('not judged: it was started without NOTIFY_SOCKET, by daemon-util without the watcher; a restart mends that');
    if (state.triggered) return ill('it asked to be taken for hung (WATCHDOG=trigger)');
    const silent = this.clock.monotonic() - this.#since(state.lastPing);
    const limit = this.#limit(state.watchdogInterval);
    return silent >= limit ? ill(`no WATCHDOG=1 for ${formatDuration(silent)}`) : well(`WATCHDOG=1 came ${formatDuration(Math.max(0, silent))} ago`);
  }

  /** When its time will be up, or would have been for the next time. */
  nextIn(): number | undefined {
    const state = this.notifications.state(this.spec.name);
    if (state === undefined) return undefined;
    const limit = this.#limit(state.watchdogInterval);
    const left = this.#since(state.lastPing) + limit - this.clock.monotonic();
    return Math.max(1, left > 0 ? left : limit);
  }

  putOff(): number {
    return busyFor(this.notifications, this.spec.name, this.clock);
  }

  end(): void {
    // nothing is held
  }

  #since(lastPing: number): number {
    return Math.max(lastPing, this.begin + this.check.grace);
  }

  #limit(own: number | undefined): number {
    return Math.max(SHORTEST, own ?? this.check.interval);
  }
}

/** ms that it still needs for what it said that it does (RELOADING=1, STOPPING=1). */
export function busyFor(notifications: Notifications, name: string, clock: Clock): number {
  const until = notifications.state(name)?.busyUntil ?? 0;
  return Math.max(0, until - clock.monotonic());
}

/** A daemon that writes its title over its environment leaves nothing to be read: then our own marker is gone, too. */
function wasTold(pid: number): boolean | undefined {
  if (readVariable(pid, 'NOTIFY_SOCKET') !== undefined) return true;
  return readVariable(pid, MARKER_VARIABLE) === undefined ? undefined : false;
}

function well(reason: string): Promise<LookResult> {
  return Promise.resolve({ healthy: true, reason });
}

function ill(reason: string): Promise<LookResult> {
  return Promise.resolve({ healthy: false, reason });
}

function unseen(reason: string): Promise<LookResult> {
  return Promise.resolve({ healthy: undefined, reason });
}
