/** Starts and stops as somebody asks for them, where the watcher is the restart owner. */
import type { DaemonSpec } from '../core/daemon.js';
import type { DesiredRecord } from '../core/desired-state.js';
import { orderForStart } from '../core/order.js';
import { failed, ok, type Outcome } from '../core/outcome.js';
import type { SupervisionEvent } from '../core/supervision-state.js';
import type { Clock } from '../ports/clock.js';
import type { ControlRequest, NamedOutcome, Progress, StartControlRequest, StopControlRequest } from '../ports/controller.js';
import { startInOrder, stopInOrder } from './ordered-start.js';
import { BY_NOBODY, startedSince, stoppedSince } from './overtaken.js';
import type { SetupGate } from './setup-gate.js';
import type { Supervisor } from './supervisor.js';
import type { Wishes } from './wishes.js';

/** What a start of many was asked for, as it was written down when it began. */
interface Intent {
  /** Why some are left alone. */
  readonly held: ReadonlyMap<DaemonSpec, Outcome>;
  /** By name, what was on record before of what that has changed. */
  readonly before: ReadonlyMap<string, DesiredRecord | undefined>;
}

export class SupervisedControl {
  readonly #supervisor: Supervisor;
  readonly #wishes: Wishes;
  readonly #setup: SetupGate;
  /** All is stopped for good: what was asked for before, and has waited for the disk since, comes too late. */
  #isOver = false;

  /** @param daemons of the catalogue as it is now, in its order */
  constructor(
    parts: { readonly supervisor: Supervisor; readonly wishes: Wishes; readonly setup: SetupGate },
    private readonly clock: Clock,
    private readonly daemons: () => readonly DaemonSpec[],
  ) {
    this.#supervisor = parts.supervisor;
    this.#wishes = parts.wishes;
    this.#setup = parts.setup;
  }

  async start(request: StartControlRequest, progress?: Progress): Promise<readonly NamedOutcome[]> {
    const specs = this.#select(request.names);
    return this.#startIntended(specs, await this.#intend(specs, request), request, progress);
  }

