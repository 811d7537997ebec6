/** Pauses as the watcher lives with them: told to each daemon's machine when they begin and when they end. */
import { nextExpiry, pausedReason, type PauseLease } from '../core/pause.js';
import type { Clock, Timer } from '../ports/clock.js';
import type { PauseStore } from '../ports/pause-store.js';

/** setTimeout's longest is 24 days; and a clock that is stepped must not make a pause last. */
const LONGEST_SLEEP = 60_000;

export class Pauses {
  #leases: readonly PauseLease[] = [];
  #stamp = '';
  #timer: Timer | undefined;

  /** @param changed called whenever the answer of `reason` may be another one */
  constructor(
    private readonly store: PauseStore,
    private readonly clock: Clock,
    private readonly changed: () => void,
  ) {}

  /** Looks whether the files have changed: at the start, at each heartbeat, and when somebody says so. */
  refresh(): void {
    const stamp = this.store.stamp();
    if (stamp === this.#stamp) return;
    this.#stamp = stamp;
    this.#leases = this.store.read();
    this.#changed();
  }

  reason(daemon: string): string | undefined {
    return pausedReason(this.#leases, daemon, this.clock.wall());
  }

  release(): void {
    this.#timer?.cancel();
  }

  #changed(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const now = this.clock.wall();
    const end = nextExpiry(this.#leases, now);
    if (end !== undefined) this.#timer = this.clock.after(Math.min(end - now, LONGEST_SLEEP), () => this.#changed());
    this.changed();
  }
}
