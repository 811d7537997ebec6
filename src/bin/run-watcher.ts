/** `watchkeeper run`: composes the watcher, and lives with it until it is told to end. */
import { readFileSync } from 'node:fs';

import { OutputCapper } from '../adapters/host/output-cap.js';
import { mainProcess } from '../adapters/host/main-process.js';
import { announcer } from '../adapters/notify/announcer.js';
import { serveControl } from '../adapters/control-socket/server.js';
import { staleReason, type Configuration } from '../adapters/config/configuration.js';
import { chooseTarget, openLog } from '../adapters/log/log.js';
import { endFlushing } from '../adapters/state/flushing.js';
import { FileHistory } from '../adapters/state/history.js';
import { fileJournal } from '../adapters/state/journal.js';
import { stateBoard } from '../adapters/state/state-board.js';
import { within } from '../app/within.js';
import { recordedBoard } from '../app/history-recorder.js';
import { patientBoard } from '../app/patient-board.js';
import { beatOnce, keepBeating, type Beat } from '../app/heartbeat.js';
import { describe as describeChange } from '../cli/watchkeeper/reload.js';
import type { RunOptions, Terminal } from '../cli/watchkeeper/command.js';
import { changesBesideDaemons, waitsForRestart, type CatalogueChange } from '../core/catalogue-change.js';
import { WatchkeeperError } from '../core/errors.js';
import { saysNotMaster } from '../core/outcome.js';
import type { ControlService, WatcherInfo } from '../ports/control-service.js';
import type { NewsItem } from '../ports/journal.js';
import type { Lock, Locks } from '../ports/locks.js';
import type { Log } from '../ports/log.js';
import type { Runner } from '../ports/runner.js';
import { composeHooks } from './compose-hooks.js';
import { containerBoot, EXIT_ESSENTIAL_GIVEN_UP, fatalNews, forgetEarlierLife, refuseProcessOne, stopWithin, usableBudget } from './container-life.js';
import { composeGuardian, type Guardian } from './compose-guardian.js';
import { composeAgents } from './compose-agents.js';
import { settled } from './compose-sandbox.js';
import { composeStartClaim } from './compose-start-claim.js';
import { composeRoles, followRoles } from './compose-roles.js';
import { composeTasks } from './compose-tasks.js';
import { Web } from './compose-web.js';
import { DEMO_HINTS, removeDemo } from './demo-life.js';
import { detect } from './service-manager.js';
import type { Host } from './host.js';
import { liveTable } from './live-table.js';
import { listenForSignals } from './signals.js';

/** Readers believe a board for so many heartbeats. */
const HEARTBEATS_OF_TRUST = 3;
/** ms between two looks at the sizes of output files. */
const OUTPUT_LOOK = 3000;
/** ms that a second watcher waits for the first one to end. */
const TAKE_OVER = 5000;
/** ms that the group's start waits for the answers whether this node holds its roles; what is not known then waits by itself. */
const ROLES_PATIENCE = 2000;
/** ms that hooks get when the watcher ends. */
const HOOK_PATIENCE = 2000;
/** ms for what is still on its way to the disk when all is over. */
const DISK_PATIENCE = 2000;
const PROBLEMS: ReadonlySet<string> = new Set(['crash', 'crash-loop', 'given-up', 'stop-failed']);

export interface WatcherLife {
  readonly host: Host;
  readonly options: RunOptions;
  readonly terminal: Terminal;
  readonly version: string;
  /** Reads the configuration anew. */
  readonly reload: () => Promise<Configuration>;
}

