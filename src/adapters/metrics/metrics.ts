/**
 * The watcher's metrics in the format of Prometheus, by prom-client. Labels have
 * the names of the configuration and words of closed lists, nothing else; what
 * leaves the configuration leaves the metrics. Gauges are read when they are
 * asked for.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

import { STATUS_STATES, type DaemonStatus } from '../../core/daemon-status.js';
import { RESTART_CAUSES, RestartCauses } from '../../core/restart-causes.js';
import { withheldOf } from '../../core/severity.js';
import type { RunResult } from '../../core/task-run.js';
import type { Log } from '../../ports/log.js';
import type { NewsItem } from '../../ports/journal.js';
import type { PageSource } from '../../ports/page-source.js';
import { processMetrics } from './process-metrics.js';

/** ms that an answer stands: who asks more often gets it again. */
const LEAST_AGE = 1000;

const ENDED: readonly RunResult[] = ['ok', 'failed', 'timed-out', 'not-started', 'cut-off'];

export class Metrics {
  readonly #registry = new Registry();
  readonly contentType: string = this.#registry.contentType;
  readonly #causes: RestartCauses;
  /** ms until the attempt that was announced last. */
  readonly #delays = new Map<string, number>();
  readonly #runs = new Map<string, Map<RunResult, number>>();
  /** Daemon and check of each histogram that there is. */
  readonly #looked = new Map<string, { readonly daemon: string; readonly check: string }>();
  #text: Promise<string> | undefined;
  #goodUntil = 0;

  readonly #state = this.#gauge('watchkeeper_daemon_state', 'Observed state of the daemon: 1 for the state that it is in.', ['daemon', 'state']);
  readonly #desired = this.#gauge('watchkeeper_daemon_desired_up', 'Whether the daemon is wanted up.', ['daemon']);
  readonly #paused = this.#gauge('watchkeeper_daemon_paused', 'Whether somebody has paused the daemon.', ['daemon']);
  readonly #withheld = this.#gauge('watchkeeper_daemon_withheld', 'Whether the daemon is down because this node does not hold its role, or that of one that it requires.', ['daemon']);
  readonly #started = this.#gauge('watchkeeper_daemon_start_time_seconds', 'When the main process of the daemon was started, in seconds since the epoch.', ['daemon']);
  readonly #backOff = this.#gauge('watchkeeper_daemon_backoff_seconds', 'Back-off delay before the next attempt; 0 where none is timed.', ['daemon']);
  readonly #restarts = this.#counter('watchkeeper_daemon_restarts_total', 'Restarts since this watcher began, by reason.', ['daemon', 'reason']);
  readonly #checkHealthy = this.#gauge('watchkeeper_check_healthy', 'Verdict of the health check: 1 healthy, 0 unhealthy; absent while not known.', ['daemon', 'check', 'kind']);
  readonly #checkTime = new Histogram({ name: 'watchkeeper_check_duration_seconds', help: 'How long looks of the health check took.', labelNames: ['daemon', 'check'], buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 1, 2.5, 5, 10, 30], registers: [this.#registry] });
  readonly #taskRuns = this.#counter('watchkeeper_task_runs_total', 'Runs of the task that ended since this watcher began, by result.', ['task', 'result']);
  readonly #taskLast = this.#gauge('watchkeeper_task_last_run_timestamp_seconds', 'When the last run of the task began, in seconds since the epoch.', ['task']);
  readonly #taskTook = this.#gauge('watchkeeper_task_last_run_duration_seconds', 'How long the last run of the task took; absent while it runs.', ['task']);
  readonly #taskGood = this.#gauge('watchkeeper_task_last_run_success', 'Whether the last run of the task that ended was successful.', ['task']);
  readonly #role = this.#gauge('watchkeeper_role_held', 'Whether this node holds the role; absent while not known.', ['role']);
  readonly #stale = this.#gauge('watchkeeper_configuration_stale', 'Whether the configuration on the disk is newer than the one in force.', []);
  readonly #lag = new Histogram({ name: 'watchkeeper_loop_lag_seconds', help: "How late the watcher's event loop came to a timer that was due each second.", buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10], registers: [this.#registry] });

