/**
 * What became of daemons over time: changes, in the order in which they were
 * written down, → intervals. Pure. Instants are ms since the epoch, as people
 * ask "what was at three in the morning"; where the clock was set back, what was
 * written later is believed.
 */
import type { DesiredState } from './daemon.js';
import type { StatusState } from './daemon-status.js';

/** One daemon is in this state from now on. */
export interface HistoryEntry {
  readonly at: number;
  readonly daemon: string;
  readonly state: StatusState;
  readonly desired: DesiredState;
  readonly paused: boolean;
}

export type HistoryRecord =
  | ({ readonly kind: 'state' } & HistoryEntry)
  /** It is no longer seen: taken out of the catalogue, or systemd cannot be asked. */
  | { readonly kind: 'unseen'; readonly at: number; readonly daemon: string }
  /** The watcher began, was at work, ended: between an end and a beginning nothing is known. */
  | { readonly kind: 'begin' | 'alive' | 'end'; readonly at: number };

/** What is not covered by an interval is not known: no watcher was there to see it. */
export interface HistoryInterval {
  readonly from: number;
  readonly to: number;
  readonly state: StatusState;
  readonly desired: DesiredState;
  readonly paused: boolean;
}

/** ms between two signs of life that the watcher writes down. */
export const ALIVE_INTERVAL = 60_000;

/** Told of what is known, in the order of time. */
export interface HistorySink {
  closed(daemon: string, interval: HistoryInterval): void;
  /** The clock was set back to `at`: what was told of later is no longer true. */
  cut(daemon: string, at: number): void;
}

/** Records, one after the other, → the intervals that are over, and those that go on. */
export class HistoryFold {
  readonly #open = new Map<string, HistoryEntry>();
  #lastSign = Number.NEGATIVE_INFINITY;
  #ended = true;

  constructor(private readonly sink: HistorySink) {}

  add(record: HistoryRecord): void {
    if (record.kind === 'state') {
      const last = this.#open.get(record.daemon);
      if (last === undefined || !sameState(last, record)) {
        this.#close(record.daemon, record.at);
        this.sink.cut(record.daemon, record.at);
        this.#open.set(record.daemon, record);
      }
      this.#ended = false;
    } else if (record.kind === 'unseen') this.#close(record.daemon, record.at);
    else if (record.kind === 'end') this.#closeAll(record.at);
    // It died without a word: what it saw last held as long as it lived.
    else if (record.kind === 'begin') this.#closeAll(Math.min(this.#lastSign, record.at));
    this.#lastSign = record.at;
    if (record.kind === 'end' || record.kind === 'begin') this.#ended = record.kind === 'end';
  }

  /** What goes on, up to now if the watcher has shown life lately. */
  *present(now: number): Generator<readonly [daemon: string, interval: HistoryInterval]> {
    const alive = !this.#ended && now - this.#lastSign <= 2 * ALIVE_INTERVAL;
    const to = alive ? now : Math.min(this.#lastSign, now);
    for (const [daemon, { at, state, desired, paused }] of this.#open) if (to > at) yield [daemon, { from: at, to, state, desired, paused }];
  }

  #close(daemon: string, to: number): void {
    const last = this.#open.get(daemon);
    if (last === undefined) return;
    this.#open.delete(daemon);
    const { at, state, desired, paused } = last;
    if (to > at) this.sink.closed(daemon, { from: at, to, state, desired, paused });
  }

  #closeAll(at: number): void {
    for (const daemon of [...this.#open.keys()]) this.#close(daemon, at);
  }
}

/**
 * @param now to where the last states reach, if the watcher has shown life lately
 * @returns by name, the oldest first; only what overlaps from … now
 */
export function historyIntervals(records: Iterable<HistoryRecord>, from: number, now: number): ReadonlyMap<string, readonly HistoryInterval[]> {
  const known = new Map<string, HistoryInterval[]>();
  const closed = (daemon: string, interval: HistoryInterval): void => {
    if (interval.to > from) listOf(known, daemon).push({ ...interval, from: Math.max(from, interval.from) });
  };
  const fold = new HistoryFold({ closed, cut: (daemon, at) => cut(known, daemon, at) });
  for (const record of records) fold.add(record);
  for (const [daemon, interval] of fold.present(now)) closed(daemon, interval);
  return known;
}

export function sameState(a: HistoryEntry, b: HistoryEntry): boolean {
  return a.state === b.state && a.desired === b.desired && a.paused === b.paused;
}

/** The clock was set back: what was written before is no longer true of what lies after `at`. */
function cut(closed: Map<string, HistoryInterval[]>, daemon: string, at: number): void {
  const list = closed.get(daemon);
  for (let last = list?.at(-1); list !== undefined && last !== undefined && last.to > at; last = list.at(-1)) {
    list.pop();
    if (last.from < at) list.push({ ...last, to: at });
  }
}

function listOf(closed: Map<string, HistoryInterval[]>, daemon: string): HistoryInterval[] {
  const known = closed.get(daemon);
  if (known !== undefined) return known;
  const fresh: HistoryInterval[] = [];
  closed.set(daemon, fresh);
  return fresh;
}

/** The words of a timeline, from bad to good. */
export const TIMELINE_WORDS = ['failed', 'crash-loop', 'backing-off', 'waiting', 'degraded', 'starting', 'stopping', 'paused', 'stopped', 'up', 'unknown'] as const;

export type TimelineWord = (typeof TIMELINE_WORDS)[number];

export function timelineWord({ state, desired, paused }: Pick<HistoryInterval, 'state' | 'desired' | 'paused'>): TimelineWord {
  switch (state) {
    case 'running':
      return 'up';
    case 'given-up':
    case 'failed':
      return 'failed';
    case 'crash-loop':
    case 'degraded':
    case 'starting':
    case 'stopping':
      return state;
    case 'waiting':
    case 'backing-off':
      return paused ? 'paused' : state;
    case 'stopped':
      return desired === 'up' && paused ? 'paused' : 'stopped';
  }
}

/** Seen in a slot however short they were. */
export const ALARMING: readonly TimelineWord[] = ['failed', 'crash-loop', 'backing-off', 'degraded'];

/** `count` equal slots of from … to, each with the word that held longest in it; but a crash of a second is seen in a day. */
export function timeline(intervals: readonly HistoryInterval[], from: number, to: number, count: number): readonly TimelineWord[] {
  const width = (to - from) / count;
  const slots = Array.from({ length: count }, () => new Map<TimelineWord, number>());
  for (const interval of intervals) {
    const first = Math.max(0, Math.floor((interval.from - from) / width));
    const last = Math.min(count - 1, Math.ceil((interval.to - from) / width) - 1);
    const word = timelineWord(interval);
    for (let slot = first; slot <= last; slot += 1) {
      const begin = from + slot * width;
      const time = Math.min(interval.to, begin + width) - Math.max(interval.from, begin);
      slots[slot]?.set(word, (slots[slot]?.get(word) ?? 0) + time);
    }
  }
  return slots.map((times) => ALARMING.find((word) => times.has(word)) ?? longest(times));
}

function longest(times: ReadonlyMap<TimelineWord, number>): TimelineWord {
  const [first] = [...times].sort(([, a], [, b]) => b - a);
  return first?.[0] ?? 'unknown';
}

/** ms that it was in each state, of those that are known. */
export function timeIn(intervals: readonly HistoryInterval[]): ReadonlyMap<TimelineWord, number> {
  const times = new Map<TimelineWord, number>();
  for (const interval of intervals) {
    const word = timelineWord(interval);
    times.set(word, (times.get(word) ?? 0) + interval.to - interval.from);
  }
  return times;
}
