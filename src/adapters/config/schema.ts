/** A schema: which keys there are, what each means, and what holds where it is not written. */
import type { Format } from './format.js';

export interface Key<T> {
  readonly format: Format<T>;
  /** Meaning and unit, for docs/configuration.md. */
  readonly doc: string;
  /** Whether a value must be written. */
  readonly required?: true;
  /** What holds if nothing is written. */
  readonly default: T;
  /** A map whose entries are merged one by one, where another key's value is replaced. */
  readonly merges?: true;
  /** For people, where the default depends on other values. */
  readonly defaultText?: string;
}

/** One Key for each leaf of T, nested as T is. */
export type SchemaOf<T> = {
  readonly [P in keyof T]-?: Key<T[P]> | (T[P] extends object ? SchemaOf<T[P]> : never);
};

/** A leaf of a schema, without its type. */
export interface Leaf extends Key<unknown> {
  readonly path: readonly string[];
  /** The path with dots. */
  readonly name: string;
}

/** Keys by dotted name, and the names that only lead to others. */
export interface FlatSchema<T> {
  readonly leaves: ReadonlyMap<string, Leaf>;
  readonly branches: ReadonlySet<string>;
  /** Never there: carries the type of the complete value. */
  readonly whole?: T;
}

export function flatten<T>(schema: SchemaOf<T>): FlatSchema<T> {
  const leaves = new Map<string, Leaf>();
  const branches = new Set<string>();
  const visit = (node: object, path: readonly string[]): void => {
    for (const [key, child] of Object.entries(node) as [string, object][]) {
      const here = [...path, key];
      const name = here.join('.');
      if (isKey(child)) {
        leaves.set(name, { ...child, path: here, name });
      } else {
        branches.add(name);
        visit(child, here);
      }
    }
  };
  visit(schema, []);
  return { leaves, branches };
}

function isKey(node: object): node is Key<unknown> {
  return 'format' in node && 'doc' in node;
}

/** Values by dotted name; a key whose value is undefined was set back to its default. */
export type Given = ReadonlyMap<string, unknown>;

/**
 * The whole value of a schema's type: what is given (each was read by its
 * format before), and the defaults for the rest. The first layer that has a key wins.
 */
export function complete<T>(schema: FlatSchema<T>, ...layers: readonly Given[]): T {
  const root: Record<string, unknown> = {};
  for (const leaf of schema.leaves.values()) {
    let at = root;
    for (const key of leaf.path.slice(0, -1)) at = (at[key] ??= {}) as Record<string, unknown>;
    at[leaf.path.at(-1) ?? ''] = leaf.merges === true ? merged(leaf, layers) : chosen(leaf, layers);
  }
  return root as T;
}

function chosen(leaf: Leaf, layers: readonly Given[]): unknown {
  return layers.find((layer) => layer.has(leaf.name))?.get(leaf.name) ?? leaf.default;
}

function merged(leaf: Leaf, layers: readonly Given[]): object {
  const entries = layers.toReversed().flatMap((layer) => Object.entries(layer.get(leaf.name) ?? {}));
  // Not by assignment: a key may be called __proto__.
  return Object.fromEntries([...Object.entries(leaf.default ?? {}), ...entries]);
}
