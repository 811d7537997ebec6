/** The last 24 hours of all daemons for whoever shows them; reads the history when somebody first asks, and goes along with it from then on. */
import { DayTimeline } from '../core/day-timeline.js';
import { HistoryFold, type HistoryInterval, type TimelineWord } from '../core/history.js';
import type { Clock } from '../ports/clock.js';
import type { FollowedHistory } from '../ports/history.js';

export class DayBook {
  readonly #timeline = new DayTimeline();
  readonly #fold = new HistoryFold(this.#timeline);
  #caughtUp: Promise<void> | undefined;

  constructor(
    private readonly history: FollowedHistory,
    private readonly clock: Clock,
  ) {}

  /** By name, SLOTS words each (core/day-timeline.ts). @param names daemons of the catalogue */
  async words(names: readonly string[]): Promise<ReadonlyMap<string, readonly TimelineWord[]>> {
    await (this.#caughtUp ??= this.history.follow((record) => this.#fold.add(record)));
    this.#timeline.forgetAllBut(new Set(names));
    const now = this.clock.wall();
    const present = new Map<string, HistoryInterval>(this.#fold.present(now));
    return new Map(names.map((name) => [name, this.#timeline.words(name, now, present.get(name))]));
  }
}
