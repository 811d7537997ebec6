/**
 * Tells hooks that this node takes up a role, or lays it down, whoever carries
 * it out: `role-start` after all of its daemons are ready, `role-stop` before
 * the first of them is stopped – and waits for that one, as what depends on the
 * role must go before it does, but no longer than the hooks' own time-outs.
 */
import type { Catalogue } from '../core/catalogue.js';
import type { DaemonStatus } from '../core/daemon-status.js';
import type { HookEvent } from '../core/hook.js';
import { rolesStarted, rolesStopping, type RoleChange } from '../core/role-change.js';
import type { Clock } from '../ports/clock.js';
import type { Controller, NamedOutcome, Progress, StartControlRequest, StopControlRequest } from '../ports/controller.js';
import type { Hooks } from './hooks.js';
import { within } from './within.js';

export interface RoleEventsParts {
  readonly catalogue: () => Catalogue;
  readonly hooks: Pick<Hooks, 'announce' | 'select'>;
  readonly status: (names: readonly string[]) => Promise<readonly DaemonStatus[]>;
  readonly clock: Clock;
}

export class RoleEvents {
  constructor(private readonly parts: RoleEventsParts) {}

  /** After a start; settles when the hooks have run. */
  async started(names: readonly string[], outcomes: readonly NamedOutcome[], by: string): Promise<void> {
    if (outcomes.length === 0 || !this.#anybodyListens('role-start')) return;
    const roles = rolesStarted(this.parts.catalogue(), names, outcomes, await this.parts.status(names));
    await Promise.all(roles.map((role) => this.#announce('role-start', role, `started by ${by}`)));
  }

  /** @param limit ms; at most so long the hooks are waited for, whatever their time-outs */
  async stopping(names: readonly string[], by: string, limit = Infinity): Promise<void> {
    if (!this.#anybodyListens('role-stop')) return;
    const roles = rolesStopping(this.parts.catalogue(), names, await this.parts.status(names));
    await Promise.all(roles.map((role) => this.#announce('role-stop', role, `stopped by ${by}`, limit)));
  }

  /** Nobody pays for a look at the daemons that no hook asked for. */
  #anybodyListens(event: 'role-start' | 'role-stop'): boolean {
    return this.parts.catalogue().group.roles.some(({ name }) => this.parts.hooks.select({ event, daemon: null, role: name }).length > 0);
  }

  async #announce(kind: 'role-start' | 'role-stop', { role, members }: RoleChange, reason: string, limit = Infinity): Promise<void> {
    const { hooks, clock } = this.parts;
    const event: HookEvent = {
      event: kind, news: kind, id: null, at: clock.wall(), daemon: null, role, members, reason,
      pid: null, restarts: null, nextTryMs: null, observed: null, desired: null, test: false,
    };
    const longest = Math.max(0, ...hooks.select(event).map(({ timeout }) => timeout));
    await within(clock, Math.min(longest, limit), hooks.announce(event));
  }
}

/** @param waits whether a start is answered only after the hooks have run: for one who ends afterwards */
export function withRoleEvents(controller: Controller, events: RoleEvents, waits: boolean): Controller {
  return {
    via: controller.via,
    async start(request: StartControlRequest, progress?: Progress) {
      const outcomes = await controller.start(request, progress);
      const told = events.started(request.names, outcomes, request.by);
      if (waits) await told;
      return outcomes;
    },
    async stop(request: StopControlRequest, progress?: Progress) {
      await events.stopping(request.names, request.by);
      return controller.stop(request, progress);
    },
    restart: (request, progress) => controller.restart(request, progress),
    status: (names) => controller.status(names),
  };
}
