/** Commands that start and stop. */
import type { DaemonSpec } from '../../core/daemon.js';
import type { NamedOutcome, Progress } from '../../ports/controller.js';
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

export function extras(session: Session, daemons: readonly DaemonSpec[]): Record<string, readonly string[]> {
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
    outcomes = await withProgress(session, action, request.names, (progress) => controller[action](request, progress));
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

/** @param unrecorded see StopControlRequest */
export async function stopThese(session: Session, daemons: readonly DaemonSpec[], unrecorded = false): Promise<Reply> {
  if (session.options.dryRun) return planControl(session, 'stop', daemons, {});
  const { controller, reason, release } = await session.means.control(session.by);
  try {
    await describeMeans(session, controller.via, reason);
    const request = { names: daemons.map(({ name }) => name), by: session.by, asker: session.means.asker, ...(unrecorded ? { unrecorded } : {}) };
    const outcomes = await withProgress(session, 'stop', request.names, (progress) => controller.stop(request, progress));
    return verdict(session, daemons, outcomes);
  } finally {
    release();
  }
}

/** Tells each outcome as it comes. */
async function withProgress(
  session: Session,
  action: 'start' | 'restart' | 'stop',
  names: readonly string[],
  work: (progress: Progress) => Promise<readonly NamedOutcome[]>,
): Promise<readonly NamedOutcome[]> {
  const { screen } = session.means;
  if (screen === undefined || session.options.json || session.options.verbose) return work((outcome) => reportOutcome(session, action, outcome));
  const { ProgressDisplay } = await import('./progress.js');
  const display = new ProgressDisplay(screen, session, action, names);
  try {
    return await work((outcome) => display.tell(outcome));
  } finally {
    display.finish();
  }
}
