/**
 * The watcher where it is the restart owner: adopts what runs, starts the group
 * in order, keeps it up, and carries out what `daemon-util` asks of it.
 */
import type { Catalogue } from '../core/catalogue.js';
import type { DaemonStatus } from '../core/daemon-status.js';
import type { DaemonSpec } from '../core/daemon.js';
import { isAlive } from '../core/observation.js';
import { orderForStart } from '../core/order.js';
import { failed, ok, type Outcome } from '../core/outcome.js';
import { initialSupervision, NO_MEMORY } from '../core/supervision.js';
import type { SupervisionEvent } from '../core/supervision-state.js';
import type { Controller, ControlRequest, NamedOutcome, Progress, StartControlRequest, StopControlRequest } from '../ports/controller.js';
import type { Journal } from '../ports/journal.js';
import type { PauseStore } from '../ports/pause-store.js';
import type { Runner } from '../ports/runner.js';
import type { StateBoard } from '../ports/state-board.js';
import type { DesiredStateStore } from '../ports/store.js';
import { startInOrder, stopInOrder } from './ordered-start.js';
import { catalogueChanges, type CatalogueChange } from '../core/catalogue-change.js';
import { SetupGate } from './setup-gate.js';
import type { SupervisedDaemon, SupervisionPorts } from './supervised-daemon.js';
import { Supervisor } from './supervisor.js';
import { fullStatus, supervisionStatus } from './supervision-status.js';
import { Pauses } from './pauses.js';
import { Wishes } from './wishes.js';

export interface WatcherParts extends SupervisionPorts {
  readonly runner: Runner;
  readonly desired: DesiredStateStore;
  readonly board: StateBoard;
  readonly journal: Journal;
  readonly bootId: string;
  readonly pauses: PauseStore;
}

export class Watcher implements Controller {
  readonly via = 'watcher';
  readonly #supervisor: Supervisor;
  readonly #setup: SetupGate;
  readonly #wishes: Wishes;
  readonly #pauses: Pauses;
  #catalogue: Catalogue;