/** @throws WatchkeeperError WATCHER_RUNNING, STATE_UNWRITABLE, CONFIG_INVALID */
export async function runWatcher({ host, options, terminal, version, reload: readAgain }: WatcherLife): Promise<number> {
  const signals = listenForSignals();
  const main = mainProcess(process.env);
  if (main.kind === 'process-1') refuseProcessOne();
  const container = options.container || main.kind === 'under-init';
  const stopOnExit = options.stopOnExit || container;
  let configuration = await host.configuration();
  const [clock, locks, runner, self] = await Promise.all([host.clock(), host.locks(), host.runner(), host.self()]);
  const { paths, log: logSettings, heartbeatInterval, output } = configuration.settings;
  const target = options.table ? { format: 'none' as const, descriptor: 2 as const } : chooseTarget(logSettings.format, process.env, process.stderr.isTTY);
  const detection = await settled(await detect({ ...configuration, runner }), { environment: process.env, runner, clock, log: openLog(logSettings.level, target, undefined) });
  const lock = await takeControl(locks, version);
  if (container) forgetEarlierLife(paths.runtime);
  const log = openLog(logSettings.level, target, target.format === 'journal' ? undefined : paths.log);
  const warn = (text: string): void => log.warn({}, text);
  const followers = new Set<(item: NewsItem) => void>();
  const journal = fileJournal(paths.state, warn, (item) => {
    tell(log, item);
    for (const follower of followers) follower(item);
  });
  const history = new FileHistory(paths.state, clock, warn);
  const web = new Web({ configuration, host, clock, log, history });
  const notifier = announcer({ environment: process.env, runner, clock, log, pid: self.pid });
  const bootId = container ? containerBoot(self.bootId) : self.bootId;
  const claim = await composeStartClaim(configuration, detection.kind, { watcher: self, clock, bootId, failed: (error) => warn(`cannot keep the claim for start-all: ${String(error)}`) });
  const files = patientBoard(stateBoard(paths.runtime, self, clock, heartbeatInterval * HEARTBEATS_OF_TRUST), (error) => warn(`the state board is not kept: ${String(error)}`));
  const board = recordedBoard(claim.around(files), history, clock);
  const roles = await composeRoles(configuration, host, log);
  const guardian = await composeGuardian(detection, { configuration, roles, host, clock, runner, locks, self, bootId, journal, board, log, warn, looked: web.looked });
  const tasks = await composeTasks(configuration, host, log, roles, web.taskEnded);
  const hooks = await composeHooks(configuration, host, guardian, log, false);
  followRoles(roles, { duty: guardian.roles, events: hooks.roles, log });
  followers.add((item) => hooks.tell(item)).add((item) => web.news(item));
  followers.add((item) => {
    // The daemon knows better than the last answer.
    if (item.news === 'stopped' && saysNotMaster(item.reason)) roles.ask();
  });
  const told = signals.end(container);
  const fatal = new Promise<string>((resolve) => {
    if (!container) return;
    followers.add((item) => {
      const reason = fatalNews(item, configuration.catalogue);
      if (reason !== undefined) resolve(reason);
    });
  });
  const [began, begun] = [clock.monotonic(), configuration];
  const reload = async (): Promise<readonly CatalogueChange[]> => {
    notifier.reloading();
    try {
      const fresh = await readAgain();
      roles.configure(fresh.catalogue.group.roles);
      void roles.begin();
      const changes = [...(await guardian.reload(fresh.catalogue)), ...changesBesideDaemons(begun, configuration, fresh)];
      await tasks.reload(fresh);
      hooks.reload(fresh);
      configuration = fresh;
      host.assume(fresh);
      claim.reload(fresh);
      for (const change of changes) log.info({ [change.of]: change.name, change: change.kind }, describeChange(change));
      if (changes.length === 0) log.info({}, 'reloaded; nothing changed');
      return changes;
    } finally {
      notifier.ready(await summary(guardian));
    }
  };
  const info = (): WatcherInfo => ({
    version,
    pid: self.pid,
    uptime: Math.round(clock.monotonic() - began),
    restartOwner: guardian.restartOwner,
    serviceManager: guardian.detection,
    group: configuration.catalogue.group.name,
    staleConfiguration: staleReason(configuration) !== undefined,
    waitsForRestart: waitsForRestart(begun, configuration),
  });
  const agents = await composeAgents({ host, configuration: () => configuration, detection, controller: hooks.controller, refresh: () => guardian.refresh(), warn });
  const service: ControlService = {
    controller: hooks.controller,
    info,
    names: () => guardian.names(),
    reload,
    retryNow: (request, progress) => guardian.retryNow(request, progress),
    reset: (request, progress) => guardian.reset(request, progress),
    refresh: () => guardian.refresh(),
    clusterReports: () => guardian.clusterReports(),
    tasks,
    agents,
    commands: agents.commands,
    roles: () => roles.list(),
    recentNews: (limit) => journal.recent(limit),
    followNews: (callback) => {
      followers.add(callback);
      return { cancel: () => followers.delete(callback) };
    },
  };

  await web.begin(service, () => configuration.catalogue);
  await guardian.begin();
  const beatFailed = (error: unknown): void => log.error({ error: String(error) }, 'a heartbeat failed');
  beatOnce(() => board.heartbeat(), beatFailed);
  const server = await serveControl(paths.runtime, service, log);
  void agents.begin();
  await web.serve();
  const capper = new OutputCapper(() => guardian.outputFiles(), output, warn);
  const beats: Beat[] = [
    { interval: heartbeatInterval, beat: () => board.heartbeat() },
    { interval: heartbeatInterval, beat: () => guardian.refresh() },
    { interval: OUTPUT_LOOK, beat: () => void capper.look().catch(beatFailed) },
  ];
  if (notifier.watchdogInterval !== undefined) beats.push({ interval: notifier.watchdogInterval, beat: () => notifier.watchdog() });
  const beating = keepBeating(clock, beats, beatFailed);
  const table = options.table ? await liveTable(guardian, journal, terminal, info, options.demo ? DEMO_HINTS : []) : undefined;
  log.info({ version, owner: guardian.restartOwner, manager: guardian.detection.kind, why: guardian.detection.reason }, 'the watcher has control');

  const started = within(clock, ROLES_PATIENCE, roles.begin()).then(() => guardian.startGroup()).then(async (outcomes) => {
    hooks.groupStarted(outcomes).catch((error: unknown) => log.error({ error: String(error) }, 'cannot tell hooks of the roles'));
    notifier.ready(await summary(guardian));
  });
  started.catch((error: unknown) => log.error({ error: String(error) }, 'cannot start the group')).finally(() => tasks.begin());
  signals.onReload(() => {
    reload().catch((error: unknown) => log.error({ error: String(error) }, 'the old configuration stays in force'));
  });

  const end = await Promise.race([told.then((signal) => ({ why: signal, status: 0 })), fatal.then((reason) => ({ why: reason, status: EXIT_ESSENTIAL_GIVEN_UP }))]);
  const successor = stopOnExit ? undefined : await expected(runner, self.pid);
  log.info({ why: end.why, stopOnExit, successor }, stopOnExit ? 'stops the daemons and ends' : 'ends; the daemons stay up');
  notifier.stopping();
  const by = `the watcher, told to end by ${end.why}`;
  const announce = (limit?: number): Promise<void> => hooks.groupStopping(by, limit);
  const { stopBudget: budget } = configuration.settings.container;
  const endBy = container ? clock.monotonic() + budget : Infinity;
  const tasksEnded = tasks.end(container ? { limit: usableBudget(budget) } : { successor: successor !== undefined });
  if (container) {
    const { processes } = await host.directParts('built-in');
    await stopWithin({ guardian, ...configuration, processes, clock, log, budget, by, announce, beside: tasksEnded });
  } else if (stopOnExit) {
    await announce();
    await guardian.stopAll(by);
  }
  await Promise.all([container ? undefined : tasksEnded, hooks.finish(Math.min(HOOK_PATIENCE, (endBy - clock.monotonic()) / 2))]);
  beating.cancel();
  await table?.finish();
  await server.close();
  await agents.finish();
  await web.close();
  roles.release();
  guardian.release();
  host.close();
  history.close();
  journal.close();
  await endFlushing(DISK_PATIENCE);
  lock.release();
  if (options.demo) removeDemo(paths);
  return end.status;
}

