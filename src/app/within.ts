/** Waits for something, but not for ever. */
import type { Clock } from '../ports/clock.js';

/** @returns whether it settled within so many ms; its value and its failure are somebody else's */
export async function within(clock: Clock, ms: number, something: Promise<unknown>): Promise<boolean> {
  if (ms <= 0) return false;
  return new Promise((resolve) => {
    // Infinity is no delay for a timer.
    const timer = Number.isFinite(ms) ? clock.after(ms, () => resolve(false)) : undefined;
    const settled = (): void => {
      timer?.cancel();
      resolve(true);
    };
    something.then(settled, settled);
  });
}
