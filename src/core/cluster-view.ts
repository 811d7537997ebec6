/** What the cluster itself says (`crm_mon --output-as=xml`), and where that and this node's own records differ. Pure. */
import type { ClusterHold } from './cluster-hold.js';
import type { ClusterReport } from './cluster-report.js';
import { formatInstant } from './instant.js';

/** An instance of a resource of ours, as the cluster has it. */
export interface ClusterInstance {
  /** Of a clone, as the agent is told it: without the number in an anonymous one. */
  readonly id: string;
  /** ocf:watchkeeper:daemon, or any other. */
  readonly agent: string;
  /** Started, Stopped, Promoted, Starting … */
  readonly role: string;
  readonly failed: boolean;
  readonly managed: boolean;
  readonly nodes: readonly string[];
}

export type ClusterView = { readonly kind: 'seen'; readonly instances: readonly ClusterInstance[] } | { readonly kind: 'absent' | 'unreachable'; readonly reason: string };

/** A daemon of this node that the cluster holds. */
export interface HeldDaemon {
  readonly name: string;
  readonly hold: ClusterHold;
  readonly thisBoot: boolean;
  /** As `status` says; undefined: no catalogue knows it. */
  readonly observed: string | undefined;
  readonly pid: number | null;
  /** undefined: systemd does not drive it. */
  readonly dropIn: boolean | undefined;
}

export interface Mismatch {
  readonly code: MismatchCode;
  readonly what: string;
  /** The next step. */
  readonly command: string;
}

/** One row each in docs/pacemaker.md; a test compares them. */
export const MISMATCHES = {
  unreachable: 'something is held here, and the cluster cannot be asked',
  forgotten: 'the cluster has no such resource any more',
  'not-here': 'it runs here, and the cluster does not think so',
  down: 'the cluster thinks that it runs here, and it does not',
  failed: 'the cluster has it as failed',
  unmanaged: 'the cluster looks, and does nothing',
  untold: 'it failed, and the cluster does not know yet',
  refused: 'it failed, and the cluster knows no such resource on this node',
  'earlier-boot': 'it was held before the last boot, and the cluster has not looked since',
  'drop-in-missing': 'systemd might restart it, or end it before the cluster does',
} as const;

export type MismatchCode = keyof typeof MISMATCHES;

const AGENT = 'ocf:watchkeeper:';
const ELEMENT = /<(\/?)([A-Za-z_-]+)((?:\s+[\w-]+="[^"]*")*)\s*(\/?)>/g;
const ATTRIBUTE = /([\w-]+)="([^"]*)"/g;
const END = '</pacemaker-result>';

/** undefined: this is no answer of crm_mon's, or only a part of one. */
export function parseCrmMon(xml: string): readonly ClusterInstance[] | undefined {
  if (!xml.trimEnd().endsWith(END)) return undefined;
  const found: (Omit<ClusterInstance, 'nodes'> & { readonly nodes: string[] })[] = [];
  let open: (typeof found)[number] | undefined;
  for (const [, closing, element, words = '', single] of xml.matchAll(ELEMENT)) {
    if (element === 'resource' && closing === '') {
      const { id = '', resource_agent: agent = '', role = '', failed, managed } = attributes(words);
      open = { id, agent: agent.replace(/^ocf::/, 'ocf:'), role, failed: failed === 'true', managed: managed !== 'false', nodes: [] };
      if (open.agent.startsWith(AGENT)) found.push(open);
    }
    if (element === 'node' && open !== undefined) open.nodes.push(attributes(words)['name'] ?? '');
    if (element === 'resource' && (closing === '/' || single === '/')) open = undefined;
  }
  return found;
}

/** In the order in which they matter. */
export function mismatches({ hold, thisBoot, observed, pid, dropIn }: HeldDaemon, view: ClusterView): readonly Mismatch[] {
  const { resource, node } = hold;
  const refresh = `crm_resource --refresh --resource ${resource} --node ${node}`;
  const say = (code: MismatchCode, what: string, command: string): Mismatch => ({ code, what, command });
  if (view.kind !== 'seen') return [say('unreachable', `the cluster cannot be asked: ${view.reason}`, 'systemctl status pacemaker')];
  const instances = instancesOf(view.instances, resource);
  if (instances.length === 0) return [say('forgotten', `the cluster has no resource ${resource}`, 'watchkeeper cluster release')];
  const runs = observed !== 'stopped' && (pid !== null || observed === 'running' || observed === 'degraded');
  const here = instances.some(({ nodes, role }) => role !== 'Stopped' && nodes.includes(node));
  const found: Mismatch[] = [];
  if (runs && !here) found.push(say('not-here', `it runs on ${node}, and to the cluster ${resource} is ${whereabouts(instances)}`, refresh));
  if (!runs && here && hold.started) found.push(say('down', `the cluster has ${resource} on ${node}, and it is ${observed ?? 'not known to the catalogue'} here`, refresh));
  if (instances.some(({ failed, nodes }) => failed && nodes.includes(node))) found.push(say('failed', `the cluster has ${resource} on ${node} as failed`, `crm_resource --cleanup --resource ${resource} --node ${node}`));
  if (instances.some(({ managed, nodes }) => !managed && nodes.includes(node))) found.push(say('unmanaged', `the cluster does not manage ${resource}: it starts and stops nothing of it`, `crm_resource --resource ${resource} --meta --set-parameter is-managed --parameter-value true`));
  if (!thisBoot) found.push(say('earlier-boot', `held since ${formatInstant(hold.at)}, before the last boot; the cluster looks by itself when it comes up`, refresh));
  if (runs && dropIn === false) found.push(say('drop-in-missing', `its unit has no drop-in 50-watchkeeper.conf`, refresh));
  return found;
}

/** What the cluster was not told, though it should have been. */
export function reportMismatch({ resource, node, reason, at, state, tries, nextTry, error }: ClusterReport): Mismatch | undefined {
  const failure = `it failed at ${formatInstant(at)} (${reason})`;
  const why = error === null ? '' : `: ${error}`;
  if (state === 'refused') return { code: 'refused', what: `${failure}, and the cluster does not take that for ${resource} on ${node}${why}`, command: `crm_resource --locate --resource ${resource}` };
  if (state !== 'pending') return undefined;
  const next = nextTry === null ? 'one is under way' : `the next at ${formatInstant(nextTry)}`;
  return { code: 'untold', what: `${failure}, and the cluster is not told yet; tries: ${tries}, ${next}${why}`, command: 'systemctl status pacemaker' };
}

/** Those of a clone are told apart by a number where the agent is not told it. */
export function instancesOf(instances: readonly ClusterInstance[], resource: string): readonly ClusterInstance[] {
  return instances.filter(({ id }) => id === resource || (!resource.includes(':') && id.startsWith(`${resource}:`)));
}

function whereabouts(instances: readonly ClusterInstance[]): string {
  const on = instances.flatMap(({ nodes, role }) => (role === 'Stopped' ? [] : nodes));
  return on.length === 0 ? 'stopped' : `on ${on.join(', ')}`;
}

function attributes(words: string): Readonly<Record<string, string>> {
  return Object.fromEntries([...words.matchAll(ATTRIBUTE)].map(([, key = '', value = '']) => [key, value]));
}