/** Held for our whole life: whoever holds it is the only one that starts and stops. */
async function takeControl(locks: Locks, version: string): Promise<Lock> {
  const result = await locks.acquire('control', { timeout: TAKE_OVER, purpose: `watchkeeper run ${version}` });
  if (result.ok) return result.lock;
  throw new WatchkeeperError('WATCHER_RUNNING', 'cannot run', `control is held by ${result.heldBy}`, 'watchkeeper status');
}

/** Why another watcher comes right behind us. */
async function expected(runner: Runner, pid: number): Promise<string | undefined> {
  if (process.env['SYSTEMD_EXEC_PID'] === undefined) return undefined;
  const [{ expectedSuccessor }, { Systemctl }] = await Promise.all([import('../adapters/systemd/successor.js'), import('../adapters/systemd/systemctl.js')]);
  return expectedSuccessor({ environment: process.env, pid, membership: readFileSync('/proc/self/cgroup', 'utf8') }, new Systemctl(runner));
}

function tell(log: Log, item: NewsItem): void {
  const fields = { daemon: item.daemon, news: item.news, ...(item.delay === undefined ? {} : { delay: item.delay }), reason: item.reason };
  const message = `${item.daemon}: ${item.news}`;
  if (PROBLEMS.has(item.news)) log.warn(fields, message);
  else log.info(fields, message);
}

/** "12 daemons: 11 running, 1 crash-loop", for systemctl status. */
async function summary(guardian: Guardian): Promise<string> {
  const daemons = await guardian.status(guardian.names());
  const counts = new Map<string, number>();
  for (const { observed } of daemons) counts.set(observed, (counts.get(observed) ?? 0) + 1);
  return `${daemons.length} daemons: ${[...counts].map(([state, count]) => `${count} ${state}`).join(', ')}`;
}
