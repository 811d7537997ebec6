/** Waits that end, without leaving a timer behind that keeps the process alive. */
import type { Clock, Timer } from '../ports/clock.js';

/** Resolves when the promise does, or after `ms`; a rejection is passed on. */
export async function within(clock: Clock, ms: number, promise: Promise<unknown>): Promise<void> {
  let timer: Timer | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = clock.after(ms, resolve);
  });
  try {
    await Promise.race([promise, deadline]);
  } finally {
    timer?.cancel();
  }
}
