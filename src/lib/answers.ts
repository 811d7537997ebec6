/** What a controller says, as the library says it. */
import { WatchkeeperError } from '../core/errors.js';
import { failed, isNotMaster, type Outcome } from '../core/outcome.js';
import type { NamedOutcome } from '../ports/controller.js';
import type { DaemonOutcome, Failed, GroupOutcome } from './types.js';

export function daemonOutcome(outcome: Outcome): DaemonOutcome {
  switch (outcome.kind) {
    case 'ok':
      return { kind: 'ok', changed: outcome.changed, detail: outcome.detail, pid: outcome.process?.pid ?? null };
    case 'skipped':
      return { kind: 'skipped', reason: outcome.reason, notMaster: isNotMaster(outcome) };
    case 'failed':
      // Some who give a next step begin it with "try" themselves.
      return { ...outcome, next: outcome.next.replace(/^try:? /, '') };
  }
}

/** @throws what is no refusal but a bug */
export function asFailure(error: unknown): Failed {
  if (!(error instanceof WatchkeeperError)) throw error;
  return { kind: 'failed', code: error.code, reason: error.message, next: error.hint };
}

/** @param names all that were asked for, in order */
export function groupOutcome(names: readonly string[], outcomes: readonly NamedOutcome[], notMasterIsFine: boolean): GroupOutcome {
  const daemons = outcomes.map(({ name, outcome, took }) => ({ name, outcome: daemonOutcome(outcome), took }));
  const failure = daemons.map(({ outcome }) => outcome).find((outcome) => outcome.kind === 'failed');
  const untried = names.filter((name) => !daemons.some((daemon) => daemon.name === name));
  const notMaster = outcomes.some(({ outcome }) => isNotMaster(outcome));
  return { ok: failure === undefined && untried.length === 0 && (notMasterIsFine || !notMaster), notMaster, daemons, untried, failure };
}

export function refusedGroup(failure: Failed): GroupOutcome {
  return { ok: false, notMaster: false, daemons: [], untried: [], failure };
}

/** The one outcome of a call for one daemon. */
export function onlyOutcome(group: GroupOutcome): DaemonOutcome {
  const [only] = group.daemons;
  if (only !== undefined) return only.outcome;
  return group.failure ?? daemonOutcome(failed('internal', 'no outcome came back', ''));
}
