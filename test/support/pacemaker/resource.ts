/** Resources of our agents, as the CIB has them. */
export interface Operation {
  readonly name: string;
  /** s */
  readonly timeout: number;
  /** s; 0: not recurring */
  readonly interval?: number;
  /** Of a monitor. */
  readonly level?: 10 | 20;
  readonly attributes?: Readonly<Record<string, string>>;
}

export interface PrimitiveOptions {
  readonly agent: string;
  /** Ours unless told. */
  readonly provider?: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly meta?: Readonly<Record<string, string>>;
  readonly operations?: readonly Operation[];
}

const OPERATIONS: readonly Operation[] = [
  { name: 'start', timeout: 40 },
  { name: 'stop', timeout: 40 },
  { name: 'monitor', timeout: 20, interval: 10 },
];

export function primitive(id: string, { agent, provider = 'watchkeeper', parameters, meta = {}, operations = [] }: PrimitiveOptions): string {
  const all = [...OPERATIONS.filter((usual) => !operations.some((other) => same(usual, other))), ...operations];
  const ops = all.map(({ name, timeout, interval = 0, level, attributes = {} }) => {
    const own = `${id}-${name}-${interval}-${attributes['role'] ?? ''}`;
    return element('op', { id: own, name, timeout: `${timeout}s`, interval: `${interval}s`, ...attributes }, level === undefined ? '' : pairs('instance_attributes', own, { OCF_CHECK_LEVEL: String(level) }));
  });
  return element('primitive', { id, class: 'ocf', provider, type: agent }, pairs('instance_attributes', id, parameters) + pairs('meta_attributes', id, meta) + element('operations', {}, ops.join('')));
}

export function clone(id: string, meta: Readonly<Record<string, string>>, content: string): string {
  return element('clone', { id }, pairs('meta_attributes', id, meta) + content);
}

/** Its members run on one node, started in this order and stopped in the reverse of it. */
export function group(id: string, ...members: readonly string[]): string {
  return element('group', { id }, members.join(''));
}

/** Of where a resource may run. */
export function location(id: string, resource: string, node: string, score: string): string {
  return element('rsc_location', { id, rsc: resource, node, score });
}

function same(a: Operation, b: Operation): boolean {
  return a.name === b.name && a.attributes?.['role'] === b.attributes?.['role'] && a.level === b.level;
}

function pairs(name: string, id: string, values: Readonly<Record<string, string>>): string {
  const entries = Object.entries(values);
  return entries.length === 0 ? '' : element(name, { id: `${id}-${name}` }, entries.map(([key, value]) => element('nvpair', { id: `${id}-${name}-${key}`, name: key, value })).join(''));
}

function element(name: string, attributes: Readonly<Record<string, string>>, content = ''): string {
  const words = Object.entries(attributes).map(([key, value]) => ` ${key}="${value.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')}"`);
  return `<${name}${words.join('')}>${content}</${name}>`;
}
