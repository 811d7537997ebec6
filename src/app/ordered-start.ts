/**
 * Starts a selection side by side where the order allows it: each daemon as
 * soon as those before it have come to something.
 */
import type { DaemonSpec } from '../core/daemon.js';
import { failed, type Outcome } from '../core/outcome.js';
import type { NamedOutcome, Progress } from '../ports/controller.js';
import type { Clock } from '../ports/clock.js';
import { Breather } from './breather.js';

export interface OrderedStart {
  readonly clock: Clock;
  readonly startOne: (spec: DaemonSpec) => Promise<Outcome>;
  /** After a failure nothing further is begun; what is under way is waited for. */
  readonly stopAtFirstFailure: boolean;
  readonly progress?: Progress | undefined;
}

/** @param specs in start order (core/order.ts), so that predecessors come first */
export async function startInOrder(specs: readonly DaemonSpec[], how: OrderedStart): Promise<readonly NamedOutcome[]> {
  const settled = new Map<string, Promise<void>>();
  const outcomes: NamedOutcome[] = [];
  const breather = new Breather(how.clock);
  let failures = 0;

  const run = async (spec: DaemonSpec, predecessors: readonly Promise<void>[]): Promise<void> => {
    await Promise.all(predecessors);
    await breather.turn();
    if (failures > 0 && how.stopAtFirstFailure) return;
    const began = how.clock.monotonic();
    const outcome = await how.startOne(spec).catch((error: unknown) => failed('internal', String(error), 'watchkeeper events'));
    if (outcome.kind === 'failed') failures += 1;
    const named = { name: spec.name, outcome, took: how.clock.monotonic() - began };
    outcomes.push(named);
    how.progress?.(named);
  };

  for (const spec of specs) {
    const predecessors = [...spec.requires, ...spec.after].flatMap((name) => settled.get(name) ?? []);
    settled.set(spec.name, run(spec, predecessors));
  }
  await Promise.all(settled.values());
  return outcomes;
}

/** The mirror image: each daemon as soon as those that come after it are down. Goes on after a failure. */
export async function stopInOrder(
  specs: readonly DaemonSpec[],
  how: { readonly clock: Clock; readonly stopOne: (spec: DaemonSpec) => Promise<Outcome>; readonly progress?: Progress | undefined },
): Promise<readonly NamedOutcome[]> {
  const backwards = specs.toReversed().map((spec) => ({
    ...spec,
    requires: [],
    after: specs.filter((other) => other.requires.includes(spec.name) || other.after.includes(spec.name)).map(({ name }) => name),
  }));
  const byName = new Map(specs.map((spec) => [spec.name, spec]));
  return startInOrder(backwards, {
    clock: how.clock,
    startOne: (spec) => how.stopOne(byName.get(spec.name) ?? spec),
    stopAtFirstFailure: false,
    progress: how.progress,
  });
}
