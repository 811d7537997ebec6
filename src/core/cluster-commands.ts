/** The commands of crm(8) and pcs(8) that make a daemon, or the roles of a group, a resource of the cluster. */
import type { DaemonSpec } from './daemon.js';

export interface ClusterResource {
  readonly id: string;
  readonly agent: 'daemon' | 'role';
  readonly parameters: Readonly<Record<string, string>>;
  readonly operations: readonly ClusterOperation[];
}

export interface ClusterOperation {
  readonly name: 'start' | 'stop' | 'promote' | 'demote' | 'monitor';
  /** s */
  readonly timeout: number;
  /** s */
  readonly interval?: number;
  readonly role?: 'Promoted' | 'Unpromoted';
  /** OCF_CHECK_LEVEL */
  readonly level?: 10;
}

/** ms for what comes before and after a daemon's own time. */
const GRACE = 10_000;
const LEAST = 20;
const INTERVAL = 10;
const DEEP_INTERVAL = 60;
const MONITOR_TIMEOUT = 20;

export function daemonResource(spec: DaemonSpec): ClusterResource {
  const operations: ClusterOperation[] = [
    { name: 'start', timeout: startTimeout([spec]) },
    { name: 'stop', timeout: stopTimeout([spec]) },
    { name: 'monitor', interval: INTERVAL, timeout: MONITOR_TIMEOUT },
  ];
  if (hasLiveness([spec])) operations.push({ name: 'monitor', interval: DEEP_INTERVAL, timeout: MONITOR_TIMEOUT, level: 10 });
  return { id: spec.name, agent: 'daemon', parameters: { name: spec.name }, operations };
}

/** A promotable clone. @param node daemons that run on every node @param master those that run on the promoted one, too */
export function roleResource(id: string, masterRole: string, node: readonly DaemonSpec[], master: readonly DaemonSpec[]): ClusterResource {
  const deep = (role: 'Promoted' | 'Unpromoted', interval: number, daemons: readonly DaemonSpec[]): readonly ClusterOperation[] =>
    hasLiveness(daemons) ? [{ name: 'monitor', interval, timeout: MONITOR_TIMEOUT, role, level: 10 }] : [];
  return {
    id,
    agent: 'role',
    parameters: { node_role: 'node', master_role: masterRole },
    operations: [
      { name: 'start', timeout: startTimeout(node) },
      { name: 'stop', timeout: stopTimeout([...node, ...master]) },
      { name: 'promote', timeout: startTimeout(master) },
      { name: 'demote', timeout: stopTimeout(master) },
      // Two operations of one name must differ in their interval.
      { name: 'monitor', interval: INTERVAL, timeout: MONITOR_TIMEOUT, role: 'Unpromoted' },
      { name: 'monitor', interval: INTERVAL - 1, timeout: MONITOR_TIMEOUT, role: 'Promoted' },
      ...deep('Unpromoted', DEEP_INTERVAL, node),
      ...deep('Promoted', DEEP_INTERVAL - 1, [...node, ...master]),
    ],
  };
}

export function crmCommands(resource: ClusterResource): readonly string[] {
  const { id, agent, parameters, operations } = resource;
  const words = ['crm', 'configure', 'primitive', id, `ocf:watchkeeper:${agent}`, 'params', ...pairs(parameters), ...operations.flatMap(operationWords)];
  return agent === 'role' ? [words.join(' '), `crm configure clone ${id}-clone ${id} meta promotable=true interleave=true`] : [words.join(' ')];
}

export function pcsCommands(resource: ClusterResource): readonly string[] {
  const { id, agent, parameters, operations } = resource;
  const words = ['pcs', 'resource', 'create', id, `ocf:watchkeeper:${agent}`, ...pairs(parameters), ...operations.flatMap(operationWords), ...(agent === 'role' ? ['promotable', 'interleave=true'] : [])];
  return [words.join(' ')];
}

function operationWords({ name, timeout, interval, role, level }: ClusterOperation): readonly string[] {
  return [
    'op', name, ...(interval === undefined ? [] : [`interval=${interval}s`]), `timeout=${timeout}s`,
    ...(role === undefined ? [] : [`role=${role}`]), ...(level === undefined ? [] : [`OCF_CHECK_LEVEL=${level}`]),
  ];
}

/** Names of daemons and roles, which no shell takes for anything else. */
function pairs(values: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(values).map(([key, value]) => `${key}=${value}`);
}

/** One after the other, at worst. */
function startTimeout(daemons: readonly DaemonSpec[]): number {
  return seconds(daemons.reduce((sum, spec) => sum + spec.startTimeout, 0));
}

/** An agent escalates at half of what it is given. */
function stopTimeout(daemons: readonly DaemonSpec[]): number {
  return seconds(2 * daemons.reduce((sum, spec) => sum + spec.stopTimeout, 0));
}

function seconds(ms: number): number {
  return Math.max(LEAST, Math.ceil((ms + GRACE) / 1000));
}

function hasLiveness(daemons: readonly DaemonSpec[]): boolean {
  return daemons.some(({ health }) => health.some(({ kind }) => kind === 'liveness'));
}
