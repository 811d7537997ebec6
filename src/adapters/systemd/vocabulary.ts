/**
 * systemd's words → ours. The only place that knows systemd's strings: states,
 * results, the exit statuses it makes up itself, and what systemctl prints
 * under LC_ALL=C. Pure.
 *
 * Sources: systemd.exec(5) "Process Exit Codes", org.freedesktop.systemd1(5),
 * systemctl(1); unit-def.c and bus-wait-for-jobs.c of systemd 252 … 257.
 */
import { constants } from 'node:os';

import type { ExitStatus } from '../../core/exit-status.js';
import type { ObservedState } from '../../core/observation.js';
import type { FailureCode } from '../../core/outcome.js';
import type { UnitFacts } from './unit-facts.js';

export function isNotFound(facts: UnitFacts): boolean {
  return facts.loadState === 'not-found';
}

export function isMasked(facts: UnitFacts): boolean {
  return facts.loadState === 'masked';
}

/** Read, but not usable: `error`, `bad-setting`. A stub or merged unit is usable. */
export function isBroken(facts: UnitFacts): boolean {
  return facts.loadState === 'error' || facts.loadState === 'bad-setting';
}

export function isLoaded(facts: Pick<UnitFacts, 'loadState'>): boolean {
  return facts.loadState === 'loaded';
}

export function isUp(facts: UnitFacts): boolean {
  return ['active', 'reloading', 'refreshing', 'maintenance'].includes(facts.activeState);
}

export function isDown(facts: Pick<UnitFacts, 'activeState'>): boolean {
  return facts.activeState === 'inactive' || facts.activeState === 'failed';
}

export function hasFailed(facts: UnitFacts): boolean {
  return facts.activeState === 'failed' && !awaitsRestart(facts);
}

/**
 * It has failed too often. `Result` often still is the last run's: systemd keeps
 * the first failure that it saw, so that restarts tell, unless its exit status forbade one more.
 */
export function hitStartLimit(facts: UnitFacts, neverRetry: readonly number[]): boolean {
  if (!hasFailed(facts)) return false;
  if (facts.result === 'start-limit-hit') return true;
  return facts.restarts > 0 && !(facts.exitCode === 1 && neverRetry.includes(facts.exitStatus));
}

/**
 * It died, and systemd lets RestartSec pass before it starts it again. From 254 on
 * the unit is `failed` or `inactive` for a moment before (failed-before-auto-restart).
 */
export function awaitsRestart(facts: Pick<UnitFacts, 'activeState' | 'subState'>): boolean {
  return (facts.activeState === 'activating' && facts.subState.startsWith('auto-restart')) || facts.subState.endsWith('-before-auto-restart');
}

export function observedState(facts: UnitFacts): ObservedState {
  if (isUp(facts)) return 'running';
  if (awaitsRestart(facts)) return 'starting';
  switch (facts.activeState) {
    case 'activating':
      return 'starting';
    case 'deactivating':
      return 'stopping';
    case 'failed':
      return facts.job === 0 ? 'failed' : 'starting';
    // A job of a unit that is down can only be there to start it.
    case 'inactive':
      return facts.job === 0 ? 'stopped' : 'starting';
    default:
      // A word that no systemd known to us says: believe the main process.
      return facts.mainPid === 0 ? 'stopped' : 'running';
  }
}

const SIGNAL_NAMES = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));

/** How the main process ended last; undefined: it runs, or never ran. */
export function lastExit(facts: UnitFacts): ExitStatus | undefined {
  if (facts.mainPid !== 0) return undefined;
  switch (facts.exitCode) {
    case 1:
      return { kind: 'exited', status: facts.exitStatus };
    case 2:
    case 3:
      return { kind: 'killed', signal: SIGNAL_NAMES.get(facts.exitStatus) ?? `signal ${facts.exitStatus}` };
    default:
      return undefined;
  }
}

/** Exit statuses by which systemd says that it could not even execute the program. */
const EXEC_FAILURES = new Map<number, { readonly word: string; readonly code: FailureCode; readonly meaning: string }>([
  [200, { word: 'CHDIR', code: 'failed', meaning: 'its working directory cannot be entered' }],
  [203, { word: 'EXEC', code: 'not-installed', meaning: 'the program cannot be executed' }],
  [206, { word: 'OOM_ADJUST', code: 'permission', meaning: 'its OOM score cannot be set' }],
  [209, { word: 'STDOUT', code: 'failed', meaning: 'its output cannot be opened' }],
  [216, { word: 'GROUP', code: 'not-installed', meaning: 'its group cannot be taken on; is it missing?' }],
  [217, { word: 'USER', code: 'not-installed', meaning: 'its user cannot be taken on; is it missing?' }],
  [218, { word: 'CAPABILITIES', code: 'permission', meaning: 'its capabilities cannot be set' }],
  [226, { word: 'NAMESPACE', code: 'failed', meaning: 'its namespaces cannot be set up' }],
  [238, { word: 'STATE_DIRECTORY', code: 'failed', meaning: 'its state directory cannot be made' }],
]);

