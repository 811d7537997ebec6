/**
 * An order to systemd over the bus, and the end of its job. All of it is sent in
 * one go: the bus carries it out in this order, so that no end can be missed.
 * systemd tells the end to who ordered the job, also without Subscribe().
 */
import type { Clock } from '../../ports/clock.js';
import { BusFailure, type BusSignal } from './bus.js';
import { SYSTEMD_OBJECT, type SystemdBus } from './systemd-bus.js';

/** `start anew`: whatever of a failure, or of a count of starts, could stand in its way is forgotten first. */
export type Order = 'start' | 'start anew' | 'stop';

/** Who wants to hear of the ends of jobs. */
export type JobListener = (signal: BusSignal) => void;

export interface JobParts {
  readonly systemd: SystemdBus;
  readonly clock: Clock;
  readonly listeners: Set<JobListener>;
}

/**
 * @param patience ms
 * @returns the job's result as systemd words it (`done`, `failed`, `dependency`, …,
 *   JobRemoved in org.freedesktop.systemd1(5)); undefined: it has not ended, or nobody waits for it any more
 * @throws BusFailure what systemd refuses included
 */
export async function orderUnit(order: Order, unit: string, patience: number, { systemd, clock, listeners }: JobParts, abort?: AbortSignal): Promise<string | undefined> {
  const ends: BusSignal[] = [];
  let wake = (): void => undefined;
  const listener: JobListener = (signal) => {
    if (signal.member !== 'JobRemoved' || signal.path !== SYSTEMD_OBJECT) return;
    ends.push(signal);
    wake();
  };
  const aborted = (): void => wake();
  listeners.add(listener);
  abort?.addEventListener('abort', aborted);
  try {
    const forgotten = order === 'start anew' ? systemd.resetFailed(unit).catch(ifRefused) : undefined;
    const [, { job, by }] = await Promise.all([systemd.watchJobs(), systemd.order(order === 'stop' ? 'stop' : 'start', unit), forgotten]);
    // Whoever may send to the bus may send such a signal; only that of who took the order counts.
    const result = (): string | undefined => ends.filter(({ sender, body }) => sender === by && body[1] === job).map(({ body }) => String(body[3]))[0];
    await new Promise<void>((resolve) => {
      const timer = clock.after(patience, resolve);
      wake = () => {
        if (result() === undefined && abort?.aborted !== true) return;
        timer.cancel();
        resolve();
      };
      wake();
    });
    return result();
  } finally {
    listeners.delete(listener);
    abort?.removeEventListener('abort', aborted);
    // Later: nobody waits for that, but somebody for the result. A connection that has ended has no rules.
    clock.after(0, () => {
      systemd.unwatchJobs().catch(() => undefined);
    });
  }
}

/** Of a unit that is not in memory there is nothing to forget, and who may not do that may not start it. */
function ifRefused(error: unknown): void {
  if (!(error instanceof BusFailure) || !error.code.includes('.')) throw error;
}
