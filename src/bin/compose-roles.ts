/** Whether this node holds its roles, as the sources of the configuration tell. */
import type { Configuration } from '../adapters/config/configuration.js';
import type { RoleDuty } from '../app/role-duty.js';
import type { RoleEvents } from '../app/role-events.js';
import { Roles } from '../app/roles.js';
import type { Log } from '../ports/log.js';
import type { Host } from './host.js';

/** Nobody is asked before begin(). */
export async function composeRoles(configuration: Configuration, host: Host, log: Log): Promise<Roles> {
  const [{ HostFileWatcher }, clock, runner, programs] = await Promise.all([import('../adapters/host/file-watch.js'), host.clock(), host.frequentRunner(), host.hookPrograms()]);
  return new Roles({ clock, runner, programs, log, files: new HostFileWatcher(clock) }, configuration.catalogue.group.roles);
}

export interface RoleFollowers {
  readonly duty: Pick<RoleDuty, 'answered' | 'takeUp' | 'confirm' | 'toLayDown' | 'layDown'>;
  readonly events: Pick<RoleEvents, 'started' | 'stopping'>;
  readonly log: Log;
}

/** From now on the daemons go with their roles, and hooks hear of it. */
export function followRoles(roles: Roles, { duty, events, log }: RoleFollowers): void {
  const takeUp = async (role: string): Promise<void> => {
    const outcomes = await duty.takeUp(role);
    await events.started(outcomes.map(({ name }) => name), outcomes, `the watcher, as this node holds the role ${role}`);
  };
  const layDown = async (role: string): Promise<void> => {
    const names = duty.toLayDown(role);
    await events.stopping(names, `the watcher, as this node lost the role ${role}`);
    await duty.layDown(role);
  };
  const follow = (role: string, work: Promise<void>): void => {
    work.catch((error: unknown) => log.error({ role, error: String(error) }, 'cannot follow a role'));
  };
  roles.listen({
    answered: () => duty.answered(),
    settled: (role, held) => follow(role, held ? takeUp(role) : layDown(role)),
    confirmed: (role) => follow(role, duty.confirm(role)),
  });
}

const SILENT: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** ms; without a watcher, nobody waits longer for a reason. */
const PATIENCE = 2000;

/**
 * Without a watcher: each source is asked once.
 *
 * @param names undefined: all
 */
export async function askRoles(configuration: Configuration, host: Host, names?: readonly string[]): Promise<Pick<Roles, 'answer' | 'list'>> {
  const roles = await composeRoles(configuration, host, SILENT);
  const asked = configuration.catalogue.group.roles.filter(({ name }) => names === undefined || names.includes(name));
  roles.configure(asked.map(({ source, ...rest }) => ({ ...rest, ...(source && { source: { ...source, timeout: Math.min(source.timeout, PATIENCE) } }) })));
  await roles.begin();
  roles.release();
  return roles;
}
