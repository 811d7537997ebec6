/**
 * A time zone: what its clocks show at an instant. Clock readings are ms as
 * Date.UTC would count them, whole seconds. Transitions are found by asking
 * Intl, whose data is the platform's own.
 */

const DAY = 86_400_000;
/** Two transitions are never as close; a skipped day (Apia, 2011) fits in. */
const NEAR = 2 * DAY;

export class Zone {
  readonly name: string;
  readonly #format: Intl.DateTimeFormat;

  /** @throws RangeError for a name that is none */
  constructor(name: string | undefined) {
    this.#format = new Intl.DateTimeFormat('en-US', {
      ...(name === undefined ? {} : { timeZone: name }),
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    this.name = this.#format.resolvedOptions().timeZone;
  }

  /** What the clocks show; the fraction of a second is dropped. */
  reading(instant: number): number {
    const parts: Record<string, number> = {};
    for (const { type, value } of this.#format.formatToParts(instant)) parts[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second);
  }

  /** ms that the clocks are ahead of UTC. */
  offset(instant: number): number {
    return this.reading(instant) - Math.floor(instant / 1000) * 1000;
  }

  /** The first instant with another offset in (from, to]; undefined: it is the same at both ends. */
  transition(from: number, to: number): number | undefined {
    const before = this.offset(from);
    if (this.offset(to) === before) return undefined;
    let low = Math.floor(from / 1000);
    let high = Math.floor(to / 1000);
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.offset(middle * 1000) === before) low = middle;
      else high = middle;
    }
    return high * 1000;
  }

  /** The first instant at which the clocks show this, else the end of the gap that they leap over it in. */
  firstInstant(reading: number): number {
    const from = reading - NEAR;
    const early = reading - this.offset(from);
    if (this.reading(early) === reading) return early;
    const late = reading - this.offset(reading + NEAR);
    if (this.reading(late) === reading) return late;
    return this.transition(from, reading + NEAR) ?? late;
  }
}
