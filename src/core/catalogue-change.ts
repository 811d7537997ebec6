/** What a reload changes, in words that `watchkeeper reload` prints. */
import type { Catalogue } from './catalogue.js';

/** The part of the configuration that an entry stands in. */
export type ChangedPart = 'daemon' | 'task' | 'hook';

export type CatalogueChange =
  | { readonly of: ChangedPart; readonly kind: 'added' | 'removed'; readonly name: string }
  /** `keys` are those of the entry whose values differ. */
  | { readonly of: ChangedPart; readonly kind: 'changed'; readonly name: string; readonly keys: readonly string[] };

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
  return Object.entries(after)
    .filter(([key, value]) => JSON.stringify(old.get(key)) !== JSON.stringify(value))
    .map(([key]) => key);
}
