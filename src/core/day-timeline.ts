/**
 * The last 24 hours of each daemon in slots of five minutes, from the history as
 * it goes on: a few hundred bytes a daemon, however often its state changes.
 * As in `timeline`, a slot has the word that held longest in it, but the shortest
 * failure is seen.
 */
import { ALARMING, timelineWord, TIMELINE_WORDS, type HistoryInterval, type HistorySink, type TimelineWord } from './history.js';

/** ms */
export const SLOT = 300_000;
export const SLOTS = 288;

const UNKNOWN = TIMELINE_WORDS.indexOf('unknown');
const ALARMS = ALARMING.map((word) => TIMELINE_WORDS.indexOf(word));

export class DayTimeline implements HistorySink {
  readonly #days = new Map<string, Day>();

  closed(daemon: string, interval: HistoryInterval): void {
    const day = this.#days.get(daemon) ?? new Day();
    this.#days.set(daemon, day);
    day.add(interval);
  }

  cut(daemon: string, at: number): void {
    this.#days.get(daemon)?.cut(at);
  }

  /** Daemons that nobody knows any more. */
  forgetAllBut(names: ReadonlySet<string>): void {
    for (const name of this.#days.keys()) if (!names.has(name)) this.#days.delete(name);
  }

  /** SLOTS words, the last one for the slot that `now` is in. @param present what goes on, up to now */
  words(daemon: string, now: number, present: HistoryInterval | undefined): readonly TimelineWord[] {
    const day = this.#days.get(daemon)?.copy() ?? new Day();
    if (present !== undefined) day.add(present);
    return day.words(Math.floor(now / SLOT));
  }
}

class Day {
  /** Index into TIMELINE_WORDS of each slot since the epoch, modulo SLOTS. */
  #words = new Uint8Array(SLOTS).fill(UNKNOWN);
  #newest = Number.NEGATIVE_INFINITY;
  /** ms of each word in the newest slot. */
  #times = new Float64Array(TIMELINE_WORDS.length);

  add(interval: HistoryInterval): void {
    const word = TIMELINE_WORDS.indexOf(timelineWord(interval));
    const last = Math.ceil(interval.to / SLOT) - 1;
    const first = Math.max(Math.floor(interval.from / SLOT), last - SLOTS + 1);
    for (let slot = first; slot <= last; slot += 1) {
      this.#advance(slot);
      if (slot !== this.#newest) continue;
      const time = Math.min(interval.to, (slot + 1) * SLOT) - Math.max(interval.from, slot * SLOT);
      this.#times[word] = (this.#times[word] ?? 0) + time;
      this.#words[slot % SLOTS] = this.#verdict();
    }
  }

  /** What the slot of `at` had already stands until something else is told of it. */
  cut(at: number): void {
    const slot = Math.floor(at / SLOT);
    if (slot >= this.#newest) return;
    for (let later = Math.max(slot + 1, this.#newest - SLOTS + 1); later <= this.#newest; later += 1) this.#words[later % SLOTS] = UNKNOWN;
    this.#newest = slot;
    this.#times.fill(0);
  }

  copy(): Day {
    const copy = new Day();
    copy.#words = this.#words.slice();
    copy.#times = this.#times.slice();
    copy.#newest = this.#newest;
    return copy;
  }

  words(last: number): readonly TimelineWord[] {
    return Array.from({ length: SLOTS }, (_, index) => {
      const slot = last - SLOTS + 1 + index;
      const held = slot <= this.#newest && slot > this.#newest - SLOTS;
      return TIMELINE_WORDS[held ? (this.#words[slot % SLOTS] ?? UNKNOWN) : UNKNOWN] ?? 'unknown';
    });
  }

  #advance(slot: number): void {
    if (slot <= this.#newest) return;
    for (let next = Math.max(this.#newest + 1, slot - SLOTS + 1); next <= slot; next += 1) this.#words[next % SLOTS] = UNKNOWN;
    this.#newest = slot;
    this.#times.fill(0);
  }

  #verdict(): number {
    const alarm = ALARMS.find((word) => (this.#times[word] ?? 0) > 0);
    return alarm ?? this.#times.indexOf(Math.max(...this.#times));
  }
}

/** Neighbours of one word together; `first` counts from 0. */
export interface Run {
  readonly word: TimelineWord;
  readonly first: number;
  readonly count: number;
}

export function runs(words: readonly TimelineWord[]): readonly Run[] {
  const found: Run[] = [];
  let first = 0;
  for (let next = 1; next <= words.length; next += 1) {
    const word = words[first];
    if (word === undefined || words[next] === word) continue;
    found.push({ word, first, count: next - first });
    first = next;
  }
  return found;
}
