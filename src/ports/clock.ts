/** Time and chance. Adapters read them from the host; tests turn them by hand. */
export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** ms since boot (CLOCK_MONOTONIC): survives a restart of ours, never steps. */
  monotonic(): number;
  /** ms since the Unix epoch. For people only, never for a delay. */
  wall(): number;
  /** 0 ≤ x < 1 */
  random(): number;
  after(ms: number, callback: () => void): Timer;
}

/** Resolves after `ms`. */
export function sleep(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => clock.after(ms, resolve));
}
