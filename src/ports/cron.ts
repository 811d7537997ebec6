/** Cron expressions: what they mean in a time zone. */
import type { Timetable } from '../core/schedule.js';

export interface Cron {
  /** What is wrong with it, in words; undefined: it is valid. */
  problem(expression: string): string | undefined;
  /**
   * A schedule whose hour field names every hour follows elapsed time: it runs
   * through a repeated hour, and a skipped one is none to it. Any other follows
   * the clock on the wall: what falls into a skipped hour runs once right after
   * the gap, a repeated time counts the first time only.
   *
   * @param timezone IANA name; undefined: the machine's
   * @throws for an expression that has a problem
   */
  timetable(expression: string, timezone: string | undefined): Timetable;
}
