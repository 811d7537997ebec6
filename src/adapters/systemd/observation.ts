/** Facts of a unit → what we say of its daemon. */
import { describeExit } from '../../core/exit-status.js';
import type { Observation } from '../../core/observation.js';
import type { ProcessIdentity } from '../../core/process-identity.js';
import type { UnitFacts } from './unit-facts.js';
import { awaitsRestart, execFailure, describeResult, hasFailed, isBroken, isMasked, isNotFound, isUp, lastExit, observedState } from './vocabulary.js';

/** @param identify the process that has this pid now (ProcessTable.identify) */
export function observation(facts: UnitFacts, identify: (pid: number) => ProcessIdentity | undefined): Observation {
  return {
    state: observedState(facts),
    process: facts.mainPid === 0 ? undefined : identify(facts.mainPid),
    reason: observedReason(facts),
    restarts: facts.restarts,
    lastExit: lastExit(facts),
    ...(facts.startedAt === 0 ? {} : { run: facts.startedAt }),
    // With a job the delay is over, and it is counted as restarted.
    ...(awaitsRestart(facts) && facts.job === 0 ? { awaitsRestart: true } : {}),
    ...(isNotFound(facts) || isMasked(facts) || isBroken(facts) ? { barred: true } : {}),
    details: details(facts),
  };
}

function details(facts: UnitFacts): Readonly<Record<string, string>> {
  return {
    LoadState: facts.loadState,
    ActiveState: facts.activeState,
    SubState: facts.subState,
    Result: facts.result,
    UnitFileState: facts.unitFileState,
    ...(facts.job === 0 ? {} : { Job: String(facts.job) }),
    ...(facts.conditionAt === 0 ? {} : { ConditionResult: facts.conditionMet ? 'yes' : 'no' }),
  };
}

function observedReason(facts: UnitFacts): string {
  const { unit } = facts;
  if (isNotFound(facts)) return `systemd has no unit ${unit}`;
  if (isBroken(facts)) return `${unit} could not be loaded (${facts.loadState}): ${facts.loadError}`;
  const job = facts.job === 0 ? '' : '; a job is queued for it';
  const masked = isMasked(facts) ? '; it is masked' : '';
  return `${unit} is ${facts.activeState} (${facts.subState})${cause(facts)}${job}${masked}`;
}

function cause(facts: UnitFacts): string {
  if (isUp(facts)) return '';
  if (hasFailed(facts) || awaitsRestart(facts)) {
    const end = endReason(facts);
    const gaveUp = facts.restarts > 0 ? `; systemd gave up after ${facts.restarts} restarts` : '';
    return `: ${end}${awaitsRestart(facts) ? '; systemd starts it again' : gaveUp}`;
  }
  if (facts.conditionAt !== 0 && !facts.conditionMet) return ': a condition of the unit is unmet';
  const exit = lastExit(facts);
  return exit === undefined ? '' : `: ${describeExit(exit)}`;
}

/** How and why its last run ended, in words. */
export function endReason(facts: UnitFacts): string {
  const exec = execFailure(facts);
  if (exec !== undefined) return exec.reason;
  const exit = lastExit(facts);
  const result = describeResult(facts).reason;
  const parts = [result, exit === undefined || (result !== '' && exit.kind === 'exited' && exit.status === 0) ? '' : describeExit(exit)];
  const text = parts.filter((part) => part !== '').join('; it ');
  return text === '' ? `Result=${facts.result}` : text;
}
