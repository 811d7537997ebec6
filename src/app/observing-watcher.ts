/**
 * The watcher where systemd is the restart owner: it follows the units, tells
 * what happens to them, and restarts nothing; but for the slow attempts that an
 * operator may have asked for (slow-retry.ts). Orders are carried out by the
 * given controller, which hands them to systemd.
 */
import type { Catalogue } from '../core/catalogue.js';
import { catalogueChanges, type CatalogueChange } from '../core/catalogue-change.js';
import type { ClusterReport } from '../core/cluster-report.js';
import type { DaemonStatus } from '../core/daemon-status.js';
import type { DaemonSpec } from '../core/daemon.js';
import type { Observation } from '../core/observation.js';
import { observedNews } from '../core/observed-news.js';
import { withheldReason } from '../core/role.js';
import type { Controller, ControlRequest, NamedOutcome, Progress, StartControlRequest, StopControlRequest } from '../ports/controller.js';
import type { Cancel } from '../ports/process-table.js';
import { directStatus } from './direct-status.js';
import { CaughtUp } from './caught-up.js';
import type { DriftWatch } from './drift-watch.js';
import { ObservedCluster } from './observed-cluster.js';
import { ObservedHealth } from './observed-health.js';
import { nudge } from './observed-nudge.js';
import type { ObservingPorts } from './observing-ports.js';
import { Recoveries } from './recoveries.js';
import { Sightings } from './sightings.js';
import type { SlowRetry } from './slow-retry.js';

export class ObservingWatcher implements Controller {
  readonly via = 'watcher';
  readonly #seen = new Sightings();
  #catalogue: Catalogue;
  #control: Controller;
  #following: Cancel | undefined;
  readonly #slowRetry: SlowRetry;
  readonly #drift: DriftWatch;
  readonly #health: ObservedHealth;
  readonly #recoveries: Recoveries;
  readonly #cluster: ObservedCluster;
  readonly #caughtUp: CaughtUp;

