/** Commands that only need the list of daemons. */
import { findDaemon } from '../../core/catalogue.js';
import { WatchkeeperError } from '../../core/errors.js';
import { quoted } from '../../core/printable.js';
import { DONE } from './command.js';
import type { Handler, Reply, Session } from './command.js';
import { daemonNamed, startList, stopList } from './selection.js';

export const listStartDaemons: Handler = async (session) => list(session, startList(await session.means.catalogue()));

export const listStopDaemons: Handler = async (session) => list(session, stopList(await session.means.catalogue()));

function list(session: Session, daemons: readonly { readonly name: string }[]): Reply {
  const names = daemons.map(({ name }) => name);
  for (const name of names) session.out(name);
  return { exitStatus: 0, json: { daemons: names } };
}

export const isDaemonName: Handler = async (session, [name = '']) => {
  if (findDaemon(await session.means.catalogue(), name) !== undefined) return DONE;
  session.err(`Unknown daemon name ${quoted(name)}`); // the original's own words
  return { exitStatus: 1 };
};

export const daemonPidfile: Handler = async (session, [name = '']) => {
  const { pidFile } = await daemonNamed(session, name);
  if (pidFile === undefined) {
    throw new WatchkeeperError('USAGE', `cannot ${session.command.name}`, `${name} has no pid file`, `daemon-util pid ${name}`);
  }
  return answer(session, 'pidFile', pidFile);
};

export const daemonExecutable: Handler = async (session, [name = '']) => {
  const { executable } = await daemonNamed(session, name);
  return answer(session, 'executable', executable);
};

/** The original takes the name without the group's prefix here (`noded`, not `ganeti-noded`): both are understood. */
export const daemonUserGroup: Handler = async (session, [name = '']) => {
  const catalogue = await session.means.catalogue();
  const daemon = findDaemon(catalogue, `${catalogue.group.name}-${name}`) ?? (await daemonNamed(session, name));
  return answer(session, 'account', await session.means.account(daemon));
};

function answer(session: Session, key: string, value: string): Reply {
  session.out(value);
  return { exitStatus: 0, json: { [key]: value } };
}
