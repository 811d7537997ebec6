/**
 * The catalogue's group and roles → the text of their systemd targets. Pure.
 *
 * A target is ordered after all of its daemons, also after those that are only
 * started on demand: systemd forgets a unit that is down and that no loaded unit
 * names, and with it how it ended, e.g. that it ended with "not master".
 */
import type { Catalogue } from './catalogue.js';
import type { DaemonSpec, RoleSpec } from './daemon.js';
import { withHeader, type GeneratorOptions } from './unit-header.js';

export interface TargetParts {
  readonly description: string;
  /** Started with it, stopped with it or not. */
  readonly wants: readonly string[];
  /** Ordered before it, and so kept in systemd's memory. */
  readonly after: readonly string[];
  /** Targets with which it stops. */
  readonly partOf: readonly string[];
  /** Targets that start it at boot. */
  readonly wantedBy: readonly string[];
}

export function targetUnit({ description, wants, after, partOf, wantedBy }: TargetParts, options: GeneratorOptions): string {
  if (/[\0-\x1f\x7f]/.test(description)) throw new Error('a unit cannot hold a control character');
  const lines = [
    '[Unit]',
    `Description=${description.replace(/%/g, '%%').replace(/\\$/, '\\\\')}`,
    ...wants.map((unit) => `Wants=${unit}`),
    ...after.map((unit) => `After=${unit}`),
    ...partOf.map((unit) => `PartOf=${unit}`),
    ...(wantedBy.length === 0 ? [] : ['', '[Install]', ...wantedBy.map((unit) => `WantedBy=${unit}`)]),
  ];
  return withHeader(`${lines.join('\n')}\n`, options);
}

/** The targets of the group and of its roles, by name; none where they have no target. */
export function groupTargets({ group, daemons }: Catalogue, options: GeneratorOptions): ReadonlyMap<string, string> {
  const units = (list: readonly DaemonSpec[]): readonly string[] => list.map(({ unit }) => unit);
  const own = (role: RoleSpec): readonly DaemonSpec[] => daemons.filter(({ roles }) => roles.includes(role.name));
  const targets = new Map<string, string>();
  const roles = group.roles.flatMap((role) => (role.target === undefined || role.target === group.target ? [] : [{ role, target: role.target }]));
  for (const { role, target } of roles) {
    targets.set(target, targetUnit({
      description: role.description === '' ? `${group.name}: role ${role.name}` : role.description,
      wants: units(own(role).filter(({ onDemand }) => !onDemand)),
      after: units(own(role)),
      partOf: group.target === undefined ? [] : [group.target],
      wantedBy: [],
    }, options));
  }
  if (group.target === undefined) return targets;
  const withoutRole = daemons.filter((daemon) => !roles.some(({ role }) => daemon.roles.includes(role.name)));
  targets.set(group.target, targetUnit({
    description: group.description === '' ? group.name : group.description,
    wants: [...roles.map(({ target }) => target), ...units(withoutRole.filter(({ onDemand }) => !onDemand))],
    after: [...roles.map(({ target }) => target), ...units(daemons)],
    // The stub of `service NAME stop`, see unit-set.ts.
    partOf: [group.target.replace(/\.target$/, '.service')],
    wantedBy: ['multi-user.target'],
  }, options));
  return targets;
}
