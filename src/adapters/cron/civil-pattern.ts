/**
 * A cron expression as a pattern of clock readings, whatever the zone. The
 * expression is parsed and days are matched by node-cron, in UTC, where a
 * reading is an instant.
 *
 * node-cron's own next run and its timers are not used: it loses what falls
 * into the hour that is skipped in spring, is silent for the whole hour that is
 * repeated in autumn, counts from Date alone, and drops a run that is more than
 * a second late (all as of 4.6).
 */
import { createTask, parse } from 'node-cron';

const DAY = 86_400_000;
/** Days after which a pattern counts as one that never comes; the 29th of February on a given weekday may take 40 years. */
const MOST_DAYS = 41 * 366;

export class CivilPattern {
  /** Names every hour of the day. */
  readonly everyHour: boolean;
  readonly #months: ReadonlySet<number>;
  /** ms of a day, rising */
  readonly #hours: readonly number[];
  readonly #minutes: readonly number[];
  readonly #seconds: readonly number[];
  readonly #match: (date: Date) => boolean;

  /** @throws Error for an expression that is none */
  constructor(expression: string) {
    const fields = parse(expression);
    this.#months = new Set(fields.month);
    this.#hours = rising(fields.hour, 3_600_000);
    this.#minutes = rising(fields.minute, 60_000);
    this.#seconds = rising(fields.second, 1000);
    this.everyHour = this.#hours.length === 24;
    const task = createTask(expression, () => undefined, { timezone: 'UTC' });
    this.#match = (date) => task.match(date);
    // It was never started; this takes it out of node-cron's own register.
    void task.destroy();
  }

  matches(reading: number): boolean {
    return this.#match(new Date(reading));
  }

  /** The first reading after this one; undefined: none in 41 years. */
  next(after: number): number | undefined {
    const today = Math.floor(after / DAY) * DAY;
    for (let count = 0; count <= MOST_DAYS; count += 1) {
      const day = today + count * DAY;
      const time = this.#timeAfter(count === 0 ? after - today : -1);
      if (time !== undefined && this.#isDay(day)) return day + time;
    }
    return undefined;
  }

  #isDay(day: number): boolean {
    if (!this.#months.has(new Date(day).getUTCMonth() + 1)) return false;
    return this.matches(day + (this.#timeAfter(-1) ?? 0));
  }

  /** ms of the day */
  #timeAfter(time: number): number | undefined {
    for (const hour of this.#hours) {
      if (hour + 3_600_000 <= time) continue;
      for (const minute of this.#minutes) {
        if (hour + minute + 60_000 <= time) continue;
        for (const second of this.#seconds) {
          if (hour + minute + second > time) return hour + minute + second;
        }
      }
    }
    return undefined;
  }
}

function rising(values: readonly number[], unit: number): readonly number[] {
  return [...new Set(values)].sort((a, b) => a - b).map((value) => value * unit);
}
