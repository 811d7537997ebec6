/** With a unit systemd stops what requires it. A restart brings that back, as `systemctl restart` does. */
import type { DaemonSpec } from '../core/daemon.js';
import { isAlive } from '../core/observation.js';
import type { ServiceManager } from '../ports/service-manager.js';

type Eyes = Pick<ServiceManager, 'kind' | 'observe'>;

/** Of all, those that are up and that a stop of these takes along: what requires them, and what requires that. */
export async function takenAlong(specs: readonly DaemonSpec[], all: readonly DaemonSpec[], manager: Eyes): Promise<readonly DaemonSpec[]> {
  const dependants = manager.kind === 'systemd' ? requiring(specs, all) : [];
  return dependants.length === 0 ? [] : partOf(dependants, manager, true);
}

/** Of these, those that are down now. @param failed what they can't be up without */
export async function stillDown(specs: readonly DaemonSpec[], failed: readonly DaemonSpec[], manager: Eyes): Promise<readonly DaemonSpec[]> {
  const hopeless = new Set(requiring(failed, specs));
  const hopeful = specs.filter((spec) => !hopeless.has(spec));
  return hopeful.length === 0 ? [] : partOf(hopeful, manager, false);
}

async function partOf(specs: readonly DaemonSpec[], manager: Eyes, alive: boolean): Promise<readonly DaemonSpec[]> {
  const observations = await manager.observe(specs);
  return specs.filter((_spec, index) => observations[index] !== undefined && isAlive(observations[index]) === alive);
}

function requiring(specs: readonly DaemonSpec[], all: readonly DaemonSpec[]): readonly DaemonSpec[] {
  const names = new Set(specs.map(({ name }) => name));
  const own = new Set(names);
  for (let before = -1; before !== names.size; ) {
    before = names.size;
    for (const { name, requires } of all) if (requires.some((other) => names.has(other))) names.add(name);
  }
  return all.filter(({ name }) => names.has(name) && !own.has(name));
}
