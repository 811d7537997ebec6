/** Waits until a daemon is ready, dies or runs out of time: by readiness, not by hope. */
import type { DaemonSpec } from '../core/daemon.js';
import { formatDuration } from '../core/duration.js';
import { LONGEST_EXTENSION } from '../core/notify-message.js';
import type { ProcessIdentity } from '../core/process-identity.js';
import type { Clock, Timer } from '../ports/clock.js';
import type { Notifications } from '../ports/notifications.js';
import type { Cancel } from '../ports/process-table.js';
import type { StopPatience } from '../ports/service-manager.js';
import type { ReadinessChecker } from '../ports/start-preparation.js';

/** ms between two looks: quick at first, so that a quick daemon is told at once. */
const FIRST_INTERVAL = 5;
const LONGEST_INTERVAL = 250;

export interface ReadinessResult {
  readonly ready: boolean;
  readonly reason: string;
}

/**
 * Calls `done` once, unless it is cancelled (the daemon died meanwhile).
 * @param since monotonic ms of the start of its process, `main`
 */
export function awaitReadiness(
  spec: DaemonSpec,
  since: number,
  main: ProcessIdentity,
  clock: Clock,
  checker: ReadinessChecker,
  done: (result: ReadinessResult) => void,
): Cancel {
  let timer: Timer | undefined;
  let cancelled = false;
  let interval = FIRST_INTERVAL;
  let deadline = since + spec.startTimeout;
  // A look that the deadline has cut short says nothing of the daemon.
  let known: string | undefined;

  const look = async (): Promise<void> => {
    const remaining = Math.max(1, deadline - clock.monotonic());
    const { ready, reason, extendedUntil = 0 } = await checker.check(spec, clock.monotonic() - since, remaining, main);
    if (cancelled) return;
    deadline = Math.max(deadline, Math.min(extendedUntil, since + LONGEST_EXTENSION));
    if (ready) { done({ ready: true, reason }); return; }
    const late = clock.monotonic() >= deadline;
    if (!late || known === undefined) known = reason;
    if (late) { done({ ready: false, reason: `not ready within ${formatDuration(spec.startTimeout)}: ${known}` }); return; }
    schedule(interval);
    interval = Math.min(interval * 2, LONGEST_INTERVAL);
  };
  const schedule = (delay: number): void => {
    timer = clock.after(delay, () => {
      look().catch((error: unknown) => {
        if (!cancelled) done({ ready: false, reason: `readiness check failed: ${String(error)}` });
      });
    });
  };

  // A settled check is known to pass no earlier: one timer, no polling.
  schedule(spec.readiness.kind === 'settled' ? Math.min(spec.readiness.settle, spec.startTimeout) : FIRST_INTERVAL);
  return {
    cancel: () => {
      cancelled = true;
      timer?.cancel();
    },
  };
}

/** For a stop that begins now: what a daemon has asked for before was for its start. @param now monotonic ms */
export function stopPatience(notifications: Notifications, now: number): StopPatience {
  return (name) => {
    const said = notifications.state(name);
    return said === undefined || said.extendedAt < now ? 0 : said.extendedUntil;
  };
}
