/**
 * systemd tells the end of an order and the new state of a unit in two messages,
 * and they may be read in any order. Who asks right after an order must not be
 * told what was before it: a cluster would take a node for busy that is free. So
 * an order is answered only once what it has done was seen, too.
 */
import type { Observation } from '../core/observation.js';
import { isNotMaster, type Outcome } from '../core/outcome.js';
import type { Clock } from '../ports/clock.js';
import type { NamedOutcome } from '../ports/controller.js';

/** ms; what was not seen by then has changed again, or systemd tells nothing. */
const PATIENCE = 1_000;

export class CaughtUp {
  readonly #waiting = new Set<() => void>();

  /** @param seen undefined: nothing is known, so that systemd is asked anyway */
  constructor(
    private readonly clock: Clock,
    private readonly seen: (name: string) => Observation | undefined,
  ) {}

  /** To be called whenever something was seen. */
  look(): void {
    for (const look of [...this.#waiting]) look();
  }

  async after(way: 'start' | 'stop', order: Promise<readonly NamedOutcome[]>): Promise<readonly NamedOutcome[]> {
    const outcomes = await order;
    const isSeen = (): boolean => outcomes.every(({ name, outcome }) => agrees(way, outcome, this.seen(name)));
    if (!isSeen()) await this.#until(isSeen);
    return outcomes;
  }

  #until(isSeen: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        timer.cancel();
        this.#waiting.delete(look);
        resolve();
      };
      const look = (): void => {
        if (isSeen()) done();
      };
      const timer = this.clock.after(PATIENCE, done);
      this.#waiting.add(look);
    });
  }
}

function agrees(way: 'start' | 'stop', outcome: Outcome, seen: Observation | undefined): boolean {
  if (seen === undefined) return true;
  const isDown = seen.state === 'stopped' || seen.state === 'failed';
  if (outcome.kind === 'ok') return way === 'start' ? seen.state === 'running' : isDown;
  // It was tried, and has ended again. That systemd tries it once more may be seen instead: then we have waited in vain.
  return way === 'stop' || !(outcome.kind === 'failed' || isNotMaster(outcome)) || isDown;
}
