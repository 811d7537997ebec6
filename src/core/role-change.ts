/** When a node takes up or lays down a role: all of its daemons came up, or are about to be taken down. */
import { daemonsOfRole, type Catalogue } from './catalogue.js';
import { isUp, type DaemonStatus } from './daemon-status.js';
import type { DaemonSpec } from './daemon.js';
import type { Outcome } from './outcome.js';

export interface RoleChange {
  readonly role: string;
  /** In the catalogue's order. */
  readonly members: readonly string[];
}

interface Named {
  readonly name: string;
  readonly outcome: Outcome;
}

/** An on-demand daemon is not waited for: nobody starts it with its role. */
function standing(catalogue: Catalogue, role: string): readonly DaemonSpec[] {
  return daemonsOfRole(catalogue, role).filter((daemon) => !daemon.onDemand);
}

function wholeRoles(catalogue: Catalogue, names: readonly string[]): readonly RoleChange[] {
  const asked = new Set(names);
  return catalogue.group.roles.flatMap(({ name }) => {
    const members = standing(catalogue, name).map((daemon) => daemon.name);
    return members.length > 0 && members.every((member) => asked.has(member)) ? [{ role: name, members }] : [];
  });
}

/**
 * Roles that a start has brought up: all of their daemons were asked for and are
 * ready, and at least one was not before.
 *
 * @param outcomes of that start
 */
export function rolesStarted(catalogue: Catalogue, names: readonly string[], outcomes: readonly Named[], statuses: readonly DaemonStatus[]): readonly RoleChange[] {
  const changed = new Set(outcomes.filter(({ outcome }) => outcome.kind === 'ok' && outcome.changed).map(({ name }) => name));
  const ready = new Set(statuses.filter(({ observed }) => observed === 'running' || observed === 'degraded').map(({ name }) => name));
  return wholeRoles(catalogue, names).filter(({ members }) => members.some((name) => changed.has(name)) && members.every((name) => ready.has(name)));
}

/**
 * Roles that a stop is about to take down: all of their daemons were asked for,
 * and at least one is there.
 */
export function rolesStopping(catalogue: Catalogue, names: readonly string[], statuses: readonly DaemonStatus[]): readonly RoleChange[] {
  const there = new Set(statuses.filter(({ observed }) => isUp(observed)).map(({ name }) => name));
  return wholeRoles(catalogue, names)
    .filter(({ members }) => members.some((name) => there.has(name)))
    .reverse();
}
