/** After a storm: each kind of fault that has hit nothing yet, again by itself, until it hits. */
import { existsSync } from 'node:fs';

import { eventually } from '../support/eventually.js';
import { monotonic } from './clock.js';
import type { Observation } from './observation.js';
import { planFaults, type Fault, type FaultKind, type PlanOptions } from './plan.js';
import type { Storm } from './storm.js';

/** Of each kind. */
const TRIES = 6;
/** ms, for all of them; what is under way then comes to its end. */
const LONGEST = 40_000;
/** ms until there is something to hit. */
const PREPARED = 5000;

/** Those of which at least one hit. */
export function kindsHit(log: readonly Observation[]): ReadonlySet<string> {
  const missed = new Set(log.flatMap((one) => (one.e === 'missed' ? [one.step] : [])));
  return new Set(log.flatMap((one) => (one.e === 'fault' && !missed.has(one.step) ? [one.kind] : [])));
}

export async function hitEachKind(storm: Storm, kinds: readonly FaultKind[], options: PlanOptions, longest = LONGEST): Promise<void> {
  const until = monotonic() + longest;
  let step = options.faults;
  for (let round = 0; round < TRIES; round += 1) {
    const hit = kindsHit(storm.observations());
    for (const kind of kinds.filter((one) => !hit.has(one))) {
      if (monotonic() > until) return;
      const [drawn] = planFaults({ ...options, seed: options.seed + step, only: [kind], faults: 1 });
      if (drawn === undefined) continue;
      await storm.tryOne({ ...drawn, step, target: await prepare(storm, drawn, round) });
      step += 1;
    }
  }
}

/** @returns a daemon that runs, if one can be had, and one with a pid file rather than another: under systemd most have none */
async function prepare(storm: Storm, fault: Fault, round: number): Promise<number> {
  const { site } = storm.world;
  const named = site.names.map((name, index) => ({ name, index }));
  const withFile = named.filter(({ name }) => site.pidFiles(name).some((path) => existsSync(path)));
  const among = withFile.length > 0 ? withFile : named;
  const { name, index } = among[(fault.target + round) % among.length] ?? { name: 'd0', index: 0 };
  await eventually('a watcher is back', () => storm.watched() !== undefined, PREPARED).catch(() => undefined);
  if (storm.pids(name).length === 0) await storm.ask('start', name, 1);
  return index;
}
