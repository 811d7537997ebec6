/**
 * Markers for words that only add to a message: passes over all processes take no
 * more than a tenth of the time, however many daemons end at once. Between two
 * passes the last answer is given again.
 */
import type { Clock } from '../../ports/clock.js';
import type { ProcessMarkers } from '../../ports/process-markers.js';

const SHARE = 10;

export class AffordableMarkers implements ProcessMarkers {
  #last: ReturnType<ProcessMarkers['marked']> = new Map();
  /** monotonic ms */
  #next = 0;

  constructor(
    private readonly markers: ProcessMarkers,
    private readonly clock: Pick<Clock, 'monotonic'>,
  ) {}

  marked(): ReturnType<ProcessMarkers['marked']> {
    const began = this.clock.monotonic();
    if (began < this.#next) return this.#last;
    this.#last = this.markers.marked();
    const ended = this.clock.monotonic();
    this.#next = ended + (SHARE - 1) * (ended - began);
    return this.#last;
  }
}
