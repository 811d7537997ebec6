/** What a unit's state after `systemctl start` says of the start. Pure. */
import type { DaemonSpec } from '../../core/daemon.js';
import { formatDuration } from '../../core/duration.js';
import { describeExit } from '../../core/exit-status.js';
import { failed, notMasterReason, skipped, type Outcome } from '../../core/outcome.js';
import { endReason } from './observation.js';
import type { UnitFacts } from './unit-facts.js';
import { awaitsRestart, describeResult, execFailure, hasFailed, isBroken, isDown, isMasked, isNotFound, isUp, type JobVerdict, lastExit } from './vocabulary.js';

/** A unit that no start can help; undefined: try it. */
export function refusal(facts: UnitFacts): Outcome | undefined {
  const { unit } = facts;
  if (isNotFound(facts)) {
    return failed('not-found', `systemd has no unit ${unit}`, `try: systemctl daemon-reload, or install ${unit}`);
  }
  if (isMasked(facts)) return failed('masked', `${unit} is masked: somebody forbade to start it`, `try: systemctl unmask ${unit}`);
  if (isBroken(facts)) {
    return failed('failed', `${unit} could not be loaded (${facts.loadState}): ${facts.loadError}`, `try: systemd-analyze verify ${unit}`);
  }
  return undefined;
}

/** Its program runs already, so that arguments for one start would be for the next one; undefined: they are in time, or there are none. */
export function tooLateForArguments({ unit, activeState, subState }: UnitFacts, name: string, words: readonly string[]): Outcome | undefined {
  if (words.length === 0 || activeState !== 'activating' || (subState !== 'start' && subState !== 'start-post')) return undefined;
  return failed('locked', `${unit} is being started without these arguments`, `daemon-util restart ${name} ARGS…`);
}

export interface StartEvidence {
  readonly spec: Pick<DaemonSpec, 'executable' | 'startTimeout'> & { readonly restart: Pick<DaemonSpec['restart'], 'when'> };
  /** GroupSpec.notMasterExitStatus */
  readonly notMaster: number;
  readonly before: UnitFacts;
  readonly after: UnitFacts;
  /** What systemctl said of its job. */
  readonly verdict: JobVerdict | undefined;
  /** Whether systemctl said that all went well. */
  readonly allWell: boolean;
  /** The spec's conditions that are unmet now, in words. */
  readonly unmet: readonly string[];
  /** Of the units that it requires, those that are not up. */
  readonly broken: readonly UnitFacts[];
}

/** undefined: it is up, so its readiness is to be seen. */
export function startOutcome(evidence: StartEvidence): Outcome | undefined {
  const { after, before, spec, verdict } = evidence;
  const gone = refusal(after);
  if (gone !== undefined) return gone;
  // An explicit start sets NRestarts to 0: a restart since then is one death since then.
  if (isUp(after) && after.restarts === 0) return undefined;
  const next = `try: systemctl status ${after.unit}; journalctl -u ${after.unit}`;
  const hasRun = after.startedAt > before.startedAt || (after.invocation !== '' && after.invocation !== before.invocation);
  const neverUp = after.activeState === 'inactive' && !hasRun;
  if (neverUp && evidence.unmet.length > 0) return skipped(`unmet: ${evidence.unmet.join(', ')}`);
  if (neverUp && !after.conditionMet && after.conditionAt > before.conditionAt) {
    return skipped(`unmet: a condition of ${after.unit}; systemctl status ${after.unit} tells which`);
  }
  const exit = lastExit(after);
  if (hasRun && exit?.kind === 'exited' && exit.status === evidence.notMaster) return skipped(notMasterReason(exit));
  if (!hasFailed(after) && verdict === 'dependency') return dependencyFailure(evidence, next);
  if (verdict === 'canceled') {
    return failed('canceled', `the start of ${after.unit} was canceled: another request took its place`, `try again; systemctl list-jobs shows who is at it`);
  }
  if (verdict === 'timeout') return failed('timeout', `systemd gave up on the job of ${after.unit}: it ran into its time-out`, next);
  // Its program was executed, so what took too long was its readiness.
  if (after.result === 'timeout' && after.startedAt > before.startedAt && (awaitsRestart(after) || hasFailed(after))) {
    return failed('not-ready', `not ready within ${formatDuration(spec.startTimeout)}; it was stopped`, next);
  }
  if (awaitsRestart(after) || (!isDown(after) && after.restarts > 0)) {
    const end = lastExit(after) === undefined ? 'it ended before it was ready' : withProgram(evidence);
    return failed(execFailure(after)?.code ?? 'failed', `${end}; systemd starts it again by its Restart=`, next);
  }
  if (hasFailed(after) && !hasRun) {
    // Result often still is the last run's: systemd keeps the first failure that it saw.
    return failed(
      'failed',
      `systemd did not even try: it was started too often in too short a time (start limit); the last run: ${withProgram(evidence)}`,
      `try: systemctl reset-failed ${after.unit}, after a look at journalctl -u ${after.unit}`,
    );
  }
  if (hasFailed(after)) return failed(execFailure(after)?.code ?? describeResult(after).code, withProgram(evidence), next);
  // systemd has judged the exit status by SuccessExitStatus=: such a daemon has nothing to do here.
  if (hasRun && isDown(after) && exit?.kind === 'exited' && spec.restart.when !== 'always') return skipped(`${describeExit(exit)}, which is success`);
  if (hasRun && isDown(after)) return failed('failed', `it ended by itself before it was ready: ${endReason(after)}`, next);
  if (evidence.broken.length > 0) return dependencyFailure(evidence, next);
  if (neverUp && evidence.allWell) {
    // systemd unloads a unit that is down and that no loaded unit names (CollectMode=), and with it what it knew.
    return failed('failed', 'it ended by itself at once, or a condition of its unit is unmet: systemd has unloaded the unit and cannot tell which', next);
  }
  if (after.activeState === 'inactive') {
    return failed('canceled', `systemd did not start ${after.unit}, and nothing of it has failed: its job was canceled`, `try again; systemctl list-jobs shows who is at it`);
  }
  return failed('timeout', `${after.unit} is still ${after.activeState} (${after.subState}) after ${formatDuration(spec.startTimeout)}`, next);
}

function withProgram({ spec, after }: StartEvidence): string {
  return execFailure(after) === undefined ? endReason(after) : `${spec.executable}: ${endReason(after)}`;
}

function dependencyFailure({ after, broken }: StartEvidence, next: string): Outcome {
  const which = broken.map((facts) => `${facts.unit} (${facts.activeState === '' ? facts.loadState : `${facts.activeState}, ${facts.result}`})`).join(', ');
  const first = broken[0]?.unit;
  return failed(
    'dependency',
    `${after.unit} was not started: ${which === '' ? 'a unit that it requires failed' : `it requires ${which}`}`,
    first === undefined ? next : `try: systemctl status ${first}`,
  );
}
