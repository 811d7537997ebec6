/**
 * Live migration by an operator's program, which alone knows how the state of
 * this very software moves. It is called with one word:
 *
 * - `push` on the node that has it (migrate_to),
 * - `pull` on the node that gets it (migrate_from), before it is started there,
 * - `revert` on the node where one of these has failed; after it the cluster
 *   stops the resource on both and starts it anew.
 */
import { OCF, OCF_OK, type OcfAnswer } from '../core/ocf.js';
import type { OcfCall } from '../core/ocf-call.js';
import type { Clock } from '../ports/clock.js';

export type MigrationStep = 'push' | 'pull' | 'revert';

export interface MigrationParts {
  /** undefined: the resource has none, so it can't be migrated. @param limit ms */
  readonly hook: ((step: MigrationStep, limit: number) => Promise<OcfAnswer>) | undefined;
  readonly isActive: () => Promise<boolean>;
  /** @param limit ms, after which it is given up */
  readonly start: (limit: number) => Promise<OcfAnswer>;
  readonly clock: Clock;
}

/** Shares of the time-out: most of it for the step, the rest for undoing it. What has no time left is killed, and nothing is undone. */
const STEP = 0.6;
const REVERT = 0.3;
/** Of it, the start is over that follows a pull. */
const STARTED = 0.65;
/** Of it, a revert is over. */
const END = 0.95;

export async function migrateTo(call: Pick<OcfCall, 'timeout'>, { hook, isActive }: MigrationParts): Promise<OcfAnswer> {
  if (hook === undefined) return WITHOUT_HOOK;
  if (!(await isActive())) return { status: OCF.generic, reason: 'it does not run here, so there is nothing to migrate' };
  const pushed = await hook('push', call.timeout * STEP);
  return pushed.status === OCF.success ? OCF_OK : reverted('push', pushed, await hook('revert', call.timeout * REVERT));
}

export async function migrateFrom({ timeout }: Pick<OcfCall, 'timeout'>, { hook, start, clock }: MigrationParts): Promise<OcfAnswer> {
  if (hook === undefined) return WITHOUT_HOOK;
  const began = clock.monotonic();
  const left = (share: number): number => Math.max(1, Math.floor(timeout * share - (clock.monotonic() - began)));
  const revert = (): Promise<OcfAnswer> => hook('revert', Math.min(timeout * REVERT, left(END)));
  const pulled = await hook('pull', timeout * STEP);
  if (pulled.status !== OCF.success) return reverted('pull', pulled, await revert());
  const started = await start(left(STARTED));
  return started.status === OCF.success ? OCF_OK : reverted('start', started, await revert());
}

const WITHOUT_HOOK: OcfAnswer = { status: OCF.unimplemented, reason: 'it has no migrate_hook, so it cannot be migrated: leave out allow-migrate' };

function reverted(step: string, failure: OcfAnswer, undone: OcfAnswer): OcfAnswer {
  const end = undone.status === OCF.success ? 'and was reverted' : `and could not be reverted (${undone.reason ?? `exit status ${undone.status}`})`;
  return { status: OCF.generic, reason: `the migration failed at its ${step}, ${end}: ${failure.reason ?? `exit status ${failure.status}`}` };
}
