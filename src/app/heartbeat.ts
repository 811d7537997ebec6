/**
 * Says that the watcher's loop turns: on the board for readers, and to the
 * service manager's watchdog. A ping is sent only after a turn that began when
 * the timer fired has been completed, so a loop that hangs pings no more.
 */
import type { Clock, Timer } from '../ports/clock.js';
import type { Cancel } from '../ports/process-table.js';

export interface Beat {
  /** ms */
  readonly interval: number;
  readonly beat: () => void;
}

/** A beat that fails, as on a full /run, keeps nobody from serving: the next one tries again. */
export function beatOnce(beat: () => void, failed: (error: unknown) => void): void {
  try {
    beat();
  } catch (error) {
    failed(error);
  }
}

export function keepBeating(clock: Clock, beats: readonly Beat[], failed: (error: unknown) => void): Cancel {
  const timers = new Map<Beat, Timer>();
  let cancelled = false;

  const arm = (beat: Beat, delay: number, then: () => void): void => {
    if (!cancelled) timers.set(beat, clock.after(delay, then));
  };
  const turn = (beat: Beat): void => {
    arm(beat, 0, () => {
      beatOnce(beat.beat, failed);
      arm(beat, beat.interval, () => turn(beat));
    });
  };

  for (const beat of beats) turn(beat);
  return {
    cancel: () => {
      cancelled = true;
      for (const timer of timers.values()) timer.cancel();
    },
  };
}
