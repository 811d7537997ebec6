/** What a reload changes, in words that `watchkeeper reload` prints. */
import type { Catalogue } from './catalogue.js';
import type { DaemonSpec } from './daemon.js';

export type CatalogueChange =
  | { readonly kind: 'added' | 'removed'; readonly name: string }
  /** `keys` are those of the daemon's entry whose values differ. */
  | { readonly kind: 'changed'; readonly name: string; readonly keys: readonly string[] };

export function catalogueChanges(before: Catalogue, after: Catalogue): readonly CatalogueChange[] {
  const known = new Map(before.daemons.map((daemon) => [daemon.name, daemon]));
  const kept = new Set(after.daemons.map(({ name }) => name));
  const changes: CatalogueChange[] = [];
  for (const daemon of after.daemons) {
    const old = known.get(daemon.name);
    if (old === undefined) changes.push({ kind: 'added', name: daemon.name });
    else {
      const keys = changedKeys(old, daemon);
      if (keys.length > 0) changes.push({ kind: 'changed', name: daemon.name, keys });
    }
  }
  for (const name of known.keys()) if (!kept.has(name)) changes.push({ kind: 'removed', name });
  return changes;
}

function changedKeys(before: DaemonSpec, after: DaemonSpec): readonly string[] {
  const old = new Map<string, unknown>(Object.entries(before));
  return Object.entries(after)
    .filter(([key, value]) => JSON.stringify(old.get(key)) !== JSON.stringify(value))
    .map(([key]) => key);
}
