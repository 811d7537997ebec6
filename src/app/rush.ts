/**
 * Order for a rush, such as the end of a thousand daemons at once: first what
 * brings daemons back, in portions between which the loop turns, so that
 * requests and heartbeats have their turn; then what is written down of it. Of
 * what changes again meanwhile only the last state is written then.
 *
 * Without a rush everything is done at once.
 */
import type { Clock, Timer } from '../ports/clock.js';

/** ms of work in a row from which on it is a rush; and of a portion. */
const PORTION = 20;
/** ms without work that end a row. */
const GAP = 1;
/** ms that writing waits at most; then it gets a small portion after each. */
const PATIENCE = 500;
const SMALL_PORTION = 3;

export class Rush {
  readonly #actions: (() => void)[] = [];
  /** Monotonic ms. */
  #rowBegan = -Infinity;
  #rowEnded = -Infinity;
  #owedSince: number | undefined;
  #stirred = false;
  #timer: Timer | undefined;

  /** @param write writes down what is owed, until it is told that its portion is over. @returns whether all is written */
  constructor(
    private readonly clock: Clock,
    private readonly write: (isOver: () => boolean) => boolean,
  ) {}

  /** Work begins: part of a row, or the first of one. */
  begin(): void {
    const now = this.clock.monotonic();
    if (now - this.#rowEnded > GAP) this.#rowBegan = now;
  }

  /** Something that must be done soon, but not before what was put off already. */
  act(action: () => void): void {
    this.begin();
    if (this.#actions.length === 0 && !this.#isRush()) {
      action();
      return;
    }
    this.#actions.push(action);
    this.#arm();
  }

  /** Work has ended, and something of it is to be written down. */
  owe(): void {
    this.#stirred = true;
    if (this.#owedSince === undefined && this.#actions.length === 0 && !this.#isRush()) {
      this.write(() => false);
    } else {
      this.#owedSince ??= this.clock.monotonic();
      this.#arm();
    }
    this.#rowEnded = this.clock.monotonic();
  }

  /** Writes all that is owed, and forgets what is still to be done: the end. */
  finish(): void {
    this.#timer?.cancel();
    this.#actions.length = 0;
    this.#owedSince = undefined;
    this.write(() => false);
  }

  #isRush(): boolean {
    return this.clock.monotonic() - this.#rowBegan >= PORTION;
  }

  #arm(): void {
    this.#timer ??= this.clock.after(0, () => this.#turn());
  }

  #turn(): void {
    this.#timer = undefined;
    try {
      const isOver = this.#portion(PORTION);
      for (let action = this.#actions.shift(); action !== undefined; action = isOver() ? undefined : this.#actions.shift()) action();
      this.#pay();
    } finally {
      if (this.#actions.length > 0 || this.#owedSince !== undefined) this.#arm();
    }
  }

  #pay(): void {
    if (this.#owedSince === undefined) return;
    const isBusy = this.#actions.length > 0 || this.#stirred;
    this.#stirred = false;
    if (isBusy && this.clock.monotonic() - this.#owedSince < PATIENCE) return;
    if (this.write(this.#portion(isBusy ? SMALL_PORTION : PORTION))) this.#owedSince = undefined;
  }

  #portion(length: number): () => boolean {
    const end = this.clock.monotonic() + length;
    return () => this.clock.monotonic() >= end;
  }
}