export function execFailure(facts: UnitFacts): { readonly code: FailureCode; readonly reason: string } | undefined {
  const found = facts.exitCode === 1 && facts.result === 'exit-code' ? EXEC_FAILURES.get(facts.exitStatus) : undefined;
  return found && { code: found.code, reason: `${found.meaning} (${facts.exitStatus}/${found.word})` };
}

/** What `Result` means for whoever asked for the start. */
export function describeResult(facts: UnitFacts): { readonly code: FailureCode; readonly reason: string } {
  switch (facts.result) {
    case 'timeout':
      return { code: 'timeout', reason: "systemd ended it: its start took longer than the unit's TimeoutStartSec" };
    case 'start-limit-hit':
      return { code: 'failed', reason: 'it was started too often in too short a time, so systemd starts it no more (start-limit-hit)' };
    case 'watchdog':
      return { code: 'failed', reason: 'it did not feed its watchdog' };
    case 'protocol':
      return { code: 'failed', reason: "it did not become ready in its unit's way (Type=, PIDFile=)" };
    case 'oom-kill':
      return { code: 'failed', reason: 'the kernel killed it for lack of memory' };
    case 'resources':
      return { code: 'failed', reason: 'systemd lacked a resource to start it (a file, memory, a directory)' };
    case 'exec-condition':
      return { code: 'failed', reason: 'a condition of its unit (ExecCondition=) is unmet' };
    case 'exit-code':
    case 'signal':
    case 'core-dump':
      // Of the main process, which tells it better itself (lastExit), or of a program around it.
      return { code: 'failed', reason: lastExit(facts) === undefined ? `a program of its unit ended badly (Result=${facts.result})` : '' };
    default:
      return { code: 'failed', reason: '' };
  }
}

export type JobVerdict = 'dependency' | 'canceled' | 'timeout' | 'other';

const JOB_MESSAGES: readonly (readonly [RegExp, JobVerdict])[] = [
  [/^A dependency job for (\S+) failed\./, 'dependency'],
  [/^Job for (\S+) canceled\./, 'canceled'],
  [/^Job for (\S+) timed out\./, 'timeout'],
  [/^Assertion failed on job for (\S+)\./, 'other'],
  [/^Operation on or unit type of (\S+) not supported/, 'other'],
  [/^Unit (\S+) was not (?:started|found)/, 'other'],
];

/** What systemctl's standard error says of each unit's job. */
export function jobVerdicts(stderr: string): ReadonlyMap<string, JobVerdict> {
  const verdicts = new Map<string, JobVerdict>();
  for (const line of stderr.split('\n')) {
    for (const [pattern, verdict] of JOB_MESSAGES) {
      const unit = pattern.exec(line)?.[1];
      if (unit !== undefined) verdicts.set(unit, verdict);
    }
  }
  return verdicts;
}

/** @param result of a job, of those that JobRemoved tells. undefined: it ended as it should */
export function jobVerdict(result: string): JobVerdict | undefined {
  switch (result) {
    case 'done':
    case 'skipped':
      return undefined;
    case 'dependency':
    case 'canceled':
    case 'timeout':
      return result;
    default:
      return 'other';
  }
}

/** systemctl could not do the whole call, for a reason that no unit's state tells. */
export function callRefusal(stderr: string): { readonly code: FailureCode; readonly reason: string } | undefined {
  const line = stderr.split('\n').find((text) => /^(?:Failed to |Call failed)/.test(text));
  if (line === undefined) return undefined;
  const denied = /Access denied|Permission denied|authentication required|Operation not permitted/i.test(line);
  return { code: denied ? 'permission' : 'failed', reason: line };
}

/** systemctl's words for a systemd that went away while it was spoken to, as in a daemon-reexec (252 and 257). */
export function wasLost(stderr: string): boolean {
  return /Transport endpoint is not connected|disconnected from message bus without replying|Connection reset by peer|Connection refused|Failed to connect to bus/.test(stderr);
}
