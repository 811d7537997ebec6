/**
 * systemd starts what a unit requires along with it. What an operator has stopped
 * is not to come back that way: its own name must be said. A stop of all daemons
 * singled none out, and stands in nobody's way.
 */
import type { DaemonSpec } from '../core/daemon.js';
import { isAlive, type Observation } from '../core/observation.js';
import { failed, type Outcome } from '../core/outcome.js';

interface Machine {
  readonly find: (name: string) => DaemonSpec;
  /** Why somebody wants it down, where he meant this very daemon. */
  readonly stoppedByHand: (spec: DaemonSpec) => string | undefined;
  readonly observe: (specs: readonly DaemonSpec[]) => Promise<readonly Observation[]>;
}

/** @returns of those that are to be started, who may not be, by name. Asks systemd only where a record says down. */
export async function refusedStarts(specs: readonly DaemonSpec[], machine: Machine): Promise<ReadonlyMap<string, Outcome>> {
  const asked = new Set(specs.map(({ name }) => name));
  const absent = new Map<string, string>();
  for (const spec of required(specs, machine)) {
    const reason = asked.has(spec.name) ? undefined : machine.stoppedByHand(spec);
    if (reason !== undefined) absent.set(spec.name, reason);
  }
  if (absent.size > 0) {
    const suspects = [...absent.keys()].map(machine.find);
    const observations = await machine.observe(suspects);
    // Back by another way than ours, or never gone: nothing is undone.
    for (const [index, { name }] of suspects.entries()) if (observations[index] !== undefined && isAlive(observations[index])) absent.delete(name);
  }
  const refused = new Map<string, Outcome>();
  for (const spec of absent.size === 0 ? [] : specs) {
    const missing = required([spec], machine).find(({ name }) => absent.has(name));
    if (missing === undefined) continue;
    refused.set(spec.name, failed('dependency', `it requires ${missing.name}, which was ${absent.get(missing.name) ?? ''}`, `daemon-util start ${missing.name}, then the same again`));
  }
  return refused;
}

/** What they require, and what that requires, without themselves. */
function required(specs: readonly DaemonSpec[], { find }: Pick<Machine, 'find'>): readonly DaemonSpec[] {
  const found = new Set<DaemonSpec>();
  const queue = [...specs];
  for (let spec = queue.pop(); spec !== undefined; spec = queue.pop()) {
    for (const one of spec.requires.map(find)) {
      if (found.has(one)) continue;
      found.add(one);
      queue.push(one);
    }
  }
  return [...found];
}
