/** Whether a task may run here and now. */
import { describeExit } from '../core/exit-status.js';
import type { TaskSpec } from '../core/task.js';
import type { HookPrograms } from '../ports/hook-programs.js';
import type { RoleOracle } from '../ports/role-oracle.js';
import type { Runner } from '../ports/runner.js';

/** ms that `onlyIf` may take. */
const CONDITION_TIMEOUT = 30_000;

export interface TaskConditionParts {
  readonly roles: RoleOracle;
  readonly runner: Runner;
  readonly programs: Pick<HookPrograms, 'objection'>;
}

/** Why it may not; undefined: it may. What is not known is no. */
export async function whyNot(spec: TaskSpec, { roles, runner, programs }: TaskConditionParts): Promise<string | undefined> {
  if (spec.role !== undefined) {
    const held = roles.holds(spec.role);
    if (held === undefined) return `whether this node holds the role ${spec.role} is not known`;
    if (!held) return `this node does not hold the role ${spec.role}`;
  }
  const [program, ...rest] = spec.onlyIf;
  if (program === undefined) return undefined;
  const objection = programs.objection(program);
  if (objection !== undefined) return `onlyIf is not run: ${objection}`;
  const { exit, timedOut } = await runner.run([program, ...rest], {
    timeout: CONDITION_TIMEOUT,
    evenWithoutUs: true,
    workingDirectory: spec.workingDirectory,
    ...(spec.user === undefined ? {} : { user: spec.user }),
    ...(spec.group === undefined ? {} : { group: spec.group }),
  });
  if (timedOut) return `onlyIf did not end within ${CONDITION_TIMEOUT} ms`;
  return exit.kind === 'exited' && exit.status === 0 ? undefined : `onlyIf says no: ${describeExit(exit)}`;
}
