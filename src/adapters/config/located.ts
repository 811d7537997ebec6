/** A YAML document as plain data in which every value knows its line. */

/**
 * All scalars are texts: what a text means (a number, a duration, a word) is
 * the schema's to say, so that the argument `010` stays `010`. null: nothing is
 * written, or `null`, or `~`.
 */
export type Plain = string | null | readonly Plain[] | ReadonlyMap<string, Plain>;

export type Located = LocatedScalar | LocatedList | LocatedMap;

export interface LocatedScalar {
  readonly kind: 'scalar';
  readonly line: number;
  readonly value: string | null;
}

export interface LocatedList {
  readonly kind: 'list';
  readonly line: number;
  readonly items: readonly Located[];
}

export interface LocatedMap {
  readonly kind: 'map';
  readonly line: number;
  /** In the order of the file; the line is the key's. */
  readonly entries: ReadonlyMap<string, { readonly line: number; readonly node: Located }>;
}

export function plainOf(node: Located): Plain {
  switch (node.kind) {
    case 'scalar':
      return node.value;
    case 'list':
      return node.items.map(plainOf);
    case 'map':
      return new Map([...node.entries].map(([key, entry]) => [key, plainOf(entry.node)]));
  }
}
