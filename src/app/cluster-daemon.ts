/**
 * A daemon of the catalogue as a resource of the cluster: what the agent
 * `ocf:watchkeeper:daemon` does where the state board does not answer by itself.
 *
 * The hold is written down before the start, so that nobody but the cluster
 * restarts what the cluster has asked for, whoever dies in between; and it is
 * given up only after a stop that is complete.
 */
import { sameHold, type ClusterHold } from '../core/cluster-hold.js';
import type { DaemonStatus } from '../core/daemon-status.js';
import type { DaemonSpec } from '../core/daemon.js';
import { formatDuration } from '../core/duration.js';
import { errorAnswer, monitorAnswer, OCF, startAnswer, stopAnswer, type OcfAnswer } from '../core/ocf.js';
import type { OcfCall } from '../core/ocf-call.js';
import { failed, type Outcome } from '../core/outcome.js';
import { WatchkeeperError } from '../core/errors.js';
import type { Clock, Timer } from '../ports/clock.js';
import type { ClusterHoldStore } from '../ports/cluster-hold-store.js';
import type { ClusterOverride } from '../ports/cluster-override.js';
import type { Controller, NamedOutcome } from '../ports/controller.js';
import type { ChosenControl } from './control-choice.js';
import { patiently } from './disk-patience.js';
import { heldStop } from './held-stop.js';
import { whileWaited } from './while-waited.js';

export interface ClusterDaemonParts {
  /** For changes; holds control until it is released. */
  readonly control: (by: string) => Promise<ChosenControl>;
  readonly reader: () => Promise<ChosenControl>;
  readonly holds: ClusterHoldStore;
  /** Has a running watcher look at the holds at once. */
  readonly refresh: () => Promise<void>;
  /** Where systemd drives the daemons; undefined: nothing is to be overridden. */
  readonly override: ClusterOverride | undefined;
  /** SIGKILL to all of it, where the service manager has time-outs of its own; undefined: a stop's own time-out does it. */
  readonly kill: ((spec: DaemonSpec) => Promise<void>) | undefined;
  /** Level 20. @returns what is wrong; undefined: nothing */
  readonly deepHook: (path: string, spec: DaemonSpec, timeout: number) => Promise<OcfAnswer>;
  readonly clock: Clock;
  readonly bootId: string;
  /** Told of what an operator should know beside the answer. */
  readonly note: (line: string) => void;
  /** Given once nobody waits for the answer any more; undefined: we would be gone ourselves. */
  readonly gone: AbortSignal | undefined;
}

export class ClusterDaemon {
  constructor(
    private readonly spec: DaemonSpec,
    private readonly call: OcfCall,
    private readonly parts: ClusterDaemonParts,
  ) {}

  /** @param limit ms, where something comes after it in the time of the call */
  async start(limit?: number): Promise<OcfAnswer> {
    if (limit === undefined) return this.#start(this.parts.gone);
    const late = new AbortController();
    const timer = this.parts.clock.after(limit, () => late.abort());
    try {
      const { gone } = this.parts;
      const answer = await this.#start(gone === undefined ? late.signal : AbortSignal.any([gone, late.signal]));
      return answer.status !== OCF.success && late.signal.aborted ? { ...answer, reason: `it was not started within ${formatDuration(limit)}` } : answer;
    } finally {
      timer.cancel();
    }
  }

  async #start(gone: AbortSignal | undefined): Promise<OcfAnswer> {
    await takeHold(this.spec, this.call, this.parts, false);
    const by = this.#by('start');
    const { controller, release } = await this.parts.control(by);
    try {
      const outcomes = gone?.aborted === true ? undefined : await startWhileWaited(controller, [this.spec.name], by, gone);
      if (outcomes === undefined) return GIVEN_UP;
      const answer = startAnswer(only(outcomes));
      if (answer.status === OCF.success) await noteStarted(this.spec, this.call, this.parts);
      return answer;
    } finally {
      release();
    }
  }

  /** By force at half of the time that the cluster gives. */
  async stop(): Promise<OcfAnswer> {
    const { spec, parts } = this;
    const by = this.#by('stop');
    const { controller, release } = await parts.control(by);
    const patience = Math.max(1, Math.floor(this.call.timeout / 2));
    const escalation = forceAfter(patience, spec, parts);
    try {
      const outcomes = await heldStop([spec.unit], parts, () => controller.stop({ names: [spec.name], by, hold: true, stopTimeout: Math.min(patience, spec.stopTimeout) }));
      const answer = stopAnswer(only(outcomes));
      if (answer.status === OCF.success && (await giveUpHold(spec, parts))) await parts.refresh();
      return answer;
    } finally {
      escalation.cancel();
      release();
    }
  }

  async monitor(): Promise<OcfAnswer> {
    const { spec, call } = this;
    const status = await this.#look();
    const answer = monitorAnswer(status, call.knowsDegraded);
    const runs = answer.status === OCF.success || answer.status === OCF.degraded;
    // The cluster found it running (a probe) and watches over it from now on.
    if (runs && !call.isProbe && status.owner !== 'cluster') await takeHold(spec, call, this.parts, true);
    if (!runs || call.level < 10) return answer;
    const sick = livenessAnswer([status]);
    if (sick !== undefined) return sick;
    const hook = call.parameter('deep_hook');
    if (call.level < 20 || hook === undefined) return answer;
    const deep = await this.parts.deepHook(hook, spec, Math.floor(call.timeout * 0.8));
    return deep.status === OCF.success ? answer : deep;
  }

  async isActive(): Promise<boolean> {
    const { status } = monitorAnswer(await this.#look(), true);
    return status === OCF.success || status === OCF.degraded;
  }

  async #look(): Promise<DaemonStatus> {
    const { controller, release } = await this.parts.reader();
    try {
      const [status] = await controller.status([this.spec.name]);
      if (status === undefined) throw new WatchkeeperError('INTERNAL', `cannot tell the state of ${this.spec.name}`, 'nobody knows it', 'watchkeeper reload');
      return status;
    } finally {
      release();
    }
  }

  #by(action: string): string {
    return `the cluster (${action} of resource ${this.call.resource})`;
  }
}