  constructor(
    catalogue: Catalogue,
    private readonly parts: WatcherParts,
  ) {
    this.#catalogue = catalogue;
    this.#pauses = new Pauses(parts.pauses, parts.clock, () => this.#tellPauses());
    this.#wishes = new Wishes(parts.desired, parts.clock, parts.bootId);
    this.#setup = new SetupGate(catalogue.group.setup, parts.runner);
    this.#supervisor = new Supervisor(
      parts,
      {
        changed: (daemon) => this.#publish(daemon),
        announced: (daemon, { news, reason, delay }) =>
          parts.journal.append({ at: parts.clock.wall(), daemon: daemon.spec.name, news, reason, delay }),
      },
      this.#setup,
      catalogue.group.notMasterExitStatus,
    );
  }

  /** Takes over what already runs. Starts nothing: afterwards questions can be answered. */
  async adopt(): Promise<void> {
    for (const spec of this.#catalogue.daemons) this.#supervise(spec);
    this.#supervisor.settleDependencies();
    this.refresh();
    await this.#adoptRunning(this.#catalogue.daemons);
  }

  /** Starts, in order, what is wanted up and was not found running. */
  async startGroup(): Promise<readonly NamedOutcome[]> {
    const missing = this.#ordered(this.#catalogue.daemons).filter((spec) => {
      const daemon = this.#supervisor.get(spec.name);
      return daemon !== undefined && daemon.process === undefined;
    });
    return startInOrder(missing, {
      clock: this.parts.clock,
      stopAtFirstFailure: false,
      startOne: (spec) => {
        const daemon = this.#supervisor.get(spec.name);
        if (daemon?.state.phase.kind !== 'stopped') return Promise.resolve(ok(false, 'somebody was quicker'));
        const event: SupervisionEvent = { kind: 'absent', reason: 'the watcher starts what is wanted up' };
        if (daemon.state.desired === 'down') {
          this.#supervisor.send(spec.name, { kind: 'absent', reason: this.#wishes.now(spec).reason });
          return Promise.resolve(ok(false, 'wanted down'));
        }
        return this.#supervisor.ask(spec.name, event, 'up');
      },
    });
  }

  async start(request: StartControlRequest, progress?: Progress): Promise<readonly NamedOutcome[]> {
    this.#setup.renew();
    return startInOrder(this.#select(request.names), {
      clock: this.parts.clock,
      stopAtFirstFailure: true,
      progress,
      startOne: (spec) => this.#bringUp(spec, request),
    });
  }

  async stop(request: StopControlRequest, progress?: Progress): Promise<readonly NamedOutcome[]> {
    const specs = this.#select(request.names);
    for (const spec of specs) this.#wishes.want(spec, 'down', request.by, request.hold);
    return stopInOrder(specs, { clock: this.parts.clock, progress, stopOne: (spec) => this.#bringDown(spec, request.by) });
  }

  async restart(request: StartControlRequest, progress?: Progress): Promise<readonly NamedOutcome[]> {
    const specs = this.#select(request.names);
    const [only] = specs;
    if (only === undefined || specs.length > 1) {
      const stopped = await stopInOrder(specs, { clock: this.parts.clock, stopOne: (spec) => this.#bringDown(spec, request.by) });
      const failures = stopped.filter(({ outcome }) => outcome.kind === 'failed');
      for (const failure of failures) progress?.(failure);
      // What did not stop still runs; what did stop must not stay down because of it.
      const names = specs.map(({ name }) => name).filter((name) => !failures.some((failure) => failure.name === name));
      return [...failures, ...(await this.start({ ...request, names }, progress))];
    }
    this.#wishes.want(only, 'up', request.by);
    this.#setup.renew();
    return startInOrder([only], {
      clock: this.parts.clock,
      stopAtFirstFailure: true,
      progress,
      startOne: (spec) => {
        const oneShotArguments = request.oneShotArguments[spec.name] ?? [];
        return this.#supervisor.ask(spec.name, { kind: 'restart', by: request.by, oneShotArguments }, 'up');
      },
    });
  }

  status(names: readonly string[]): Promise<readonly DaemonStatus[]> {
    const now = this.parts.clock.monotonic();
    const daemons = names.flatMap((name) => this.#supervisor.get(name) ?? []);
    return Promise.resolve(daemons.map((daemon) => fullStatus(daemon, this.parts.notifications, now)));
  }

  names(): readonly string[] {
    return this.#catalogue.daemons.map(({ name }) => name);
  }

  /** Of the daemons, each once. */
  outputFiles(): readonly string[] {
    return [...new Set(this.#catalogue.daemons.flatMap(({ outputFile }) => outputFile ?? []))];
  }

  /**
   * Takes a new catalogue. What runs goes on as it was started; what is stopped
   * stays stopped; what is new waits for an explicit start.
   */
  async reload(catalogue: Catalogue): Promise<readonly CatalogueChange[]> {
    const changes = catalogueChanges(this.#catalogue, catalogue);
    this.#catalogue = catalogue;
    const added = catalogue.daemons.filter(({ name }) => this.#supervisor.get(name) === undefined);
    for (const spec of catalogue.daemons) this.#supervisor.replaceSpec(spec);
    for (const spec of added) this.#supervise(spec, 'new in the configuration; not started by a reload');
    for (const change of changes) {
      if (change.kind !== 'removed') continue;
      // Its process, if any, is left alone: nobody asked to stop it.
      this.#supervisor.remove(change.name);
      this.parts.board.withdraw(change.name);
    }
    this.#supervisor.settleDependencies();
    this.#tellPauses();
    await this.#adoptRunning(added);
    return changes;
  }

  /** Looks whether somebody paused something, or no longer does. */
  refresh(): void {
    this.#pauses.refresh();
  }

  /** The next attempt now, instead of when it is timed. */
  async retryNow(request: ControlRequest, progress?: Progress): Promise<readonly NamedOutcome[]> {
    return this.#nudge('retry-now', request, progress);
  }

  /** Failures on record are forgotten; what was slowed down or given up is tried again. */
  async reset(request: ControlRequest, progress?: Progress): Promise<readonly NamedOutcome[]> {
    return this.#nudge('reset', request, progress);
  }

  /** Leaves the daemons running: the next watcher adopts them. */
  release(): void {
    this.#pauses.release();
    this.#supervisor.release();
    this.parts.board.close();
  }

  /**
   * Stops all in reverse order without a word about what is wanted: the next
   * watcher starts them again.
   *
   * @param as what is to hold for a daemon when its turn comes: its stopTimeout, where time is short
   */
  async stopAll(by: string, as: (spec: DaemonSpec) => DaemonSpec = (spec) => spec): Promise<readonly NamedOutcome[]> {
    return stopInOrder(this.#ordered(this.#catalogue.daemons), {
      clock: this.parts.clock,
      stopOne: (spec) => {
        this.#supervisor.replaceSpec(as(spec));
        return this.#bringDown(spec, by);
      },
    });
  }

  async #bringUp(spec: DaemonSpec, request: StartControlRequest): Promise<Outcome> {
    const held = this.#wishes.heldBack(spec, request.names);
    if (held !== undefined) return held;
    const daemon = this.#supervisor.get(spec.name);
    if (daemon === undefined) return failed('internal', `${spec.name} is not supervised`, 'watchkeeper reload');
    this.#wishes.want(spec, 'up', request.by);
    const oneShotArguments = request.oneShotArguments[spec.name] ?? [];
    const event: SupervisionEvent = { kind: 'want-up', by: request.by, oneShotArguments };
    if (daemon.state.phase.kind === 'running') {
      this.#supervisor.send(spec.name, event);
      return ok(false, 'was running', daemon.process);
    }
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

  #nudge(kind: 'retry-now' | 'reset', { names, by }: ControlRequest, progress?: Progress): Promise<readonly NamedOutcome[]> {
    return startInOrder(this.#select(names), {
      clock: this.parts.clock,
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

  #tellPauses(): void {
    for (const daemon of this.#supervisor.daemons) {
      const reason = this.#pauses.reason(daemon.spec.name);
      if (reason !== daemon.state.paused) this.#supervisor.send(daemon.spec.name, { kind: 'paused', reason });
    }
  }

  async #adoptRunning(specs: readonly DaemonSpec[]): Promise<void> {
    const observations = await this.parts.manager.observe(specs);
    specs.forEach((spec, index) => {
      const observation = observations[index];
      if (observation?.process === undefined || !isAlive(observation)) return;
      this.#supervisor.send(spec.name, { kind: 'found', process: observation.process, reason: `was running: ${observation.reason}` });
    });
  }

  #supervise(spec: DaemonSpec, reason?: string): void {
    const state = initialSupervision(this.#wishes.now(spec).desired, this.parts.memory.read(spec.name) ?? NO_MEMORY);
    this.#supervisor.add(spec, reason === undefined ? state : { ...state, reason });
  }

  #publish(daemon: SupervisedDaemon): void {
    this.parts.board.publish(supervisionStatus(daemon.spec.name, daemon.state, this.parts.clock.monotonic()), daemon.process);
  }

  #select(names: readonly string[]): readonly DaemonSpec[] {
    const wanted = new Set(names);
    return this.#ordered(this.#catalogue.daemons.filter(({ name }) => wanted.has(name)));
  }

  #ordered(specs: readonly DaemonSpec[]): readonly DaemonSpec[] {
    const ordered = orderForStart(specs);
    // The configuration refused cycles before it came here.
    return ordered.ok ? ordered.sequence : specs;
  }
}
