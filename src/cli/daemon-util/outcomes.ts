/** Outcomes → lines for people and an exit status for callers. */
import type { DaemonSpec } from '../../core/daemon.js';
import { formatDuration } from '../../core/duration.js';
import { isNotMaster } from '../../core/outcome.js';
import type { NamedOutcome } from '../../ports/controller.js';
import type { Reply, Session } from './command.js';

/** What check-exitcode takes for "not master". */
export const NOT_MASTER_EXIT_STATUS = 11;

export type Action = 'start' | 'stop' | 'restart' | 'reload';

/** As it comes: a failure at once, what is skipped too, success only with --verbose. */
export function reportOutcome(session: Session, action: Action, { name, outcome, took }: NamedOutcome): void {
  switch (outcome.kind) {
    case 'ok':
      session.detail(`${name}: ${action} ok, ${outcome.changed ? outcome.detail : `nothing to do: ${outcome.detail}`} (${formatDuration(took)})`);
      return;
    case 'skipped':
      session.err(`${name}: skipped: ${outcome.reason}`);
      return;
    case 'failed':
      session.err(`daemon-util: cannot ${action} ${name}: ${outcome.reason}${nextStep(outcome.next)}`);
      return;
  }
}

/** Some who give a next step begin it with "try" themselves. */
function nextStep(next: string): string {
  const step = next.replace(/^try:? /, '');
  return step === '' ? '' : `; try ${step}`;
}

/** @param specs all that were asked for, in the order in which they were to be dealt with */
export function verdict(session: Session, specs: readonly DaemonSpec[], outcomes: readonly NamedOutcome[]): Reply {
  const failures = outcomes.filter(({ outcome }) => outcome.kind === 'failed').map(({ name }) => name);
  const untried = specs.map(({ name }) => name).filter((name) => !outcomes.some((outcome) => outcome.name === name));
  if (specs.length > 1 && failures.length > 0) {
    const rest = untried.length === 0 ? '' : `; not tried after that: ${untried.join(', ')}`;
    session.err(`daemon-util: ${session.command.name}: ${failures.length} of ${specs.length} failed: ${failures.join(', ')}${rest}`);
  }
  return { exitStatus: failures.length > 0 || untried.length > 0 ? 1 : 0, json: { outcomes, untried } };
}

/**
 * As the original, whose start ends with the daemon's own exit status: the init
 * script hands it to check-exitcode, and a failover must see it.
 */
export function notMasterStatus(reply: Reply, outcomes: readonly NamedOutcome[]): Reply {
  const notMaster = reply.exitStatus === 0 && outcomes.some(({ outcome }) => isNotMaster(outcome));
  return notMaster ? { ...reply, exitStatus: NOT_MASTER_EXIT_STATUS } : reply;
}
