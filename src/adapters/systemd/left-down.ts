/** A failed unit that systemd will not start again by itself, and what stands against doing so. Pure. */
import type { LeftDown } from '../../core/observation.js';
import type { UnitFacts } from './unit-facts.js';
import { hasFailed, isLoaded, isMasked } from './vocabulary.js';

/** Not in force at a boot: /etc/systemd/system has no link to it. */
const DISABLED = 'disabled';

/** @param stopped why it counts as stopped on purpose (StopMarks) */
export function leftDown(facts: UnitFacts, stopped: string | undefined): LeftDown | undefined {
  if (!hasFailed(facts) || facts.job !== 0) return undefined;
  return { failedAt: Math.floor(facts.downAt / 1000), stopped, barred: barred(facts), disabled: facts.unitFileState === DISABLED };
}

function barred(facts: UnitFacts): string | undefined {
  if (isMasked(facts) || facts.unitFileState.startsWith('masked')) return 'its unit is masked';
  return isLoaded(facts) ? undefined : `its unit is ${facts.loadState}`;
}
