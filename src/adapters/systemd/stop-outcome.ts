/** What a unit's state after `systemctl stop` says of the stop. Pure. */
import { failed, ok, type Outcome } from '../../core/outcome.js';
import type { ActResult } from './systemctl.js';
import type { UnitFacts } from './unit-facts.js';
import { awaitsRestart, callRefusal, isDown, isNotFound, isUp } from './vocabulary.js';

/** @param limit ms that we waited at most */
export function stopOutcome(after: UnitFacts, result: Pick<ActResult, 'timedOut' | 'stderr'> | undefined, limit: number): Outcome {
  const { unit } = after;
  if (isDown(after)) {
    return after.job === 0
      ? ok(true, `${unit} is ${after.activeState}${after.result === 'timeout' ? ': it ignored its stop signal and was killed' : ''}`)
      : failed('canceled', `${unit} stopped, but somebody has asked for its start meanwhile`, 'try: systemctl list-jobs');
  }
  const refused = callRefusal(result?.stderr ?? '');
  if (refused?.code === 'permission') return failed('permission', refused.reason, 'try the same as root');
  if (result?.timedOut === true) return failed('still-running', `${unit} is still ${after.activeState} (${after.subState}) after ${limit} ms, SIGKILL included`, `try: systemctl status ${unit}`);
  if (awaitsRestart(after) || isUp(after) || after.activeState === 'activating') {
    return failed('canceled', `${unit} runs again: somebody has asked for its start meanwhile`, `try again; systemctl list-jobs shows who is at it`);
  }
  return failed('failed', refused?.reason ?? `${unit} is ${after.activeState} (${after.subState}) after its stop`, `try: systemctl status ${unit}`);
}

/** Nothing is left to be stopped. systemd also has no file of what runs on after its own was removed. */
export function isStopped(facts: UnitFacts): boolean {
  return isDown(facts) && (isNotFound(facts) || facts.job === 0);
}
