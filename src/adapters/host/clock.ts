/** Clock on Node. */
import type { Clock, Timer } from '../../ports/clock.js';

/** setTimeout takes a signed 32-bit number and fires at once for more. */
const LONGEST_TIMEOUT = 2 ** 31 - 1;

export class HostClock implements Clock {
  /** process.hrtime is CLOCK_MONOTONIC on Linux, which counts from boot. */
  monotonic(): number {
    return Number(process.hrtime.bigint()) / 1e6;
  }

  wall(): number {
    return Date.now();
  }

  random(): number {
    return Math.random();
  }

  after(ms: number, callback: () => void): Timer {
    // Node's shortest timer is 1 ms: where the loop is only to turn, the processor would rest that long.
    if (ms <= 0) {
      const immediate = setImmediate(callback);
      return { cancel: () => clearImmediate(immediate) };
    }
    const due = this.monotonic() + ms;
    let timeout: NodeJS.Timeout;
    const arm = (left: number): void => {
      timeout = setTimeout(() => {
        const more = due - this.monotonic();
        if (left > LONGEST_TIMEOUT && more > 0) arm(more);
        else callback();
      }, Math.min(left, LONGEST_TIMEOUT));
    };
    arm(ms);
    return { cancel: () => clearTimeout(timeout) };
  }
}
