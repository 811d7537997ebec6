/** Resources of our agents, as the CIB has them. */
export interface Operation {
  readonly name: string;
  /** s */
  readonly timeout: number;
  /** s; 0: not recurring */
  readonly interval?: number;
  readonly attributes?: Readonly<Record<string, string>>;
}

export interface PrimitiveOptions {
  readonly agent: 'daemon' | 'role' | 'unit';
  readonly parameters: Readonly<Record<string, string>>;
  readonly meta?: Readonly<Record<string, string>>;
  readonly operations?: readonly Operation[];
}

const OPERATIONS: readonly Operation[] = [
  { name: 'start', timeout: 40 },
  { name: 'stop', timeout: 40 },
  { name: 'monitor', timeout: 20, interval: 10 },
];

export function primitive(id: string, { agent, parameters, meta = {}, operations = [] }: PrimitiveOptions): string {
  const all = [...OPERATIONS.filter((usual) => !operations.some((other) => same(usual, other))), ...operations];
  const ops = all.map(({ name, timeout, interval = 0, attributes = {} }) =>
    element('op', { id: `${id}-${name}-${interval}-${attributes['role'] ?? ''}`, name, timeout: `${timeout}s`, interval: `${interval}s`, ...attributes }));
  return element('primitive', { id, class: 'ocf', provider: 'watchkeeper', type: agent }, pairs('instance_attributes', id, parameters) + pairs('meta_attributes', id, meta) + element('operations', {}, ops.join('')));
}

export function clone(id: string, meta: Readonly<Record<string, string>>, content: string): string {
  return element('clone', { id }, pairs('meta_attributes', id, meta) + content);
}

function same(a: Operation, b: Operation): boolean {
  return a.name === b.name && a.attributes?.['role'] === b.attributes?.['role'];
}

function pairs(name: string, id: string, values: Readonly<Record<string, string>>): string {
  const entries = Object.entries(values);
  return entries.length === 0 ? '' : element(name, { id: `${id}-${name}` }, entries.map(([key, value]) => element('nvpair', { id: `${id}-${name}-${key}`, name: key, value })).join(''));
}

function element(name: string, attributes: Readonly<Record<string, string>>, content = ''): string {
  const words = Object.entries(attributes).map(([key, value]) => ` ${key}="${value.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')}"`);
  return `<${name}${words.join('')}>${content}</${name}>`;
}
