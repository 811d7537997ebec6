/**
 * Gives the event loop its turn in a long row of work that does not wait by
 * itself: a launch is synchronous, and 200 of them would leave everybody who
 * asks something without an answer.
 */
import { sleep, type Clock } from '../ports/clock.js';

/** ms of work in a row */
const BUDGET = 20;

export class Breather {
  #queue: Promise<void> = Promise.resolve();
  #since: number;

  constructor(private readonly clock: Clock) {
    this.#since = clock.monotonic();
  }

  /** One after the other, in the order of the calls; most of them go on at once. */
  turn(): Promise<void> {
    this.#queue = this.#queue.then(async () => {
      if (this.clock.monotonic() - this.#since < BUDGET) return;
      await sleep(this.clock, 0);
      this.#since = this.clock.monotonic();
    });
    return this.#queue;
  }
}