  async stop(request: StopControlRequest, progress?: Progress): Promise<readonly NamedOutcome[]> {
    const specs = this.#select(request.names);
    const emphasis = { hold: request.hold, whole: specs.length > 1 && specs.length === this.daemons().length, asker: request.asker };
    const isWish = request.unrecorded !== true;
    if (isWish) await this.#wishes.want(specs, 'down', request.by, emphasis);
    const overtaken = isWish ? startedSince(this.#wishes) : BY_NOBODY;
    return stopInOrder(specs, {
      clock: this.clock,
      progress,
      stopOne: async (spec) => overtaken(spec) ?? (await this.#bringDownWithin(spec, request)),
    });
  }

  async restart(request: StartControlRequest, progress?: Progress): Promise<readonly NamedOutcome[]> {
    const specs = this.#select(request.names);
    const [only] = specs;
    if (only === undefined || specs.length > 1) {
      const intent = await this.#intend(specs, request);
      const stopped = await stopInOrder(specs, { clock: this.clock, stopOne: (spec) => this.#bringDown(spec, request.by) });
      const failures = stopped.filter(({ outcome }) => outcome.kind === 'failed');
      for (const failure of failures) progress?.(failure);
      // What did not stop still runs; what did stop must not stay down because of it.
      for (const { name } of failures) specs.filter((spec) => spec.name === name).forEach((spec) => this.#wantAgain(spec, request.by));
      const down = specs.filter(({ name }) => !failures.some((failure) => failure.name === name));
      return [...failures, ...(await this.#startIntended(down, intent, request, progress))];
    }
    await this.#wishes.want([only], 'up', request.by);
    this.#setup.renew();
    return startInOrder([only], {
      clock: this.clock,
      stopAtFirstFailure: true,
      progress,
      startOne: async (spec) => {
        const oneShotArguments = request.oneShotArguments[spec.name] ?? [];
        return this.#tooLate(spec) ?? this.#supervisor.ask(spec.name, { kind: 'restart', by: request.by, oneShotArguments }, 'up');
      },
    });
  }

  /**
   * Goes on with stops that whoever began them did not live to finish: they stand as
   * written, and what they were to end runs on. Not while somebody has it paused, or
   * the cluster holds it, which asks again.
   */
  finishStops(): Promise<readonly NamedOutcome[]> {
    const all = this.daemons();
    const unfinished = this.ordered(all).filter((spec) => {
      const daemon = this.#supervisor.get(spec.name);
      if (daemon?.process === undefined || daemon.state.paused !== undefined || daemon.state.held !== undefined) return false;
      return daemon.state.desired === 'down' && this.#wishes.isUnfinished(spec, daemon.process, all);
    });
    return stopInOrder(unfinished, { clock: this.clock, stopOne: async (spec) => startedSince(this.#wishes)(spec) ?? (await this.#bringDown(spec, `${this.#wishes.now(spec).reason}; that was cut off, and is finished now`)) });
  }

  /** The next attempt now, instead of when it is timed. */
  async retryNow(request: ControlRequest, progress?: Progress): Promise<readonly NamedOutcome[]> {
    return this.#nudge('retry-now', request, progress);
  }

  /** Failures on record are forgotten; what was slowed down or given up is tried again. */
  async reset(request: ControlRequest, progress?: Progress): Promise<readonly NamedOutcome[]> {
    return this.#nudge('reset', request, progress);
  }

  /**
   * Stops all in reverse order without a word about what is wanted: the next
   * watcher starts them again.
   *
   * @param as what is to hold for a daemon when its turn comes: its stopTimeout, where time is short
   */
  async stopAll(by: string, as?: (spec: DaemonSpec) => DaemonSpec): Promise<readonly NamedOutcome[]> {
    this.#isOver = true;
    this.#supervisor.hurried = as !== undefined;
    return stopInOrder(this.ordered(this.daemons()), {
      clock: this.clock,
      stopOne: (spec) => {
        if (as !== undefined) this.#supervisor.replaceSpec(as(spec));
        return this.#bringDown(spec, by);
      },
    });
  }

  /** In start order. The configuration refused cycles before it came here. */
  ordered(specs: readonly DaemonSpec[]): readonly DaemonSpec[] {
    const ordered = orderForStart(specs);
    return ordered.ok ? ordered.sequence : specs;
  }

  /** The whole intent first: whoever takes over from us in between goes on with it. */
  async #intend(specs: readonly DaemonSpec[], { names, by }: StartControlRequest): Promise<Intent> {
    const held = new Map<DaemonSpec, Outcome>();
    // Judged when its turn has come: somebody may put a hold on one while we wait for the disk.
    const before = await this.#wishes.want(specs, 'up', by, {}, (spec, known) => {
      const why = this.#wishes.heldBack(spec, names, known);
      if (why !== undefined) held.set(spec, why);
      return why !== undefined;
    });
    return { held, before };
  }

  async #startIntended(specs: readonly DaemonSpec[], { held, before }: Intent, request: StartControlRequest, progress?: Progress): Promise<readonly NamedOutcome[]> {
    this.#setup.renew();
    const free = specs.filter((spec) => !held.has(spec));
    this.#handOut(free, request);
    try {
      const outcomes = await startInOrder(specs, {
        clock: this.clock,
        stopAtFirstFailure: true,
        progress,
        startOne: async (spec) => held.get(spec) ?? this.#tooLate(spec) ?? (await this.#bringUp(spec, request)),
      });
      // What was not tried after a failure is wanted as before.
      for (const spec of free) {
        if (outcomes.some(({ name }) => name === spec.name)) continue;
        await this.#wishes.recall(spec, before.get(spec.name), request.by);
        this.#wantAgain(spec, request.by);
      }
      return outcomes;
    } finally {
      // What still waits starts who knows when: without them.
      this.#handOut(free, { ...request, oneShotArguments: {} });
    }
  }

  #tooLate(spec: DaemonSpec): Outcome | undefined {
    return this.#isOver ? failed('canceled', 'the watcher has stopped all, and ends', 'the same once the next watcher runs') : stoppedSince(this.#wishes)(spec);
  }

  /** For a restart of many, which has stopped it: what is wanted up must not stay down because of others. */
  #wantAgain(spec: DaemonSpec, by: string): void {
    if (this.#wishes.now(spec).desired === 'up' && this.#supervisor.get(spec.name)?.state.desired === 'down') this.#supervisor.send(spec.name, { kind: 'want-up', by, oneShotArguments: [] });
  }

  /**
   * One that waits for another of the same request starts as soon as that is
   * ready, before its turn comes: its arguments must be there by then.
   */
  #handOut(specs: readonly DaemonSpec[], request: StartControlRequest): void {
    for (const spec of specs) {
      const daemon = this.#supervisor.get(spec.name);
      if (daemon?.state.phase.kind !== 'waiting' || daemon.state.unmet.length === 0) continue;
      const oneShotArguments = request.oneShotArguments[spec.name] ?? [];
      if (oneShotArguments.length === 0 && daemon.state.oneShotArguments.length === 0) continue;
      this.#supervisor.send(spec.name, { kind: 'want-up', by: request.by, oneShotArguments });
    }
  }

  async #bringUp(spec: DaemonSpec, request: StartControlRequest): Promise<Outcome> {
    const daemon = this.#supervisor.get(spec.name);
    if (daemon === undefined) return failed('internal', `${spec.name} is not supervised`, 'watchkeeper reload');
    const oneShotArguments = request.oneShotArguments[spec.name] ?? [];
    const event: SupervisionEvent = { kind: 'want-up', by: request.by, oneShotArguments };
    if (daemon.state.phase.kind === 'running') {
      this.#supervisor.send(spec.name, event);
      if (daemon.state.reason === request.by) return ok(true, 'started as soon as what it requires was ready', daemon.process);
      return ok(false, 'was running', daemon.process);
    }
    const lacksThem = oneShotArguments.length > 0 && daemon.oneShotArguments.join('\0') !== oneShotArguments.join('\0');
    // Its process has begun without them, and would come up so.
    if (daemon.state.phase.kind === 'starting' && lacksThem) return this.#supervisor.ask(spec.name, { ...event, kind: 'restart' }, 'up');
    return this.#supervisor.ask(spec.name, event, 'up');
  }

  async #bringDown(spec: DaemonSpec, by: string): Promise<Outcome> {
    const daemon = this.#supervisor.get(spec.name);
    if (daemon === undefined) return ok(false, 'was not supervised');
    const event: SupervisionEvent = { kind: 'want-down', by };
    if (daemon.state.phase.kind !== 'stopped') return this.#supervisor.ask(spec.name, event, 'down');
    this.#supervisor.send(spec.name, event);
    return ok(false, 'was stopped');
  }

  async #bringDownWithin(spec: DaemonSpec, { by, stopTimeout }: StopControlRequest): Promise<Outcome> {
    if (stopTimeout === undefined) return this.#bringDown(spec, by);
    this.#supervisor.replaceSpec({ ...spec, stopTimeout });
    try {
      return await this.#bringDown(spec, by);
    } finally {
      const now = this.daemons().find(({ name }) => name === spec.name);
      if (now !== undefined) this.#supervisor.replaceSpec(now);
    }
  }

  #nudge(kind: 'retry-now' | 'reset', { names, by }: ControlRequest, progress?: Progress): Promise<readonly NamedOutcome[]> {
    return startInOrder(this.#select(names), {
      clock: this.clock,
      stopAtFirstFailure: false,
      progress,
      startOne: (spec) => {
        const daemon = this.#supervisor.get(spec.name);
        if (daemon === undefined) return Promise.resolve(failed('internal', `${spec.name} is not supervised`, 'watchkeeper reload'));
        if (daemon.state.desired === 'up') return this.#supervisor.ask(spec.name, { kind, by }, 'up');
        this.#supervisor.send(spec.name, { kind, by });
        return Promise.resolve(ok(false, `wanted down: ${daemon.state.reason}`));
      },
    });
  }

  #select(names: readonly string[]): readonly DaemonSpec[] {
    const wanted = new Set(names);
    return this.ordered(this.daemons().filter(({ name }) => wanted.has(name)));
  }
}
