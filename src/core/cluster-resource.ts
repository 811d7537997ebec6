/** A resource as the cluster has it (XML of the CIB), against one that we would configure. Pure. */
import type { ClusterOperation, ClusterResource } from './cluster-commands.js';

const ELEMENT = /<(\/?)([A-Za-z_-]+)((?:\s+[\w-]+="[^"]*")*)\s*(\/?)>/g;
const ATTRIBUTE = /([\w-]+)="([^"]*)"/g;
const OLD_ROLES: Readonly<Record<string, string>> = { Master: 'Promoted', Slave: 'Unpromoted' };
/** In the order in which an agent is named. */
const AGENT_ATTRIBUTES = ['class', 'provider', 'type'];
const LEVEL = 'OCF_CHECK_LEVEL';
const MOST_LEVELS = 20;

type Words = Readonly<Record<string, string>>;

interface Element {
  readonly name: string;
  readonly words: Words;
  readonly children: Element[];
}

/**
 * How they differ: agent, parameters, and the operations that we would configure.
 * What else it has (further operations, meta attributes) is its operator's.
 *
 * @param xml of the primitive, as cibadmin prints it
 * @returns nothing where they are the same
 */
export function differences(resource: ClusterResource, xml: string): readonly string[] {
  const primitive = find(parse(xml), 'primitive').find(({ words }) => words['id'] === resource.id);
  if (primitive === undefined) return [`${resource.id} is not a primitive resource`];
  const agent = AGENT_ATTRIBUTES.map((name) => primitive.words[name] ?? '').join(':');
  const wanted = `ocf:watchkeeper:${resource.agent}`;
  if (agent !== wanted) return [`it is of ${agent}, not ${wanted}`];
  const parameters = pairs(primitive.children.filter(({ name }) => name === 'instance_attributes'));
  const names = [...new Set([...Object.keys(resource.parameters), ...Object.keys(parameters)])];
  const operations = find([primitive], 'op');
  return [
    ...names.flatMap((name) => differ(`parameter ${name}`, parameters[name], resource.parameters[name])),
    ...resource.operations.flatMap((operation) => operationDifference(operation, operations)),
  ];
}

function operationDifference(operation: ClusterOperation, operations: readonly Element[]): readonly string[] {
  const { name, interval = 0, role, level = 0, timeout } = operation;
  const found = operations.find(({ words, children }) => {
    const itsRole = words['role'] === undefined ? undefined : (OLD_ROLES[words['role']] ?? words['role']);
    return words['name'] === name && (seconds(words['interval']) ?? 0) === interval && itsRole === role && Number(pairs(children)[LEVEL] ?? words[LEVEL] ?? 0) === level;
  });
  const what = `operation ${name}${interval === 0 ? '' : ` interval=${interval}s`}${role === undefined ? '' : ` role=${role}`}${level === 0 ? '' : ` ${LEVEL}=${level}`}`;
  if (found === undefined) return [`it has no ${what}`];
  return seconds(found.words['timeout']) === timeout ? [] : differ(`time-out of ${what}`, found.words['timeout'], `${timeout}s`);
}

function differ(what: string, is: string | undefined, wanted: string | undefined): readonly string[] {
  return is === wanted ? [] : [`${what} is ${is ?? 'not set'}, and would be ${wanted ?? 'not set'}`];
}

/** Bare numbers are seconds. */
function seconds(text: string | undefined): number | undefined {
  const [, number, unit = 's'] = /^(\d{1,9})(ms|s|m|min|h)?$/.exec(text ?? '') ?? [];
  if (number === undefined) return undefined;
  return Number(number) * (unit === 'ms' ? 0.001 : unit === 's' ? 1 : unit === 'h' ? 3600 : 60);
}

function pairs(elements: readonly Element[]): Words {
  return Object.fromEntries(find(elements, 'nvpair').map(({ words }) => [words['name'] ?? '', words['value'] ?? '']));
}

function find(elements: readonly Element[], name: string): readonly Element[] {
  return elements.flatMap((element) => (element.name === name ? [element] : find(element.children, name)));
}

/** What Pacemaker writes: no text, no comments within, attributes in double quotes. */
function parse(xml: string): readonly Element[] {
  const root: Element = { name: '', words: {}, children: [] };
  const open = [root];
  for (const [, closing, name = '', words = '', single] of xml.matchAll(ELEMENT)) {
    if (closing === '/') {
      if (open.length > 1) open.pop();
      continue;
    }
    const element: Element = { name, words: Object.fromEntries([...words.matchAll(ATTRIBUTE)].map(([, key = '', value = '']) => [key, unescaped(value)])), children: [] };
    open.at(-1)?.children.push(element);
    // Deeper is nothing of a primitive's, and would be too deep to be looked through.
    if (single !== '/' && open.length < MOST_LEVELS) open.push(element);
  }
  return root.children;
}

function unescaped(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&apos;', "'").replaceAll('&amp;', '&');
}
