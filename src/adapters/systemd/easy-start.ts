/**
 * Most starts are of a service that is down and of which systemd knows nothing:
 * it reads the files then, and nothing of the past stands in the way. So nothing
 * has to be known before, and if all goes well little afterwards. Of one that has
 * failed systemd knows something, but little of that has to be known.
 */
import type { Clock } from '../../ports/clock.js';
import { heldUnit, type HeldUnit } from './unit-look.js';
import type { Systemctl, UnitPulse } from './systemctl.js';
import { unitFacts, type UnitFacts } from './unit-facts.js';
import { awaitsRestart, isDown, isLoaded } from './vocabulary.js';

/** Types of services whose job ends only when the program works, as far as systemd can know. */
const SEEN_STARTS: ReadonlySet<string> = new Set(['exec', 'forking', 'notify', 'notify-reload', 'dbus']);

/** @param type Type= of the service */
export function startIsSeen(type: string): boolean {
  return SEEN_STARTS.has(type);
}

/**
 * A unit that is down, as evidence for what a start does to it: systemd stamps by
 * the same clock, so what has happened later has happened in this start.
 *
 * @param now ms
 */
export function sinceNow(unit: string, now: number): HeldUnit {
  const stamp = String(Math.floor(now * 1000));
  const texts = new Map([['LoadState', 'loaded'], ['ActiveState', 'inactive'], ['SubState', 'dead'], ['ExecMainStartTimestampMonotonic', stamp], ['ConditionTimestampMonotonic', stamp]]);
  return heldUnit({ facts: unitFacts(unit, { text: (name) => texts.get(name), list: () => [] }), extra: new Map() });
}

/** Down, with nothing under way or due, by the few words of it that are told in no time. */
export function isAtRest(pulse: UnitPulse): boolean {
  return isLoaded(pulse) && isDown(pulse) && !awaitsRestart(pulse) && pulse.job === 0;
}

/** What is at rest, as evidence for what a start does to it (sinceNow). undefined: it is not, or that is not told in no time. */
export async function restingFacts(unit: string, systemctl: Pick<Systemctl, 'lastRun'>, clock: Pick<Clock, 'monotonic'>): Promise<UnitFacts | undefined> {
  const run = await systemctl.lastRun(unit);
  return run !== undefined && isAtRest(run) ? { ...sinceNow(unit, clock.monotonic()).facts, ...run } : undefined;
}
