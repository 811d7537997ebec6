/** Commands that start and stop. */
import type { DaemonSpec } from '../../core/daemon.js';
import type { NamedOutcome } from '../../ports/controller.js';
import { describeMeans } from './check-commands.js';
import type { Handler, Reply, Session } from './command.js';
import { notMasterStatus, reportOutcome, verdict } from './outcomes.js';
import { planControl } from './plan.js';
import { daemonNamed, extraArguments, MASTER_ROLE, roleList, startList, stopList } from './selection.js';

export const start: Handler = (session, args) => startOne(session, 'start', args);

export const restart: Handler = (session, args) => startOne(session, 'restart', args);

async function startOne(session: Session, action: 'start' | 'restart', [name = '', ...own]: readonly string[]): Promise<Reply> {
  const daemon = await daemonNamed(session, name);
  const args = [...extraArguments(session, daemon), ...own];
  return startThese(session, action, [daemon], { [daemon.name]: args }, true);
}

export const startMaster: Handler = async (session) => {
  const daemons = roleList(session, await session.means.catalogue(), MASTER_ROLE).filter((daemon) => !daemon.onDemand);
  return startThese(session, 'start', daemons, extras(session, daemons), true);
};

/** A daemon that is not the master's is no failure here: a node need not be the master. */
export const startAll: Handler = async (session) => {
  const daemons = startList(await session.means.catalogue());
  return startThese(session, 'start', daemons, extras(session, daemons), false);
};

export const stop: Handler = async (session, [name = '']) => stopThese(session, [await daemonNamed(session, name)]);

export const stopMaster: Handler = async (session) =>
  stopThese(session, [...roleList(session, await session.means.catalogue(), MASTER_ROLE)].reverse());

export const stopAll: Handler = async (session) => stopThese(session, stopList(await session.means.catalogue()));

function extras(session: Session, daemons: readonly DaemonSpec[]): Record<string, readonly string[]> {
  return Object.fromEntries(
    daemons.map((daemon) => [daemon.name, extraArguments(session, daemon)] as const).filter(([, words]) => words.length > 0),
  );
}

/** @param strict whether "not master" shows in the exit status */
export async function startThese(
  session: Session,
  action: 'start' | 'restart',
  daemons: readonly DaemonSpec[],
  oneShotArguments: Readonly<Record<string, readonly string[]>>,
  strict: boolean,
): Promise<Reply> {
  if (session.options.dryRun) return planControl(session, action, daemons, oneShotArguments);
  const { controller, reason, release } = await session.means.control(session.by);
  let outcomes: readonly NamedOutcome[];
  try {
    await describeMeans(session, controller.via, reason);
    const request = { names: daemons.map(({ name }) => name), by: session.by, oneShotArguments };
    outcomes = await controller[action](request, (outcome) => reportOutcome(session, action, outcome));
  } finally {
    release();
  }
  for (const { name, outcome } of outcomes) {
    const unused = outcome.kind === 'ok' && !outcome.changed && (oneShotArguments[name]?.length ?? 0) > 0;
    if (unused) session.err(`${name}: it runs already: the arguments were not used; try daemon-util restart ${name} ARGS…`);
  }
  const reply = verdict(session, daemons, outcomes);
  return strict ? notMasterStatus(reply, outcomes) : reply;
}

async function stopThese(session: Session, daemons: readonly DaemonSpec[]): Promise<Reply> {
  if (session.options.dryRun) return planControl(session, 'stop', daemons, {});
  const { controller, reason, release } = await session.means.control(session.by);
  try {
    await describeMeans(session, controller.via, reason);
    const request = { names: daemons.map(({ name }) => name), by: session.by };
    const outcomes = await controller.stop(request, (outcome) => reportOutcome(session, 'stop', outcome));
    return verdict(session, daemons, outcomes);
  } finally {
    release();
  }
}
