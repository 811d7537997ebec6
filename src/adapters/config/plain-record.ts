/**
 * Values as JSON, with what JSON leaves out: which keys have the value undefined.
 * JSON.parse is built in, where V8's own format takes a module that Node loads
 * streams for.
 */
type Path = readonly (string | number)[];

/** undefined: it holds something that would not come back as it is. */
export function plainText(value: unknown): string | undefined {
  const absent: Path[] = [];
  return collect(value, [], absent) ? JSON.stringify({ value, absent }) : undefined;
}

/** @throws for what plainText did not write */
export function fromPlainText(text: string): unknown {
  const { value, absent } = JSON.parse(text) as { readonly value: unknown; readonly absent: readonly Path[] };
  for (const path of absent) {
    let at = value as Record<string | number, unknown>;
    const last = path.at(-1);
    for (const key of path.slice(0, -1)) {
      if (!Object.hasOwn(at, key)) throw new Error('there is no such place');
      at = at[key] as Record<string | number, unknown>;
    }
    if (last === undefined || last === '__proto__' || typeof at !== 'object') throw new Error('there is no such place');
    at[last] = undefined;
  }
  return value;
}

function collect(value: unknown, path: Path, absent: Path[]): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0);
    case 'undefined':
      absent.push(path);
      // a list has no such place in JSON, and nothing at all is no text
      return typeof path.at(-1) === 'string';
    case 'object': {
      if (value === null) return true;
      if (Array.isArray(value)) return value.every((item, index) => collect(item, [...path, index], absent));
      if (Object.getPrototypeOf(value) !== Object.prototype) return false;
      return Object.entries(value).every(([key, item]) => key !== '__proto__' && collect(item, [...path, key], absent));
    }
    default:
      return false;
  }
}
