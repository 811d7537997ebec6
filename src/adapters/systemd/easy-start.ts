/**
 * Most starts are of a service that is down and of which systemd knows nothing:
 * it reads the files then, and nothing of the past stands in the way. So nothing
 * has to be known before, and if all goes well little afterwards. Pure.
 */
import { heldUnit, type HeldUnit } from './unit-look.js';
import { unitFacts } from './unit-facts.js';

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
