/**
 * The only list of daemons. Unit files, the init script, completion and status
 * are generated from it or tested against it.
 */
import type { DaemonSpec, GroupSpec } from './daemon.js';
import { WatchkeeperError } from './errors.js';
import { quoted } from './printable.js';

export interface Catalogue {
  readonly group: GroupSpec;
  /** In the operator's own order, which breaks ties of the start order. */
  readonly daemons: readonly DaemonSpec[];
}

export function findDaemon(catalogue: Catalogue, name: string): DaemonSpec | undefined {
  return catalogue.daemons.find((daemon) => daemon.name === name);
}

/** @throws WatchkeeperError UNKNOWN_DAEMON */
export function requireDaemon(catalogue: Catalogue, name: string): DaemonSpec {
  const daemon = findDaemon(catalogue, name);
  if (daemon === undefined) throw unknownDaemon(name);
  return daemon;
}

export function unknownDaemon(name: string): WatchkeeperError {
  return new WatchkeeperError('UNKNOWN_DAEMON', 'cannot act', `the catalogue has no daemon ${quoted(name)}`, 'daemon-util list-stop-daemons');
}

/** What start-all starts: an on-demand daemon waits to be asked for by name. */
export function startedTogether(catalogue: Catalogue): readonly DaemonSpec[] {
  return catalogue.daemons.filter((daemon) => !daemon.onDemand);
}

export function daemonsOfRole(catalogue: Catalogue, role: string): readonly DaemonSpec[] {
  return catalogue.daemons.filter((daemon) => daemon.roles.includes(role));
}
