/** What `systemctl show` prints of a unit. Pure. */
import { type FILE_PROPERTIES, type PropertyName, unitFacts, type UnitFacts, type UnitFiles } from './unit-facts.js';
import { type ORDER_PROPERTIES, type UnitOrder } from './unit-order.js';

/** `KEY=VALUE` lines; EnvironmentFiles comes once for each file. */
export function parseShow(unit: string, block: string): UnitFacts {
  const values = new Map<string, string[]>();
  for (const line of block.split('\n')) {
    const equals = line.indexOf('=');
    if (equals <= 0) continue;
    const key = line.slice(0, equals);
    values.set(key, [...(values.get(key) ?? []), line.slice(equals + 1)]);
  }
  return unitFacts(unit, {
    text: (name) => values.get(name)?.[0],
    list: (name) => listOf(name, values.get(name) ?? []),
  });
}

export function parseLines(block: string): ReadonlyMap<string, string> {
  return new Map(block.split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

export function parseFiles(block: string): UnitFiles {
  const values = parseLines(block);
  const text = (name: (typeof FILE_PROPERTIES)[number]): string => values.get(name) ?? '';
  return {
    loadState: text('LoadState'),
    unitFileState: text('UnitFileState'),
    fragment: text('FragmentPath'),
    dropIns: words(text('DropInPaths')),
    needsReload: text('NeedDaemonReload') === 'yes',
  };
}

/** ExecStartPost comes once for each program: `{ path=/x ; argv[]=/x y ; … }`. */
export function parseOrder(block: string): UnitOrder {
  const values = (name: (typeof ORDER_PROPERTIES)[number]): readonly string[] =>
    block.split('\n').filter((line) => line.startsWith(`${name}=`)).map((line) => line.slice(name.length + 1));
  return {
    type: values('Type')[0] ?? '',
    after: values('After').flatMap((line) => line.split(' ')).filter((unit) => unit !== ''),
    startPost: values('ExecStartPost').flatMap((line) => /^\{ path=(.*?) ; argv\[\]=/.exec(line)?.[1] ?? []),
  };
}

function listOf(name: PropertyName, lines: readonly string[]): readonly string[] {
  if (name === 'EnvironmentFiles') return lines.map((line) => line.replace(/ \(ignore_errors=(?:yes|no)\)$/, '')).filter((path) => path !== '');
  return lines.flatMap(words);
}

/** systemctl puts words in double quotes that have a backslash, as the names of many units have. */
export function words(line: string): readonly string[] {
  return line.split(' ').filter((word) => word !== '').map((word) => (/^".*"$/.test(word) ? word.slice(1, -1).replace(/\\(.)/g, '$1') : word));
}
