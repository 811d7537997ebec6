/** Which daemons a command means, and with what arguments. */
import { splitWords } from '../../core/argument-words.js';
import { daemonsOfRole, findDaemon, startedTogether } from '../../core/catalogue.js';
import type { Catalogue } from '../../core/catalogue.js';
import type { DaemonSpec } from '../../core/daemon.js';
import { WatchkeeperError } from '../../core/errors.js';
import { orderForStart } from '../../core/order.js';
import { quoted } from '../../core/printable.js';
import type { Session } from './command.js';

/** Role whose daemons start-master and stop-master mean. */
export const MASTER_ROLE = 'master';

/** @throws WatchkeeperError UNKNOWN_DAEMON */
export async function daemonNamed(session: Session, name: string): Promise<DaemonSpec> {
  const daemon = findDaemon(await session.means.catalogue(), name);
  if (daemon !== undefined) return daemon;
  throw new WatchkeeperError('UNKNOWN_DAEMON', `cannot ${session.command.name}`, `unknown daemon name ${quoted(name)}`, 'daemon-util list-stop-daemons');
}

/** What start-all starts, in order. */
export function startList(catalogue: Catalogue): readonly DaemonSpec[] {
  return ordered(startedTogether(catalogue));
}

/** What stop-all stops, in order. */
export function stopList(catalogue: Catalogue): readonly DaemonSpec[] {
  return [...ordered(catalogue.daemons)].reverse();
}

/** @throws WatchkeeperError USAGE if the catalogue has no such role */
export function roleList(session: Session, catalogue: Catalogue, role: string): readonly DaemonSpec[] {
  const daemons = daemonsOfRole(catalogue, role);
  if (daemons.length > 0) return ordered(daemons);
  const roles = catalogue.group.roles.map(({ name }) => name).join(', ');
  const known = roles === '' ? 'it has no roles at all' : `its roles are ${roles}`;
  throw new WatchkeeperError('USAGE', `cannot ${session.command.name}`, `no daemon of ${catalogue.group.name} has the role ${role}; ${known}`, 'daemon-util status');
}

export function ordered(daemons: readonly DaemonSpec[]): readonly DaemonSpec[] {
  const order = orderForStart(daemons);
  if (order.ok) return order.sequence;
  throw new WatchkeeperError('CONFIG_INVALID', 'cannot order the daemons', `cycle ${order.cycle.join(' → ')}`, 'watchkeeper config check');
}

/**
 * Words of the EXTRA_… variables in the caller's environment that the daemon
 * takes arguments from. Like the original, only these: a plain NAME_ARGS of the
 * caller's means nothing, it belongs to the environment file.
 *
 * @throws WatchkeeperError USAGE for a variable that cannot be split
 */
export function extraArguments(session: Session, daemon: DaemonSpec): readonly string[] {
  return daemon.argumentVariables.flatMap((variable) => {
    const value = variable.startsWith('EXTRA_') ? session.means.environment[variable] : undefined;
    if (value === undefined) return [];
    const words = splitWords(value);
    if (words.ok) return words.words;
    throw new WatchkeeperError('USAGE', `cannot ${session.command.name}`, `${variable} of the environment: ${words.reason}`, `setting ${variable} anew`);
  });
}
