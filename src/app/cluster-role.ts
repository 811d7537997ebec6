/**
 * A node's part in the group as a promotable resource: what the agent
 * `ocf:watchkeeper:role` does. Started, the daemons of the node role run;
 * promoted, those of the master role, too. All are held by the resource from its
 * start to its stop, so that nobody else starts a master role's daemon meanwhile.
 */
import { isUp, type DaemonStatus } from '../core/daemon-status.js';
import type { DaemonSpec } from '../core/daemon.js';
import { OCF, OCF_OK, startAnswer, stopAnswer, type OcfAnswer } from '../core/ocf.js';
import type { OcfCall } from '../core/ocf-call.js';
import { roleAnswer, scoreOf } from '../core/ocf-role.js';
import { inStartOrder } from '../core/order.js';
import type { PromotionScores } from '../ports/promotion-score.js';
import type { RoleRecords } from '../ports/role-records.js';
import { heldStop } from './held-stop.js';
import { forceAfter, giveUpHold, livenessAnswer, noteStarted, only, startWhileWaited, takeHold, type ClusterDaemonParts } from './cluster-daemon.js';

export interface ClusterRoleParts extends ClusterDaemonParts {
  readonly scores: PromotionScores;
  readonly records: RoleRecords;
}

export interface RoleDaemons {
  readonly node: readonly DaemonSpec[];
  /** Of the master role alone. */
  readonly master: readonly DaemonSpec[];
}

export class ClusterRole {
  constructor(
    private readonly daemons: RoleDaemons,
    private readonly call: OcfCall,
    private readonly parts: ClusterRoleParts,
  ) {}

  async start(): Promise<OcfAnswer> {
    for (const spec of this.#all) await takeHold(spec, this.call, this.parts, false);
    const answer = await this.#bringUp(this.daemons.node, 'start');
    if (answer.status === OCF.success) await this.#score(OCF_OK, await this.#look(this.daemons.node));
    return answer;
  }

  promote(): Promise<OcfAnswer> {
    return this.#bringUp(this.daemons.master, 'promote');
  }

  demote(): Promise<OcfAnswer> {
    return this.#takeDown(this.daemons.master, 'demote');
  }

  async stop(): Promise<OcfAnswer> {
    const { call, parts } = this;
    // Not weighed any more, whatever becomes of the stop.
    await this.#tellScore(undefined);
    parts.records.remove(call.resource);
    const answer = await this.#takeDown(this.#all, 'stop');
    if (answer.status !== OCF.success) return answer;
    const released = await Promise.all(this.#all.map((spec) => giveUpHold(spec, parts)));
    if (released.includes(true)) await parts.refresh();
    return answer;
  }

  async monitor(): Promise<OcfAnswer> {
    const { call, daemons } = this;
    const [node, master] = [await this.#look(daemons.node), await this.#look(daemons.master)];
    const answer = roleAnswer(node, master, call.knowsDegraded);
    if (call.isProbe) return answer;
    const runs = scoreOf(answer, node) !== undefined;
    if (runs) await this.#adopt([...node, ...master]);
    const sick = runs && call.level >= 10 ? livenessAnswer([...node, ...master]) : undefined;
    await this.#score(sick ?? answer, node);
    return sick ?? answer;
  }

  /** The cluster found the role running (a probe), so that it never starts it, and watches over all of it from now on. */
  async #adopt(statuses: readonly DaemonStatus[]): Promise<void> {
    for (const spec of this.#all) {
      const status = statuses.find(({ name }) => name === spec.name);
      // Of a master role that nobody has promoted there is nothing that could be missing.
      if (status !== undefined && status.owner !== 'cluster') await takeHold(spec, this.call, this.parts, isUp(status.observed));
    }
  }

  get #all(): readonly DaemonSpec[] {
    return [...this.daemons.node, ...this.daemons.master];
  }

  /** One after the other: each was stopped with a hold, which ends for what is started by its own name alone. */
  async #bringUp(specs: readonly DaemonSpec[], action: string): Promise<OcfAnswer> {
    if (specs.length === 0) return OCF_OK;
    const { parts } = this;
    const by = this.#by(action);
    const { controller, release } = await parts.control(by);
    try {
      for (const { name } of inStartOrder(specs)) {
        const outcomes = parts.gone?.aborted === true ? undefined : await startWhileWaited(controller, [name], by, parts.gone);
        if (outcomes === undefined) return { status: OCF.generic, reason: `the cluster no longer waits for the ${action}` };
        const { status, reason } = startAnswer(only(outcomes));
        if (status !== OCF.success) return { status, reason: `${name}: ${reason ?? 'no reason was told'}` };
      }
      for (const spec of specs) await noteStarted(spec, this.call, parts);
      return OCF_OK;
    } finally {
      release();
    }
  }

  /** One after the other in reverse order, by force when half of the time that the cluster gives is over. */
  async #takeDown(specs: readonly DaemonSpec[], action: string): Promise<OcfAnswer> {
    const { parts, call } = this;
    const by = this.#by(action);
    const deadline = parts.clock.monotonic() + call.timeout / 2;
    const { controller, release } = await parts.control(by);
    try {
      const failures: string[] = [];
      for (const spec of [...inStartOrder(specs)].reverse()) {
        const patience = Math.max(1, Math.floor(deadline - parts.clock.monotonic()));
        const escalation = forceAfter(patience, spec, parts);
        try {
          const [stopped] = await heldStop([spec.unit], parts, () => controller.stop({ names: [spec.name], by, hold: true, stopTimeout: Math.min(patience, spec.stopTimeout) }));
          const { status, reason } = stopped === undefined ? OCF_OK : stopAnswer(stopped.outcome);
          if (status !== OCF.success) failures.push(`${spec.name}: ${reason ?? 'it still runs'}`);
        } finally {
          escalation.cancel();
        }
      }
      return failures.length === 0 ? OCF_OK : { status: OCF.generic, reason: failures.join('; ') };
    } finally {
      release();
    }
  }

  async #look(specs: readonly DaemonSpec[]): Promise<readonly DaemonStatus[]> {
    if (specs.length === 0) return [];
    const { controller, release } = await this.parts.reader();
    try {
      return await controller.status(specs.map(({ name }) => name));
    } finally {
      release();
    }
  }

  /** Set while it is fit, withdrawn when it is not. */
  async #score(answer: OcfAnswer, node: readonly DaemonStatus[]): Promise<void> {
    const { call, parts, daemons } = this;
    const score = scoreOf(answer, node);
    if (score !== undefined && parts.records.read(call.resource)?.score === score) return;
    const told = await this.#tellScore(score);
    const names = (specs: readonly DaemonSpec[]): readonly string[] => specs.map(({ name }) => name);
    // What the cluster does not know yet is told by the next monitor.
    parts.records.write(call.resource, { score: told ? score : undefined, node: names(daemons.node), master: names(daemons.master) });
  }

  async #tellScore(score: number | undefined): Promise<boolean> {
    const { call, parts } = this;
    if (call.node === undefined) return false;
    const problem = await parts.scores.set(call.resource, call.node, score);
    if (problem !== undefined) parts.note(`the promotion score of ${call.resource} on ${call.node} could not be ${score === undefined ? 'withdrawn' : 'set'}: ${problem}`);
    return problem === undefined;
  }

  #by(action: string): string {
    return `the cluster (${action} of resource ${this.call.resource})`;
  }
}
