/**
 * What the watcher does where a role comes or goes: keeps the daemons of a role
 * that is not held from starting by themselves, starts them when it is held, and
 * stops them when it is lost.
 */
import type { Catalogue } from '../core/catalogue.js';
import type { DaemonSpec } from '../core/daemon.js';
import { ok, saysNotMaster, type Outcome } from '../core/outcome.js';
import { withheldReason, type RoleAnswer } from '../core/role.js';
import type { Clock } from '../ports/clock.js';
import type { NamedOutcome } from '../ports/controller.js';
import { startInOrder, stopInOrder } from './ordered-start.js';
import type { SetupGate } from './setup-gate.js';
import type { Supervisor } from './supervisor.js';

const TAKING_OVER = 'this node has just got its role; the cluster may start it itself (startAfter)';

export interface RoleDutyParts {
  readonly supervisor: Supervisor;
  readonly setup: SetupGate;
  readonly roles: { answer(role: string): RoleAnswer };
  readonly clock: Clock;
  /** The one in force. */
  readonly catalogue: () => Catalogue;
  /** In start order. */
  readonly ordered: (specs: readonly DaemonSpec[]) => readonly DaemonSpec[];
}

export class RoleDuty {
  #groupStarted = false;

  constructor(private readonly parts: RoleDutyParts) {}

  /** Why nothing but an operator's word may start it; undefined: nothing is known against it. */
  withheld(spec: DaemonSpec): string | undefined {
    return withheldReason(spec, this.parts.catalogue().group.roles, (role) => this.parts.roles.answer(role));
  }

  /** From now on a role that comes is acted upon; before, the group's start does it, in its order. */
  groupStarts(): void {
    this.#groupStarted = true;
  }

  /** An answer whether this node holds a role is another one now. */
  answered(): void {
    const { supervisor } = this.parts;
    for (const { spec, state } of supervisor.daemons) {
      const withheld = this.withheld(spec);
      const gained = withheld === undefined && state.withheld !== undefined;
      const rests = state.phase.kind === 'waiting' || state.phase.kind === 'stopped';
      // What runs is not waited with: should it die, it comes back.
      if (gained && rests && this.#groupStarted) supervisor.send(spec.name, { kind: 'role', withheld: TAKING_OVER, settling: true });
      else if (withheld !== state.withheld) supervisor.send(spec.name, { kind: 'role', withheld, settling: false });
    }
  }

  /** The role is held, and the cluster's own software had time to start its daemons: now it is our turn. */
  async takeUp(role: string): Promise<readonly NamedOutcome[]> {
    const { supervisor, setup, clock, ordered } = this.parts;
    const specs = this.#members(role).filter((spec) => this.withheld(spec) === undefined);
    if (!this.#groupStarted) return [];
    for (const { name } of specs) supervisor.send(name, { kind: 'role', withheld: undefined, settling: false });
    setup.renew();
    return startInOrder(ordered(specs), { clock, stopAtFirstFailure: false, startOne: (spec) => this.#takeUpOne(spec, role) });
  }

  /**
   * The role is held all the time. A daemon that ended with "not master" all the
   * same found its cluster in disorder, e.g. too few nodes up for a vote: it is
   * tried again, slowly.
   */
  async confirm(role: string): Promise<void> {
    const { supervisor, clock, ordered } = this.parts;
    const denied = this.#members(role).filter((spec) => {
      const state = supervisor.get(spec.name)?.state;
      return state?.phase.kind === 'stopped' && state.desired === 'up' && saysNotMaster(state.reason) && this.withheld(spec) === undefined;
    });
    await startInOrder(ordered(denied), { clock, stopAtFirstFailure: false, startOne: (spec) => this.#takeUpOne(spec, role) });
  }

  /** The daemons that `layDown` would stop now: none where they are to be left. */
  toLayDown(role: string): readonly string[] {
    const stops = this.parts.catalogue().group.roles.find(({ name }) => name === role)?.source?.whenLost === 'stop';
    return stops ? this.#members(role).filter((spec) => this.withheld(spec) !== undefined).map(({ name }) => name) : [];
  }

  /** The role is lost, and whoever else may stop its daemons had time to do so. They stay wanted up. */
  async layDown(role: string): Promise<void> {
    const { clock, ordered } = this.parts;
    const names = new Set(this.toLayDown(role));
    const specs = ordered(this.#members(role).filter(({ name }) => names.has(name)));
    await stopInOrder(specs, { clock, stopOne: (spec) => this.#layDownOne(spec, role) });
  }

  #members(role: string): readonly DaemonSpec[] {
    return this.parts.catalogue().daemons.filter((spec) => spec.roles.includes(role));
  }

  #takeUpOne(spec: DaemonSpec, role: string): Promise<Outcome> {
    const { supervisor } = this.parts;
    const state = supervisor.get(spec.name)?.state;
    if (state === undefined || state.desired === 'down') return Promise.resolve(ok(false, 'wanted down'));
    if (state.phase.kind === 'running') return Promise.resolve(ok(false, 'was running', state.phase.process));
    // Where it starts already, as what it requires is ready, this only waits for it.
    return supervisor.ask(spec.name, { kind: 'role-gained', by: `this node holds the role ${role}` }, 'up');
  }

  async #layDownOne(spec: DaemonSpec, role: string): Promise<Outcome> {
    const { supervisor } = this.parts;
    const state = supervisor.get(spec.name)?.state;
    // The role may be back by now.
    if (state?.withheld === undefined) return ok(false, 'it belongs here');
    // It stays wanted up; this answers once it waits for the role.
    return supervisor.ask(spec.name, { kind: 'role-lost', by: `the role ${role} is lost: ${state.withheld}` }, 'up');
  }
}
