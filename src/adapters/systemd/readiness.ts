/** Waits until a unit that systemd calls up is of use, or its process ends, or time is up. */
import type { DaemonSpec } from '../../core/daemon.js';
import { formatDuration } from '../../core/duration.js';
import type { ProcessIdentity } from '../../core/process-identity.js';
import { sleep, type Clock } from '../../ports/clock.js';
import type { ProcessTable } from '../../ports/process-table.js';
import type { ReadinessChecker } from '../../ports/start-preparation.js';

/** ms between two looks: short at first, as most daemons are quick. */
const FIRST_INTERVAL = 5;
const LONGEST_INTERVAL = 250;

export interface Tools {
  readonly clock: Clock;
  readonly readiness: ReadinessChecker;
  readonly processes: ProcessTable;
}

export interface Begun {
  /** Monotonic ms of the request. */
  readonly began: number;
  /** Monotonic ms of the process's start. */
  readonly startedAt: number;
  /** undefined: systemd knows no main process. */
  readonly process: ProcessIdentity | undefined;
}

export interface Waited {
  readonly kind: 'ready' | 'ended' | 'late' | 'given-up';
  readonly reason: string;
}

export async function awaitReadiness(spec: DaemonSpec, begun: Begun, { clock, readiness, processes }: Tools, abort?: AbortSignal): Promise<Waited> {
  // The job of a unit of Type=notify is done when systemd has heard its READY=1.
  if (spec.readiness.kind === 'notify') return { kind: 'ready', reason: 'systemd says that it is ready' };
  // In one transaction with those that it comes after, its own start may have begun much later.
  const deadline = Math.max(begun.began, begun.startedAt) + spec.startTimeout;
  // A look that the deadline has cut short says nothing of the daemon.
  let known: string | undefined;
  const ended = () => begun.process !== undefined && !processes.isAlive(begun.process);
  for (let interval = FIRST_INTERVAL; ; interval = Math.min(2 * interval, LONGEST_INTERVAL)) {
    const now = clock.monotonic();
    const { ready, reason } = await readiness.check(spec, now - begun.startedAt, Math.max(1, deadline - now), begun.process);
    if (ended()) return { kind: 'ended', reason };
    if (ready) return { kind: 'ready', reason };
    if (abort?.aborted === true) return { kind: 'given-up', reason };
    const left = deadline - clock.monotonic();
    if (left > 0 || known === undefined) known = reason;
    if (left <= 0) return { kind: 'late', reason: `not ready within ${formatDuration(spec.startTimeout)}: ${known}` };
    await sleep(clock, Math.min(interval, left));
  }
}
