/**
 * What an init script calls where the machine boots or goes down. Neither is
 * anybody's wish: a stop by hand stands across a boot, and the boot policy holds.
 */
import type { DaemonStatus } from '../../core/daemon-status.js';
import type { Handler } from './command.js';
import { statusesOf } from './check-commands.js';
import { extras, startThese, stopThese } from './control-commands.js';
import { verdict } from './outcomes.js';
import { startList, stopList } from './selection.js';

export const startWanted: Handler = async (session) => {
  const daemons = startList(await session.means.catalogue());
  const { statuses } = daemons.length === 0 ? { statuses: [] } : await statusesOf(session, daemons.map(({ name }) => name));
  const left = new Map(statuses.map((status) => [status.name, whyLeftDown(status)]));
  for (const [name, reason] of left) if (reason !== undefined) session.out(`${name} is not started: ${reason}`);
  const wanted = daemons.filter(({ name }) => left.get(name) === undefined);
  if (wanted.length === 0) return verdict(session, [], []);
  return startThese(session, 'start', wanted, extras(session, wanted), false);
};

export const stopForShutdown: Handler = async (session) => stopThese(session, stopList(await session.means.catalogue()), true);

/** As the watcher, which starts nothing either that is paused or the cluster's. */
function whyLeftDown({ desired, owner, paused, reason }: DaemonStatus): string | undefined {
  if (desired === 'down') return `it is wanted down (${reason})`;
  if (owner === 'cluster') return 'the cluster holds it';
  return paused ?? undefined;
}
