/** Cron on node-cron: its grammar and its matching, with the transitions of the zone laid over them. */
import { validateDetailed } from 'node-cron';

import type { Timetable } from '../../core/schedule.js';
import type { Cron } from '../../ports/cron.js';
import { CivilPattern } from './civil-pattern.js';
import { Zone } from './zone.js';

const DAY = 86_400_000;
/** node-cron writes out each range before it looks at the limits: 0-999999999 takes all memory. */
const TOO_LARGE = /[0-9]{4}/;
/** Transitions turned over before a timetable counts as one that never comes. */
const MOST_TURNS = 200;

export class NodeCron implements Cron {
  problem(expression: string): string | undefined {
    if (TOO_LARGE.test(expression)) return 'it has a number of more than three digits, which no field can be';
    const { valid, errors } = validateDetailed(expression);
    return valid ? undefined : errors.map(({ message }) => message).join('; ');
  }

  timetable(expression: string, timezone: string | undefined): Timetable {
    const pattern = new CivilPattern(expression);
    const zone = new Zone(timezone);
    return pattern.everyHour ? (after) => nextElapsed(pattern, zone, after) : (after) => nextOnTheWall(pattern, zone, after);
  }
}

/** Every instant at which the clocks show what matches, so a repeated hour counts twice and a skipped one not at all. */
function nextElapsed(pattern: CivilPattern, zone: Zone, after: number): number | undefined {
  let from = after;
  for (let turn = 0; turn < MOST_TURNS; turn += 1) {
    const reading = zone.reading(from);
    const next = pattern.next(reading);
    if (next === undefined) return undefined;
    const instant = next - (reading - Math.floor(from / 1000) * 1000);
    // Only a transition within a day can bring back readings of this day.
    const turned = zone.transition(from, Math.min(instant, from + DAY));
    if (turned === undefined) {
      if (zone.reading(instant) === next) return instant;
      from = Math.max(from + DAY, zone.firstInstant(next) - DAY);
    } else if (turned === instant && zone.reading(instant) === next) {
      return instant;
    } else if (pattern.matches(zone.reading(turned))) {
      return turned;
    } else {
      from = turned;
    }
  }
  return undefined;
}

/** Each reading once: at its first instant, or at the end of the gap that swallowed it. */
function nextOnTheWall(pattern: CivilPattern, zone: Zone, after: number): number | undefined {
  let reading = seenUntil(zone, after);
  for (;;) {
    const next = pattern.next(reading);
    if (next === undefined) return undefined;
    const instant = zone.firstInstant(next);
    // Several readings of one gap fall on the same instant, which is one run.
    if (instant > after) return instant;
    reading = next;
  }
}

/** The latest reading that the clocks have shown up to this instant: more than they show now where they were set back. */
function seenUntil(zone: Zone, instant: number): number {
  const now = zone.reading(instant);
  const turned = zone.transition(instant - DAY, instant);
  if (turned === undefined) return now;
  return Math.max(now, zone.reading(turned - 1000));
}
