/**
 * What was seen and done in a storm: one JSON object a line, appended by many
 * processes, each with CLOCK_MONOTONIC in ms, so that they can be put in order.
 */

import type { LeftBehind } from './left-behind.js';

export type Observation = { readonly at: number } & (
  /** The storm: a fault begins. */
  | { readonly e: 'fault'; readonly step: number; readonly kind: string; readonly detail: string }
  /** It could not be done: what it was to hit was not there. */
  | { readonly e: 'missed'; readonly step: number; readonly why: string }
  /** So many clients asked at once; whether the watcher lived until the last of them gave up. */
  | { readonly e: 'crowd'; readonly step: number; readonly clients: number; readonly answered: number; readonly lived: boolean }
  /** The operator asks for a daemon; what he gets. `none`: he never heard, it may have been done or not. */
  | { readonly e: 'ask'; readonly verb: 'start' | 'stop' | 'restart'; readonly name: string }
  | { readonly e: 'answer'; readonly verb: 'start' | 'stop' | 'restart'; readonly name: string; readonly result: 'done' | 'refused' | 'none'; readonly detail: string }
  /** A daemon itself, at its first instruction, and when it found that another one holds its lock. */
  | { readonly e: 'begun'; readonly name: string; readonly pid: number }
  | { readonly e: 'overlap'; readonly name: string; readonly pid: number }
  /** A daemon itself, that was ready and got SIGTERM. */
  | { readonly e: 'told-to-end'; readonly name: string; readonly pid: number }
  /** A stranger, that got a signal. */
  | { readonly e: 'signal'; readonly pid: number; readonly signal: string; readonly from: number }
  /** A stranger ended without being told to. */
  | { readonly e: 'stranger-lost'; readonly pid: number; readonly how: string }
  /** The observer: which processes of a daemon live, when that changed. */
  | { readonly e: 'seen'; readonly name: string; readonly pids: readonly number[] }
  /**
   * The observer: it is still looking; the longest time between two looks, and how many
   * files of each format it has found whole, since the last such line.
   */
  | { readonly e: 'looking'; readonly looks: number; readonly longest: number; readonly whole?: Readonly<Record<string, number>> }
  /** The observer: it has read all state files, from this instant on. */
  | { readonly e: 'read'; readonly since: number }
  /** The observer: a state file is not what it should be. */
  | { readonly e: 'unparsable'; readonly path: string; readonly text: string }
  /** The observer, at the end: what stands in desired/NAME. */
  | { readonly e: 'desired'; readonly name: string; readonly desired: 'up' | 'down' | 'unknown' }
  /** A sweep: this one is not where it is wanted, so many ms after what was done to it. */
  | { readonly e: 'misplaced'; readonly name: string; readonly bound: number }
  /** A sweep is over: from which fault point on it tried, and the last that each way has; one of which it is not known was cut off. */
  | { readonly e: 'swept'; readonly points: Readonly<Record<string, number>>; readonly from: number; readonly of: readonly string[] }
  /** The storm: all faults are over. */
  | { readonly e: 'calm' }
  /** The storm: whether the watcher answers. */
  | { readonly e: 'answers'; readonly detail: string }
  /** The storm: the wishes are settled, or the time for it is up; from here on it is taken down. */
  | { readonly e: 'take-down' }
  /** The storm's operator: this one was left down by systemd for what it requires, and is started. */
  | { readonly e: 'left-behind'; readonly name: string; readonly why: LeftBehind }
  /** Something is left after all was stopped. */
  | { readonly e: 'left'; readonly what: string }
  /** The storm went through to its end. */
  | { readonly e: 'end' }
  /** A watcher or daemon-util was killed just before which system call, by which order. */
  | { readonly e: 'killed-before'; readonly call: string; readonly id: number }
  /** A call of theirs took longer, as it was told to: the first since the orders changed. */
  | { readonly e: 'slowed'; readonly call: string; readonly took: number }
);

/** In the order of time. A last line that was cut off is none. */
export function parseObservations(text: string): readonly Observation[] {
  const lines = text.split('\n');
  lines.pop();
  return lines.map((line) => JSON.parse(line) as Observation).sort((a, b) => a.at - b.at);
}