  constructor(
    catalogue: Catalogue,
    private readonly parts: ObservingPorts,
  ) {
    this.#catalogue = catalogue;
    this.#control = parts.control(catalogue);
    const seen = this.#seen.sure;
    this.#caughtUp = new CaughtUp(parts.clock, seen);
    this.#slowRetry = parts.slowRetry(seen, (name) => this.#cluster.reason(name) ?? parts.pauses.reason(name));
    this.#recoveries = new Recoveries(parts.clock, (name) => void this.#recovered(name));
    this.#drift = parts.drift(() => this.#catalogue);
    this.#cluster = new ObservedCluster({
      ...parts,
      names: () => this.names(),
      wanted: (name) => this.#catalogue.daemons.some((spec) => spec.name === name && parts.wishes.now(spec).desired === 'up'),
      seen,
      paused: (name) => parts.pauses.reason(name),
      changed: (name) => this.#catalogue.daemons.filter((spec) => spec.name === name).forEach((spec) => this.#consider(spec)),
    });
    this.#health = new ObservedHealth({
      checker: parts.health.checker,
      condemner: this.#cluster.condemner(parts.health.condemner),
      clock: parts.clock,
      paused: (name) => parts.pauses.reason(name),
      announce: (daemon, news, reason) => void parts.journal.append({ at: parts.clock.wall(), daemon, news, reason, delay: undefined }),
      changed: (name) => this.#catalogue.daemons.filter((spec) => spec.name === name).forEach((spec) => this.#publish(spec)),
    });
  }

  follow(): void {
    const { journal, log, clock } = this.parts;
    this.#following?.cancel();
    this.#cluster.refresh();
    this.#following = this.parts.observer.follow(this.#catalogue.daemons, {
      observed: (name, observation) => {
        const spec = this.#catalogue.daemons.find((daemon) => daemon.name === name);
        if (spec === undefined) return;
        const ground = { slowAttempts: spec.systemdRetry.enabled, notMaster: this.#catalogue.group.notMasterExitStatus };
        const news = observedNews(this.#seen.saw(name, observation), observation, ground);
        this.#caughtUp.look();
        this.#cluster.consider(name, observation);
        for (const item of news) {
          journal.append({ at: clock.wall(), daemon: name, ...item, delay: undefined });
          if (item.news === 'crash') this.#recoveries.failed(name);
          if (item.news === 'stopped') this.#recoveries.forget(name);
        }
        this.#recoveries.consider(spec, observation);
        this.#consider(spec);
        // Who waits for it may go on, or may not.
        for (const other of this.#catalogue.daemons) if (other.requires.includes(name)) this.#consider(other);
      },
      reloaded: () => this.#drift.look(),
      connection: (connected, reason) => {
        if (connected) {
          this.#seen.connected();
          log.info({ reason }, 'follows systemd over D-Bus');
          this.reconsider();
          return;
        }
        this.#slowRetry.suspend();
        this.#health.suspend();
        this.#recoveries.suspend();
        log.warn({ reason }, 'lost D-Bus; what is known may be old until it is back');
        this.#seen.lost();
        this.#caughtUp.look();
        // Readers must ask systemd itself while we can't see it.
        for (const { name } of this.#catalogue.daemons) this.parts.board.withdraw(name);
      },
    });
    this.#drift.look();
  }

  /** Why this node is not to run it; undefined: nothing is known against it. */
  withheld(name: string): string | undefined {
    const spec = this.#catalogue.daemons.find((daemon) => daemon.name === name);
    return spec && withheldReason(spec, this.#catalogue.group.roles, (role) => this.parts.roles.answer(role));
  }

  /** A role is held now, or is not. */
  rolesAnswered(): void {
    this.reconsider();
    for (const spec of this.#catalogue.daemons) if (spec.roles.length > 0) this.#publish(spec);
  }

  /** A pause has begun or ended, or a role is held or not. */
  reconsider(): void {
    for (const spec of this.#catalogue.daemons) if (this.#seen.now(spec.name)?.leftDown !== undefined || spec.health.length > 0) this.#consider(spec);
  }

  /** systemd itself never forgets restarts while it restarts: a crash a month would be waited out ever longer (RestartSteps=). */
  async #recovered(name: string): Promise<void> {
    const { journal, clock, retrier, log } = this.parts;
    journal.append({ at: clock.wall(), daemon: name, news: 'recovered', reason: 'stable again', delay: undefined });
    const spec = this.#catalogue.daemons.find((daemon) => daemon.name === name);
    const problem = spec && (await retrier.forget(spec));
    if (problem !== undefined) log.warn({ daemon: name, reason: problem }, 'cannot have systemd forget its restarts');
  }

  #consider(spec: DaemonSpec): void {
    const observation = this.#seen.now(spec.name);
    if (observation === undefined) return;
    this.#slowRetry.consider(spec);
    this.#health.consider(spec, observation, this.parts.wishes.now(spec).desired === 'up');
    this.#publish(spec);
  }

  /** @param ifOutdated only if the board lacks the last word of what is wanted */
  #publish(spec: DaemonSpec, ifOutdated = false): void {
    const observation = this.#seen.now(spec.name);
    if (observation === undefined || (ifOutdated && !this.#seen.isConnected)) return;
    const status = this.#statusOf(spec, observation);
    if (!ifOutdated || !this.parts.wishStamp.isTold(status)) this.parts.board.publish(status, observation.process, observation.barred);
  }

  start(request: StartControlRequest, progress?: Progress): Promise<readonly NamedOutcome[]> {
    return this.#caughtUp.after('start', this.#control.start(request, progress));
  }

  stop(request: StopControlRequest, progress?: Progress): Promise<readonly NamedOutcome[]> {
    return this.#caughtUp.after('stop', this.#control.stop(request, progress));
  }

  restart(request: StartControlRequest, progress?: Progress): Promise<readonly NamedOutcome[]> {
    return this.#caughtUp.after('start', this.#control.restart(request, progress));
  }

  /** What systemd lets wait, or has given up, is started now. */
  retryNow(request: ControlRequest, progress?: Progress): Promise<readonly NamedOutcome[]> {
    return this.#nudge(request, false, progress);
  }

  /** The same, with its failures and restarts forgotten first. */
  reset(request: ControlRequest, progress?: Progress): Promise<readonly NamedOutcome[]> {
    return this.#nudge(request, true, progress);
  }

  #nudge({ names, by }: ControlRequest, forget: boolean, progress?: Progress): Promise<readonly NamedOutcome[]> {
    const { clock, retrier, wishes } = this.parts;
    const specs = this.#catalogue.daemons.filter(({ name }) => names.includes(name));
    return nudge(specs, { by, forget }, { clock, control: this.#control, retrier, wanted: (spec) => wishes.now(spec), withheld: (name) => this.withheld(name), seen: this.#seen.sure }, progress);
  }

  /** From what D-Bus told; systemd is asked for what it has not told yet, or not since the connection was lost. */
  async status(names: readonly string[]): Promise<readonly DaemonStatus[]> {
    const unseen = names.filter((name) => this.#seen.now(name) === undefined);
    const asked = unseen.length === 0 ? [] : await this.#control.status(unseen);
    const answers = new Map(asked.map((status) => [status.name, status]));
    const statuses = names.flatMap((name) => {
      const spec = this.#catalogue.daemons.find((daemon) => daemon.name === name);
      const observation = this.#seen.now(name);
      if (spec !== undefined && observation !== undefined) return [this.#statusOf(spec, observation)];
      return answers.get(name) ?? [];
    });
    return this.parts.wishes.told(statuses, this.#catalogue.daemons);
  }

  names(): readonly string[] {
    return this.#catalogue.daemons.map(({ name }) => name);
  }

  reload(catalogue: Catalogue): Promise<readonly CatalogueChange[]> {
    const changes = catalogueChanges(this.#catalogue, catalogue);
    this.#catalogue = catalogue;
    this.#control = this.parts.control(catalogue);
    for (const change of changes) {
      if (change.kind !== 'removed') continue;
      this.#seen.forget(change.name);
      this.#slowRetry.forget(change.name);
      this.#health.forget(change.name);
      this.#recoveries.forget(change.name);
      this.parts.board.withdraw(change.name);
    }
    this.follow();
    return Promise.resolve(changes);
  }

  clusterReports(): readonly ClusterReport[] {
    return this.#cluster.reports();
  }

  refresh(): void {
    this.#cluster.refresh();
    this.parts.pauses.refresh();
    this.parts.wishStamp.look(() => this.#catalogue.daemons.forEach((spec) => this.#publish(spec, true)));
  }

  release(): void {
    this.parts.pauses.release();
    this.#slowRetry.release();
    this.#health.release();
    this.#recoveries.suspend();
    this.#drift.release();
    this.#cluster.release();
    this.#following?.cancel();
    this.parts.board.close();
  }

  #statusOf(spec: DaemonSpec, observation: Observation): DaemonStatus {
    const seen = directStatus(spec, observation, {
      wanted: this.parts.wishes.now(spec),
      kind: 'systemd',
      now: this.parts.clock.monotonic(),
      notMaster: this.#catalogue.group.notMasterExitStatus,
      withheld: this.withheld(spec.name),
      held: this.#cluster.isHeld(spec.name),
    });
    const { nextTry, reason } = this.#slowRetry.statusOf(spec.name);
    return this.#health.completed({ ...seen, paused: this.parts.pauses.reason(spec.name) ?? null, nextTry, reason: reason === undefined ? seen.reason : `${seen.reason}; ${reason}`, warnings: this.#drift.warningsOf(spec.name) });
  }
}
