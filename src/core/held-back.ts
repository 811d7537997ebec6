/** Which required daemon holds another one back, down to the one that is to blame. Pure. */
import type { Obstacle } from './daemon-details.js';
import type { DaemonStatus } from './daemon-status.js';
import type { DaemonSpec } from './daemon.js';

/**
 * @param name of one that is wanted up
 * @param status by name
 */
export function heldBackBy(name: string, specs: ReadonlyMap<string, DaemonSpec>, status: ReadonlyMap<string, DaemonStatus>): readonly Obstacle[] {
  const chain: Obstacle[] = [];
  const visited = new Set<string>();
  for (let at = specs.get(name); at !== undefined && !visited.has(at.name); ) {
    visited.add(at.name);
    const next = at.requires.map((required) => status.get(required)).find((required) => required?.ready === false);
    if (next === undefined) break;
    chain.push({ name: next.name, observed: next.observed, reason: next.reason });
    // What runs and is no use is to blame itself.
    at = next.pid === null ? specs.get(next.name) : undefined;
  }
  return chain;
}
