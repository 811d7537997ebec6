/** A clock that only moves when a test says so. */
import { expect } from 'chai';
import type { Clock, Timer } from '../../src/ports/clock.js';

interface Armed {
  readonly due: number;
  readonly callback: () => void;
}

export class FakeClock implements Clock {
  /** What random() gives; the middle by default, so that jitter is none. */
  chance = 0.5;
  #now = 1_000_000;
  readonly #armed = new Set<Armed>();

  monotonic(): number {
    return this.#now;
  }

  wall(): number {
    return 1_800_000_000_000 + this.#now;
  }

  random(): number {
    return this.chance;
  }

  after(ms: number, callback: () => void): Timer {
    const timer: Armed = { due: this.#now + Math.max(0, ms), callback };
    this.#armed.add(timer);
    return { cancel: () => this.#armed.delete(timer) };
  }

  get armed(): number {
    return this.#armed.size;
  }

  /** ms until the next timer; undefined: none is armed. */
  get next(): number | undefined {
    const dues = [...this.#armed].map(({ due }) => due);
    return dues.length === 0 ? undefined : Math.min(...dues) - this.#now;
  }

  /** Fires what falls due on the way, in its order, also what is armed on the way. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const due = [...this.#armed].filter((timer) => timer.due <= end).sort((a, b) => a.due - b.due)[0];
      if (due === undefined) break;
      this.#armed.delete(due);
      this.#now = Math.max(this.#now, due.due);
      due.callback();
    }
    this.#now = Math.max(this.#now, end);
  }

  /** So long a piece of work: no timer fires meanwhile. */
  work(ms: number): void {
    this.#now += ms;
  }

  /** The same, but promises get their turn after each timer. */
  async advanceAsync(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await turn();
      const { next } = this;
      if (next === undefined || this.#now + next > end) break;
      this.advance(next);
    }
    this.#now = end;
    await turn();
  }

  /** Moves on from timer to timer until the promise settles. @throws where nothing is armed that could settle it */
  async settle<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const note = (): void => {
      settled = true;
    };
    promise.then(note, note);
    for (let idle = 0; ; ) {
      await turn();
      // settled is set by the promise's callbacks
      if (settled as boolean) return promise;
      const { next } = this;
      if (next !== undefined) {
        idle = 0;
        this.advance(next);
      } else if (++idle > 10) throw new Error('waits for something that no timer brings');
    }
  }

  expectNoTimers(): void {
    expect(this.#armed.size, 'armed timers').to.equal(0);
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
