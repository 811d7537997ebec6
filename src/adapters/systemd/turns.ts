/**
 * Work on things that keep changing: each is dealt with once for all that has
 * happened to it, soon, and so few in one turn of the loop that the rest of the
 * watcher (its heartbeat, its answers) goes on in between.
 */
import type { Clock, Timer } from '../../ports/clock.js';

/** ms; one change of a unit comes as a handful of signals. */
const SETTLE = 2;
const A_TURN = 64;

export class Turns<T> {
  readonly #waiting = new Set<T>();
  #timer: Timer | undefined;

  constructor(
    private readonly clock: Pick<Clock, 'after'>,
    private readonly work: (item: T) => void,
  ) {}

  add(item: T): void {
    this.#waiting.add(item);
    this.#timer ??= this.clock.after(SETTLE, () => this.#turn());
  }

  clear(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#waiting.clear();
  }

  #turn(): void {
    this.#timer = undefined;
    for (const item of [...this.#waiting].slice(0, A_TURN)) {
      this.#waiting.delete(item);
      this.work(item);
    }
    const [next] = this.#waiting;
    if (next !== undefined) this.add(next);
  }
}
