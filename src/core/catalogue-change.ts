/** What a reload changes, in words that `watchkeeper reload` prints. */
import type { Catalogue } from './catalogue.js';
import type { GroupSpec } from './daemon.js';
import type { HookSpec } from './hook.js';
import type { Settings } from './settings.js';
import type { TaskSpec } from './task.js';

/** The part of the configuration that an entry stands in; `settings`: how Watchkeeper itself behaves. */
export type ChangedPart = 'daemon' | 'task' | 'hook' | 'group' | 'settings';

export type CatalogueChange =
  | { readonly of: ChangedPart; readonly kind: 'added' | 'removed'; readonly name: string }
  /** `keys` are those of the entry whose values differ. */
  | { readonly of: ChangedPart; readonly kind: 'changed'; readonly name: string; readonly keys: readonly string[]; /** Only when the watcher is restarted. */ readonly inForce?: 'restart' };

/** The configuration, as far as a running watcher goes by it. */
export interface ConfigurationParts {
  readonly catalogue: Catalogue;
  readonly settings: Settings;
  readonly tasks: readonly TaskSpec[];
  readonly hooks: readonly HookSpec[];
}

/** Keys that a watcher goes by from its start to its end. */
const GROUP_UNTIL_RESTART: ReadonlySet<string> = new Set<keyof GroupSpec>(['target']);
const SETTINGS_UNTIL_RESTART: ReadonlySet<string> = new Set<keyof Settings>(['paths', 'log', 'serviceManager', 'heartbeatInterval', 'pauseFile', 'output', 'web']);

/**
 * All but those of the daemons, which the watcher tells as it takes them over.
 * @param begun what the watcher has begun with
 * @param before in force until now
 */
export function changesBesideDaemons(begun: ConfigurationParts, before: ConfigurationParts, after: ConfigurationParts): readonly CatalogueChange[] {
  const [group, groupBefore] = [after.catalogue.group, before.catalogue.group];
  return [
    ...changedPart('settings', 'watchkeeper', changedKeys(before.settings, after.settings).filter((key) => !SETTINGS_UNTIL_RESTART.has(key)), settingsThatWait(begun, after)),
    ...changedPart('group', group.name, changedKeys(groupBefore, group).filter((key) => !GROUP_UNTIL_RESTART.has(key)), groupKeysThatWait(begun, after)),
    ...entryChanges('task', before.tasks, after.tasks),
    ...entryChanges('hook', before.hooks, after.hooks),
  ];
}

/** Keys of the group and of the settings that are in force only when the watcher is restarted. */
export function waitsForRestart(begun: ConfigurationParts, now: ConfigurationParts): readonly string[] {
  return [...settingsThatWait(begun, now), ...groupKeysThatWait(begun, now)];
}

function settingsThatWait(begun: ConfigurationParts, now: ConfigurationParts): readonly string[] {
  return changedKeys(begun.settings, now.settings).filter((key) => SETTINGS_UNTIL_RESTART.has(key));
}

function groupKeysThatWait(begun: ConfigurationParts, now: ConfigurationParts): readonly string[] {
  return changedKeys(begun.catalogue.group, now.catalogue.group).filter((key) => GROUP_UNTIL_RESTART.has(key));
}

function changedPart(of: 'group' | 'settings', name: string, now: readonly string[], later: readonly string[]): readonly CatalogueChange[] {
  return [...(now.length > 0 ? [{ of, kind: 'changed', name, keys: now } as const] : []), ...(later.length > 0 ? [{ of, kind: 'changed', name, keys: later, inForce: 'restart' } as const] : [])];
}

export function catalogueChanges(before: Catalogue, after: Catalogue): readonly CatalogueChange[] {
  return entryChanges('daemon', before.daemons, after.daemons);
}

/** Between two lists of entries that are known by their names. */
export function entryChanges<T extends { readonly name: string }>(of: ChangedPart, before: readonly T[], after: readonly T[]): readonly CatalogueChange[] {
  const known = new Map(before.map((entry) => [entry.name, entry]));
  const kept = new Set(after.map(({ name }) => name));
  const changes: CatalogueChange[] = [];
  for (const entry of after) {
    const old = known.get(entry.name);
    if (old === undefined) changes.push({ of, kind: 'added', name: entry.name });
    else {
      const keys = changedKeys(old, entry);
      if (keys.length > 0) changes.push({ of, kind: 'changed', name: entry.name, keys });
    }
  }
  for (const name of known.keys()) if (!kept.has(name)) changes.push({ of, kind: 'removed', name });
  return changes;
}

function changedKeys(before: object, after: object): readonly string[] {
  const old = new Map<string, unknown>(Object.entries(before));
  const now = new Map<string, unknown>(Object.entries(after));
  return [...new Set([...now.keys(), ...old.keys()])].filter((key) => JSON.stringify(old.get(key)) !== JSON.stringify(now.get(key)));
}
