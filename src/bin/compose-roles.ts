/** Whether this node holds its roles, as the sources of the configuration tell. */
import type { Configuration } from '../adapters/config/load.js';
import { Roles } from '../app/roles.js';
import type { RoleStatus } from '../core/role.js';
import type { Log } from '../ports/log.js';
import type { Host } from './host.js';

/** Nobody is asked before begin(). */
export async function composeRoles(configuration: Configuration, host: Host, log: Log): Promise<Roles> {
  const [{ HostFileWatcher }, clock, runner, programs] = await Promise.all([import('../adapters/host/file-watch.js'), host.clock(), host.runner(), host.hookPrograms()]);
  return new Roles({ clock, runner, programs, log, files: new HostFileWatcher(clock) }, configuration.catalogue.group.roles);
}

const SILENT: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** Without a watcher: each source is asked once. */
export async function askRoles(configuration: Configuration, host: Host): Promise<readonly RoleStatus[]> {
  const roles = await composeRoles(configuration, host, SILENT);
  await roles.begin();
  roles.release();
  return roles.list();
}
