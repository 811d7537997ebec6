/**
 * `retry-now` and `reset` where systemd restarts: what it lets wait, or has
 * given up, is started now. That is an operator's own start: it clears a start
 * limit, and a row of slow attempts begins anew.
 */
import type { DaemonSpec } from '../core/daemon.js';
import type { Wanted } from '../core/desired-state.js';
import type { Observation } from '../core/observation.js';
import { orderForStart } from '../core/order.js';
import { failed, ok, skipped, type Outcome } from '../core/outcome.js';
import type { Clock } from '../ports/clock.js';
import type { Controller, NamedOutcome, Progress } from '../ports/controller.js';
import type { UnitRetrier } from '../ports/unit-retrier.js';
import { startInOrder } from './ordered-start.js';

export interface NudgeParts {
  readonly clock: Clock;
  readonly control: Pick<Controller, 'start'>;
  readonly retrier: Pick<UnitRetrier, 'forget'>;
  readonly wanted: (spec: DaemonSpec) => Wanted;
  /** Why it is not this node's to run; undefined: it is. */
  readonly withheld: (name: string) => string | undefined;
  /** undefined: it can't be seen at present. */
  readonly seen: (name: string) => Observation | undefined;
}

/** @param forget whether its failures and restarts are forgotten first, also those of one that runs */
export function nudge(specs: readonly DaemonSpec[], { by, forget }: { readonly by: string; readonly forget: boolean }, parts: NudgeParts, progress?: Progress): Promise<readonly NamedOutcome[]> {
  const ordered = orderForStart(specs);
  return startInOrder(ordered.ok ? ordered.sequence : specs, {
    clock: parts.clock,
    stopAtFirstFailure: false,
    progress,
    startOne: async (spec) => {
      const refused = forget ? await parts.retrier.forget(spec) : undefined;
      const wanted = parts.wanted(spec);
      if (wanted.desired === 'down') return ok(false, `wanted down: ${wanted.reason}`);
      const withheld = parts.withheld(spec.name);
      if (withheld !== undefined) return skipped(withheld);
      if (parts.seen(spec.name)?.state !== 'running') return startedNow(spec, by, parts);
      if (refused !== undefined) return failed('failed', `its failures could not be cleared: ${refused}`, `systemctl reset-failed ${spec.unit}`);
      return ok(false, forget ? 'was running; its failures and restarts are forgotten' : 'was running');
    },
  });
}

async function startedNow({ name }: DaemonSpec, by: string, { control }: NudgeParts): Promise<Outcome> {
  const [answer] = await control.start({ names: [name], by, oneShotArguments: {} });
  return answer?.outcome ?? failed('internal', `nothing came of the start of ${name}`, 'watchkeeper events');
}
