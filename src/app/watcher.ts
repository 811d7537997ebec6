/**
 * The watcher where it is the restart owner: adopts what runs, starts the group
 * in order, keeps it up, and carries out what `daemon-util` asks of it.
 */
import type { Catalogue } from '../core/catalogue.js';
import { heldReason } from '../core/cluster-hold.js';
import type { ClusterReport } from '../core/cluster-report.js';
import type { DaemonStatus } from '../core/daemon-status.js';
import type { DaemonSpec } from '../core/daemon.js';
import { isAlive } from '../core/observation.js';
import { ok } from '../core/outcome.js';
import type { RoleAnswer } from '../core/role.js';
import { sameProcess, type ProcessIdentity } from '../core/process-identity.js';
import { initialSupervision, NO_MEMORY } from '../core/supervision.js';
import type { SupervisionEvent } from '../core/supervision-state.js';
import type { Controller, ControlRequest, NamedOutcome, Progress, StartControlRequest, StopControlRequest } from '../ports/controller.js';
import type { Journal } from '../ports/journal.js';
import type { PauseStore } from '../ports/pause-store.js';
import type { ClusterHoldStore } from '../ports/cluster-hold-store.js';
import type { ClusterInformant } from '../ports/cluster-informant.js';
import type { Log } from '../ports/log.js';
import type { Runner } from '../ports/runner.js';
import type { StateBoard } from '../ports/state-board.js';
import type { DesiredStateStore } from '../ports/store.js';
import { ClusterHolds } from './cluster-holds.js';
import { ClusterReports } from './cluster-reports.js';
import { startInOrder } from './ordered-start.js';
import { catalogueChanges, type CatalogueChange } from '../core/catalogue-change.js';
import { RoleDuty } from './role-duty.js';
import { SetupGate } from './setup-gate.js';
import type { SupervisedDaemon } from './supervised-daemon.js';
import type { SupervisionPorts } from './supervision-ports.js';
import { SupervisedControl } from './supervised-control.js';
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
  readonly roles: { answer(role: string): RoleAnswer };
  readonly holds: ClusterHoldStore;
  readonly informant: ClusterInformant;
  readonly log: Log;
}

export class Watcher implements Controller {
  readonly via = 'watcher';
  readonly #supervisor: Supervisor;
  readonly #control: SupervisedControl;
  readonly #setup: SetupGate;
  readonly #wishes: Wishes;
  readonly #pauses: Pauses;
  readonly roles: RoleDuty;
  readonly #holds: ClusterHolds;
  readonly #reports: ClusterReports;
  #catalogue: Catalogue;

  constructor(
    catalogue: Catalogue,
    private readonly parts: WatcherParts,
  ) {
    this.#catalogue = catalogue;
    this.#pauses = new Pauses(parts.pauses, parts.clock, () => this.#tellPauses());
    this.#holds = new ClusterHolds(parts.holds, () => this.names(), () => this.#tellHolds());
    this.#reports = new ClusterReports({ ...parts, hold: (name) => this.#holds.of(name), outdated: (name, process) => this.#outdated(name, process) });
    this.#wishes = new Wishes(parts.desired, parts.clock, parts.bootId, true);
    this.#setup = new SetupGate(() => this.#catalogue.group.setup, parts.runner);
    this.#supervisor = new Supervisor(
      parts,
      {
        changed: (daemon) => this.#publish(daemon),
        announced: (daemon, { news, reason, delay }, at) => parts.journal.append({ at, daemon: daemon.spec.name, news, reason, delay }),
        tellCluster: (daemon, process, reason) => this.#reports.tell(daemon.spec.name, process, reason),
      },
      this.#setup,
      () => this.#catalogue.group.notMasterExitStatus,
    );
    const parties = { supervisor: this.#supervisor, wishes: this.#wishes, setup: this.#setup };
    this.#control = new SupervisedControl(parties, parts.clock, () => this.#catalogue.daemons);
    this.roles = new RoleDuty({
      supervisor: this.#supervisor,
      setup: this.#setup,
      roles: parts.roles,
      clock: parts.clock,
      catalogue: () => this.#catalogue,
      ordered: (specs) => this.#control.ordered(specs),
    });
  }

