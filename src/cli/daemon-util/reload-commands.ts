/** Commands that make a running process read something anew. */
import type { DaemonSpec } from '../../core/daemon.js';
import { isAlive } from '../../core/observation.js';
import { ok } from '../../core/outcome.js';
import type { NamedOutcome } from '../../ports/controller.js';
import { DONE } from './command.js';
import type { Handler, Reply, Session } from './command.js';
import { reportOutcome, verdict } from './outcomes.js';
import { printPlan } from './plan.js';
import { daemonNamed, stopList } from './selection.js';

export const rotateLogs: Handler = async (session, [name = '']) => rotate(session, [await daemonNamed(session, name)]);

/** In the original's order, that of a stop; a failure does not keep the others from it. */
export const rotateAllLogs: Handler = async (session) => rotate(session, stopList(await session.means.catalogue()));

async function rotate(session: Session, specs: readonly DaemonSpec[]): Promise<Reply> {
  const manager = await session.means.manager();
  if (session.options.dryRun) {
    return printPlan(session, 'direct', specs.map((spec) => ({ action: 'reload', name: spec.name, note: spec.reloadSignal })));
  }
  const observations = await manager.observe(specs);
  const outcomes: NamedOutcome[] = [];
  for (const [index, spec] of specs.entries()) {
    const observation = observations[index];
    // A daemon that is down has no log open: as in the original that is fine.
    const alive = observation !== undefined && isAlive(observation);
    const outcome = alive ? await manager.reload(spec) : ok(false, 'not running', undefined);
    const named = { name: spec.name, outcome, took: 0 };
    reportOutcome(session, 'reload', named);
    outcomes.push(named);
  }
  return verdict(session, specs, outcomes);
}

export const reloadSshKeys: Handler = async (session) => {
  if (session.options.dryRun) {
    session.out('reload the ssh daemon (unit or init script ssh or sshd)');
    return { exitStatus: 0, json: { plan: { steps: [{ action: 'reload', name: 'ssh' }] } } };
  }
  const result = await session.means.reloadSshKeys();
  if (result.ok) {
    session.detail(`ssh: ${result.detail}`);
    return DONE;
  }
  session.err(`daemon-util: cannot reload the ssh daemon: ${result.reason}; try ${result.next}`);
  return { exitStatus: 1, json: { reason: result.reason, next: result.next } };
};
