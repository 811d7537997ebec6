/** What a reload changes, in words that `watchkeeper reload` prints. */
import type { Catalogue } from './catalogue.js';
import type { GroupSpec } from './daemon.js';

/** The part of the configuration that an entry stands in. */
export type ChangedPart = 'daemon' | 'task' | 'hook' | 'group';

export type CatalogueChange =
  | { readonly of: ChangedPart; readonly kind: 'added' | 'removed'; readonly name: string }
  /** `keys` are those of the entry whose values differ. */
  | { readonly of: ChangedPart; readonly kind: 'changed'; readonly name: string; readonly keys: readonly string[]; /** Only when the watcher is restarted. */ readonly inForce?: 'restart' };

/** Keys of the group that a watcher goes by from its start to its end. */
const UNTIL_RESTART: ReadonlySet<string> = new Set<keyof GroupSpec>(['target']);

/**
 * @param begun the group that the watcher has begun with
 * @param before in force until now
 */
export function groupChanges(begun: GroupSpec, before: GroupSpec, after: GroupSpec): readonly CatalogueChange[] {
  const now = changedKeys(before, after).filter((key) => !UNTIL_RESTART.has(key));
  const { name } = after;
  const later = waitsForRestart(begun, after);
  return [...(now.length > 0 ? [{ of: 'group', kind: 'changed', name, keys: now } as const] : []), ...(later.length > 0 ? [{ of: 'group', kind: 'changed', name, keys: later, inForce: 'restart' } as const] : [])];
}

/** What is in force only when the watcher is restarted. */
export function waitsForRestart(begun: GroupSpec, now: GroupSpec): readonly string[] {
  return changedKeys(begun, now).filter((key) => UNTIL_RESTART.has(key));
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