  /** Takes over what already runs. Starts nothing: afterwards questions can be answered. */
  async adopt(): Promise<void> {
    for (const spec of this.#catalogue.daemons) this.#supervise(spec);
    this.#supervisor.settleDependencies();
    this.refresh();
    await this.#adoptRunning(this.#catalogue.daemons);
  }

  /** Starts, in order, what is wanted up and was not found running. Does not wait for stops that it goes on with. */
  async startGroup(): Promise<readonly NamedOutcome[]> {
    this.roles.groupStarts();
    void this.#control.finishStops();
    const missing = this.#control.ordered(this.#catalogue.daemons).filter((spec) => {
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

  start(request: StartControlRequest, progress?: Progress): Promise<readonly NamedOutcome[]> {
    return this.#control.start(request, progress);
  }

  stop(request: StopControlRequest, progress?: Progress): Promise<readonly NamedOutcome[]> {
    return this.#control.stop(request, progress);
  }

  restart(request: StartControlRequest, progress?: Progress): Promise<readonly NamedOutcome[]> {
    return this.#control.restart(request, progress);
  }

  retryNow(request: ControlRequest, progress?: Progress): Promise<readonly NamedOutcome[]> {
    return this.#control.retryNow(request, progress);
  }

  reset(request: ControlRequest, progress?: Progress): Promise<readonly NamedOutcome[]> {
    return this.#control.reset(request, progress);
  }

  stopAll(by: string, as?: (spec: DaemonSpec) => DaemonSpec): Promise<readonly NamedOutcome[]> {
    return this.#control.stopAll(by, as);
  }

  status(names: readonly string[]): Promise<readonly DaemonStatus[]> {
    const now = this.parts.clock.monotonic();
    const daemons = names.flatMap((name) => this.#supervisor.get(name) ?? []);
    const statuses = daemons.map((daemon) => fullStatus(daemon, this.parts.notifications, now));
    return Promise.resolve(this.#wishes.told(statuses, this.#catalogue.daemons));
  }

  names(): readonly string[] {
    return this.#catalogue.daemons.map(({ name }) => name);
  }

  readonly clusterReports = (): readonly ClusterReport[] => this.#reports.list();

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
    this.roles.answered();
    this.#tellPauses();
    this.#holds.refresh();
    this.#tellHolds();
    await this.#adoptRunning(added);
    return changes;
  }

  /** Looks whether somebody paused something, or no longer does, and what the cluster holds. */
  refresh(): void {
    this.#holds.refresh();
    this.#pauses.refresh();
  }

  /** Leaves the daemons running: the next watcher adopts them. */
  release(): void {
    this.#pauses.release();
    this.#reports.release();
    this.#supervisor.release();
    this.parts.board.close();
  }

  #tellPauses(): void {
    for (const daemon of this.#supervisor.daemons) {
      const reason = this.#pauses.reason(daemon.spec.name);
      if (reason !== daemon.state.paused) this.#supervisor.send(daemon.spec.name, { kind: 'paused', reason });
    }
  }

  #tellHolds(): void {
    for (const daemon of this.#supervisor.daemons) {
      const hold = this.#holds.of(daemon.spec.name);
      const reason = hold === undefined ? undefined : heldReason(hold);
      if (reason !== daemon.state.held) this.#supervisor.send(daemon.spec.name, { kind: 'held', reason });
    }
  }

  #outdated(name: string, process: ProcessIdentity | undefined): string | undefined {
    const daemon = this.#supervisor.get(name);
    if (daemon?.state.desired !== 'up') return 'it was stopped on purpose';
    const now = daemon.process;
    if (now === undefined || (process !== undefined && sameProcess(now, process))) return undefined;
    return `pid ${now.pid} has taken its place`;
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
    const fresh = initialSupervision(this.#wishes.now(spec).desired, this.parts.memory.read(spec.name) ?? NO_MEMORY);
    const state = { ...fresh, withheld: this.roles.withheld(spec) };
    this.#supervisor.add(spec, reason === undefined ? state : { ...state, reason });
  }

  #publish(daemon: SupervisedDaemon): void {
    this.parts.board.publish(supervisionStatus(daemon.spec.name, daemon.state, this.parts.clock.monotonic()), daemon.process);
  }
}
