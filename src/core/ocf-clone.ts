/** Which clones a resource of ours can be. Pure. */
import type { OcfCall } from './ocf-call.js';

type Meta = Pick<OcfCall, 'meta'>;

/** What begins something here: the rest must tell and mend whatever somebody has made of the resource meanwhile. */
const BEGINS: ReadonlySet<string> = new Set(['start', 'promote', 'migrate_to', 'migrate_from', 'validate-all']);

/**
 * Instances of a globally unique clone are different things, each of which the
 * cluster looks for on every node. What a name stands for once on each node
 * would be found there as every one of them.
 *
 * @param what "daemon web"
 * @returns why it must not be; undefined: it is no such clone, or nothing begins
 */
export function uniqueCloneObjection(action: string, { meta }: Meta, what: string): string | undefined {
  if (!BEGINS.has(action) || meta('globally_unique') !== 'true') return undefined;
  return `${what} is one thing on each node, and all instances of a globally unique clone would be it: set globally-unique=false`;
}

/** The master role is one node's. */
export function mastersObjection(action: string, { meta }: Meta): string | undefined {
  if (!BEGINS.has(action)) return undefined;
  // Pacemaker 2.1.5 and 3.0.0 give both names.
  const most = meta('promoted_max') ?? meta('master_max') ?? '1';
  return Number(most) > 1 ? `the master role is held by one node at a time, and promoted-max is ${most}: set promoted-max=1` : undefined;
}
