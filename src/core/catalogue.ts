/**
 * The only list of daemons. Unit files, the init script, completion and status
 * are generated from it or tested against it.
 */
import type { DaemonSpec, GroupSpec } from './daemon.js';

export interface Catalogue {
  readonly group: GroupSpec;
  /** In the operator's own order, which breaks ties of the start order. */
  readonly daemons: readonly DaemonSpec[];
}

export function findDaemon(catalogue: Catalogue, name: string): DaemonSpec | undefined {
  return catalogue.daemons.find((daemon) => daemon.name === name);
}

export function daemonsOfRole(catalogue: Catalogue, role: string): readonly DaemonSpec[] {
  return catalogue.daemons.filter((daemon) => daemon.roles.includes(role));
}