const GIVEN_UP: OcfAnswer = { status: OCF.generic, reason: 'the cluster no longer waits for the start' };

/** undefined: nobody waits for it any more; it is given up as far as it can be, and the stop that follows ends the rest. */
export function startWhileWaited(controller: Controller, names: readonly string[], by: string, gone: AbortSignal | undefined): Promise<readonly NamedOutcome[] | undefined> {
  return whileWaited(controller.start({ names, by, oneShotArguments: {}, tied: true, ...(gone === undefined ? {} : { abort: gone }) }), gone);
}

/** From now on nobody but the cluster restarts it. @throws WatchkeeperError */
export async function takeHold(spec: DaemonSpec, call: OcfCall, parts: Pick<ClusterDaemonParts, 'override' | 'holds' | 'refresh' | 'bootId' | 'clock'>, started: boolean): Promise<void> {
  // Called by hand, or by ocf-tester: there is no cluster that would restart it, or could be told.
  if (call.node === undefined) return;
  const known = parts.holds.read(spec.name);
  const hold: ClusterHold = { resource: call.resource, node: call.node, bootId: parts.bootId, started, at: Math.round(parts.clock.wall()), ...(parts.override === undefined ? {} : { unit: spec.unit }) };
  const isNew = known === undefined || !sameHold(known, hold) || known.started !== started;
  // First of all: an override that nobody holds is taken for one that was left.
  if (isNew) await patiently(parts.clock, 'what the cluster holds', parts.holds.write(spec.name, hold));
  await parts.override?.put(spec.unit, call.resource);
  if (isNew) await parts.refresh();
}

/** After a complete stop. @returns whether there was one. @throws WatchkeeperError */
export function giveUpHold({ name }: DaemonSpec, { holds, clock }: Pick<ClusterDaemonParts, 'holds' | 'clock'>): Promise<boolean> {
  return patiently(clock, 'that the cluster holds it no more', holds.remove(name));
}

/** SIGKILL when its patience is over, unless that is cancelled. @param patience ms */
export function forceAfter(patience: number, spec: DaemonSpec, { clock, kill, note }: Pick<ClusterDaemonParts, 'clock' | 'kill' | 'note'>): Timer {
  return clock.after(patience, () => {
    // The stop goes on, and says itself what comes of it.
    kill?.(spec).catch((error: unknown) => note(`cannot kill ${spec.name}: ${error instanceof Error ? error.message : String(error)}`));
  });
}

/** Where the watcher starts it, it knows when the start is over; of a unit's it has to be told. */
export async function noteStarted(spec: DaemonSpec, call: OcfCall, parts: ClusterDaemonParts): Promise<void> {
  if (parts.override !== undefined) await takeHold(spec, call, parts, true);
}

/** Of monitors of level 10. undefined: no liveness check fails. */
export function livenessAnswer(statuses: readonly DaemonStatus[]): OcfAnswer | undefined {
  for (const { name, health = [] } of statuses) {
    const sick = health.find(({ kind, state }) => kind === 'liveness' && state === 'unhealthy');
    if (sick !== undefined) return { status: OCF.generic, reason: `${name}: liveness check ${sick.name} fails: ${sick.last ?? 'no answer'}` };
  }
  return undefined;
}

export function only(outcomes: readonly { readonly outcome: Outcome }[]): Outcome {
  return outcomes[0]?.outcome ?? failed('internal', 'no outcome was told', 'watchkeeper events');
}

/** An error that ends a command, told to the cluster; @throws what is a bug of ours */
export async function answered(action: () => Promise<OcfAnswer>): Promise<OcfAnswer> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof WatchkeeperError) return errorAnswer(error.code, error.message);
    throw error;
  }
}