  constructor(
    private readonly source: PageSource,
    private readonly clock: { monotonic(): number; wall(): number },
    private readonly log: Log,
  ) {
    const { version, restartOwner, serviceManager } = source.info();
    this.#causes = new RestartCauses(restartOwner);
    const build = this.#gauge('watchkeeper_build_info', 'What runs here; always 1.', ['version', 'node', 'restart_owner', 'service_manager']);
    build.set({ version, node: process.versions.node, restart_owner: restartOwner, service_manager: serviceManager.kind }, 1);
    processMetrics(this.#registry);
  }

  news({ daemon, news, delay }: NewsItem): void {
    this.#causes.tell(daemon, news);
    if (delay !== undefined) this.#delays.set(daemon, delay);
  }

  /** @param took ms */
  looked(daemon: string, check: string, took: number): void {
    this.#looked.set(`${daemon} ${check}`, { daemon, check });
    this.#checkTime.observe({ daemon, check }, took / 1000);
  }

  taskEnded(task: string, result: RunResult): void {
    const counts = this.#runs.get(task) ?? new Map<RunResult, number>();
    this.#runs.set(task, counts.set(result, (counts.get(result) ?? 0) + 1));
  }

  /** @param lag ms */
  late(lag: number): void {
    this.#lag.observe(lag / 1000);
  }

  text(): Promise<string> {
    if (this.#text !== undefined && this.clock.monotonic() < this.#goodUntil) return this.#text;
    this.#goodUntil = this.clock.monotonic() + LEAST_AGE;
    this.#text = this.#collect();
    this.#text.catch((error: unknown) => {
      this.log.error({ error: String(error) }, 'cannot collect the metrics');
      this.#text = undefined;
    });
    return this.#text;
  }

  async #collect(): Promise<string> {
    const daemons = await this.source.daemons();
    this.#forget(daemons);
    for (const gauge of [this.#state, this.#desired, this.#paused, this.#withheld, this.#started, this.#backOff, this.#restarts, this.#checkHealthy, this.#taskRuns, this.#taskLast, this.#taskTook, this.#taskGood, this.#role]) gauge.reset();
    const withheld = withheldOf(daemons);
    for (const daemon of daemons) this.#daemon(daemon, withheld.has(daemon.name));
    this.#tasks();
    for (const { name, held } of this.source.roles()) if (held !== null) this.#role.set({ role: name }, held ? 1 : 0);
    const { staleConfiguration, waitsForRestart } = this.source.info();
    this.#stale.set(staleConfiguration || waitsForRestart.length > 0 ? 1 : 0);
    return this.#registry.metrics();
  }

  #daemon(status: DaemonStatus, isWithheld: boolean): void {
    const { name: daemon, observed, desired, paused, uptime, nextTry, health = [] } = status;
    for (const state of STATUS_STATES) this.#state.set({ daemon, state }, state === observed ? 1 : 0);
    this.#desired.set({ daemon }, desired === 'up' ? 1 : 0);
    this.#paused.set({ daemon }, typeof paused === 'string' ? 1 : 0);
    this.#withheld.set({ daemon }, isWithheld ? 1 : 0);
    if (uptime !== null) this.#started.set({ daemon }, (this.clock.wall() - uptime) / 1000);
    this.#backOff.set({ daemon }, nextTry === null ? 0 : Math.max(this.#delays.get(daemon) ?? 0, nextTry) / 1000);
    for (const reason of RESTART_CAUSES) this.#restarts.inc({ daemon, reason }, this.#causes.count(daemon, reason));
    for (const { name: check, kind, state } of health) {
      if (state === 'healthy' || state === 'unhealthy') this.#checkHealthy.set({ daemon, check, kind }, state === 'healthy' ? 1 : 0);
    }
  }

  #tasks(): void {
    for (const { name: task, last } of this.source.tasks()) {
      for (const result of ENDED) this.#taskRuns.inc({ task, result }, this.#runs.get(task)?.get(result) ?? 0);
      if (last === null) continue;
      this.#taskLast.set({ task }, last.startedAt / 1000);
      if (last.took !== null) this.#taskTook.set({ task }, last.took / 1000);
      if (last.result !== 'running') this.#taskGood.set({ task }, last.result === 'ok' ? 1 : 0);
    }
  }

  /** Labels must not pile up with each reload. */
  #forget(daemons: readonly DaemonStatus[]): void {
    const names = new Set(daemons.map(({ name }) => name));
    this.#causes.forgetAllBut(names);
    for (const name of this.#delays.keys()) if (!names.has(name)) this.#delays.delete(name);
    const tasks = new Set(this.source.tasks().map(({ name }) => name));
    for (const name of this.#runs.keys()) if (!tasks.has(name)) this.#runs.delete(name);
    const checks = new Set(daemons.flatMap(({ name, health = [] }) => health.map((check) => `${name} ${check.name}`)));
    for (const [key, labels] of this.#looked) {
      if (checks.has(key)) continue;
      this.#looked.delete(key);
      this.#checkTime.remove(labels);
    }
  }

  #gauge<T extends string>(name: string, help: string, labelNames: readonly T[]): Gauge<T> {
    return new Gauge({ name, help, labelNames: [...labelNames], registers: [this.#registry] });
  }

  #counter<T extends string>(name: string, help: string, labelNames: readonly T[]): Counter<T> {
    return new Counter({ name, help, labelNames: [...labelNames], registers: [this.#registry] });
  }
}
