/**
 * How a limited time is shared among stops that follow each other. A daemon may
 * take its own stopTimeout, but leaves an equal share of what is left to each of
 * those that can only be stopped after it: so the order holds, and the time, even
 * where a daemon does not listen at all.
 */
import type { DaemonSpec } from './daemon.js';

/** ms; less is no chance to end well. */
const LEAST = 100;
/** The rest is for what comes between two stops. */
const USABLE = 0.9;

/** By name: the most stops that follow its own one after the other. Without cycles, as the configuration has it. */
export function stopsThatFollow(specs: readonly DaemonSpec[]): ReadonlyMap<string, number> {
  const byName = new Map(specs.map((spec) => [spec.name, spec]));
  const known = new Map<string, number>();
  const count = (spec: DaemonSpec): number => {
    const before = known.get(spec.name);
    if (before !== undefined) return before;
    // Against a cycle, which would never end here.
    known.set(spec.name, 0);
    const next = [...spec.requires, ...spec.after].flatMap((name) => byName.get(name) ?? []);
    const most = next.length === 0 ? 0 : 1 + Math.max(...next.map(count));
    known.set(spec.name, most);
    return most;
  };
  for (const spec of specs) count(spec);
  return known;
}

/**
 * @param following of stopsThatFollow
 * @param left ms for all of them
 * @returns ms until SIGKILL
 */
export function stopShare(stopTimeout: number, following: number, left: number): number {
  return Math.min(stopTimeout, Math.max(LEAST, Math.floor((USABLE * left) / (following + 1))));
}
