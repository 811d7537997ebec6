/** --dry-run: what would be done, in which order, through which service manager. */
import { isAlive } from '../../core/observation.js';
import { describeUnmet } from '../../core/start-condition.js';
import type { DaemonSpec } from '../../core/daemon.js';
import type { Controller } from '../../ports/controller.js';
import type { Reply, Session } from './command.js';
import { ordered } from './selection.js';

export interface PlanStep {
  readonly action: 'setup' | 'start' | 'stop' | 'reload';
  /** The daemon, or the setup program. */
  readonly name: string;
  readonly note: string;
  readonly arguments?: readonly string[];
}

export async function printPlan(session: Session, via: Controller['via'], steps: readonly PlanStep[]): Promise<Reply> {
  const { kind, reason } = await session.means.detection();
  session.out(`through ${kind} (${reason}), ${via === 'watcher' ? 'by the watcher' : 'directly'}`);
  for (const step of steps) {
    const words = [step.action, step.name, ...(step.arguments ?? [])].join(' ');
    session.out(step.note === '' ? words : `${words} (${step.note})`);
  }
  if (steps.length === 0) session.out('nothing to do');
  return { exitStatus: 0, json: { plan: { serviceManager: { kind, reason }, via, steps } } };
}

/** @param specs in any order */
export async function planControl(
  session: Session,
  action: 'start' | 'stop' | 'restart',
  specs: readonly DaemonSpec[],
  oneShot: Readonly<Record<string, readonly string[]>>,
): Promise<Reply> {
  const catalogue = await session.means.catalogue();
  const order = ordered(catalogue.daemons.filter((daemon) => specs.includes(daemon)));
  const manager = await session.means.manager();
  const observations = await manager.observe(order);
  const alive = order.map((_, index) => {
    const observation = observations[index];
    return observation !== undefined && isAlive(observation);
  });
  const steps: PlanStep[] = [];
  if (action !== 'start') {
    const stops = order.map((spec, index): PlanStep => ({ action: 'stop', name: spec.name, note: alive[index] === true ? '' : 'it is down: nothing to do' }));
    steps.push(...stops.reverse());
  }
  if (action !== 'stop') {
    const { setup } = catalogue.group;
    const somethingStarts = action === 'restart' || alive.includes(false);
    if (setup !== undefined && somethingStarts && manager.kind !== 'systemd') {
      steps.push({ action: 'setup', name: setup.executable, arguments: setup.arguments, note: 'once' });
    }
    for (const [index, spec] of order.entries()) steps.push(startStep(session, spec, action === 'start' && alive[index] === true, oneShot[spec.name] ?? []));
  }
  const { controller, release } = await session.means.reader();
  release();
  return printPlan(session, controller.via, steps);
}

function startStep(session: Session, spec: DaemonSpec, runs: boolean, args: readonly string[]): PlanStep {
  const unmet = spec.conditions.find((condition) => !session.means.isMet(condition));
  const held = unmet === undefined ? '' : `to be skipped: ${describeUnmet(unmet)}`;
  return { action: 'start', name: spec.name, arguments: args, note: runs ? 'it runs: nothing to do' : held };
}
