/**
 * systemd asks a unit's ExecCondition= only after it has started what the unit
 * requires, the setup program too: what can be known before is asked before.
 */
import type { DaemonSpec } from '../../core/daemon.js';
import { skipped, type Outcome } from '../../core/outcome.js';
import { describeUnmet } from '../../core/start-condition.js';
import { firstUnmet } from '../host/start-condition.js';

export function unmetInAdvance({ conditions }: DaemonSpec): Outcome | undefined {
  const unmet = firstUnmet(conditions.filter(({ kind }) => kind === 'file-has-line'));
  return unmet && skipped(`unmet: ${describeUnmet(unmet)}`);
}
