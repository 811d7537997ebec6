/** Scheduled tasks and watcher hooks of this machine: run by the watcher, or only looked at. */
import { join } from 'node:path';

import type { Configuration } from '../adapters/config/configuration.js';
import { countedRuns } from '../app/counted-runs.js';
import type { Tasks, TasksEnd } from '../app/tasks.js';
import type { Cron } from '../ports/cron.js';
import type { Log } from '../ports/log.js';
import type { RoleOracle } from '../ports/role-oracle.js';
import type { TaskControl, TaskStatus } from '../ports/task-control.js';
import type { RunResult, TaskRun } from '../core/task-run.js';
import type { Host } from './host.js';

export interface TaskLife extends TaskControl {
  /** From now on, tasks run. */
  begin(): void;
  /** Runs nothing by itself. */
  reload(configuration: Configuration): Promise<void>;
  /** Ends what runs, within its grace, unless another watcher comes right behind us. */
  end(how: TasksEnd): Promise<void>;
}

/** @param ended told of each run that ends */
export async function composeTasks(configuration: Configuration, host: Host, log: Log, roles: RoleOracle, ended?: (task: string, result: RunResult) => void): Promise<TaskLife> {
  const warn = (text: string): void => log.warn({}, text);
  const [{ Tasks }, { HostTaskLauncher }, { HostHookDirectory }, { taskStore }, { ensureDirectory }, { readStat }, direct, clock, self] = await Promise.all([
    import('../app/tasks.js'),
    import('../adapters/host/task-launcher.js'),
    import('../adapters/host/hook-directory.js'),
    import('../adapters/state/task-store.js'),
    import('../adapters/state/directories.js'),
    import('../adapters/host/proc.js'),
    host.directParts('built-in'),
    host.clock(),
    host.self(),
  ]);
  const { paths } = configuration;
  const directory = join(paths.runtime, 'tasks');
  ensureDirectory(paths.runtime, 0o755);
  ensureDirectory(directory, 0o700);
  const { processes, accounts } = direct;
  const [runner, outside, programs] = await Promise.all([host.siteRunner(), host.outside(), host.hookPrograms()]);
  const cron = new LateCron();
  await cron.prepare(configuration);
  const tasks: Tasks = new Tasks(configuration.tasks, configuration.settings.watcherHooks, {
    clock,
    cron,
    runner,
    programs,
    roles,
    log,
    processes,
    markers: processes,
    store: ended === undefined ? taskStore(paths.state, warn) : countedRuns(taskStore(paths.state, warn), ended),
    launcher: new HostTaskLauncher({ directory, runner: direct.runner, accounts, clock, processes, ...(outside === undefined ? {} : { outside }) }),
    hookDirectory: new HostHookDirectory(),
    // A container shares the boot of its host; its own life is that of its first process.
    boot: `${self.bootId} ${readStat(1)?.startTicks ?? 0}`,
  });
  return {
    begin: () => tasks.begin(),
    reload: async (fresh) => {
      await cron.prepare(fresh);
      tasks.reload(fresh.tasks, fresh.settings.watcherHooks);
    },
    end: (how) => tasks.end(how),
    list: () => tasks.list(),
    history: (name) => tasks.history(name),
    run: (name, by) => tasks.run(name, by),
  };
}

/** Loads node-cron only where a task has a schedule. */
class LateCron implements Cron {
  #cron: Cron | undefined;

  async prepare({ tasks }: Configuration): Promise<void> {
    if (this.#cron !== undefined || !tasks.some(({ schedule }) => schedule !== undefined)) return;
    const { NodeCron } = await import('../adapters/cron/node-cron.js');
    this.#cron = new NodeCron();
  }

  problem(expression: string): string | undefined {
    return this.#prepared().problem(expression);
  }

  timetable(expression: string, timezone: string | undefined): ReturnType<Cron['timetable']> {
    return this.#prepared().timetable(expression, timezone);
  }

  #prepared(): Cron {
    if (this.#cron === undefined) throw new Error('no configuration with a schedule was prepared');
    return this.#cron;
  }
}

/** Without a watcher: what the files say. */
export async function readTasks(host: Host, warn: (text: string) => void): Promise<Pick<TaskControl, 'list' | 'history'>> {
  const configuration = await host.configuration();
  const [{ taskStore }, { hookStatus, settled, taskStatus }, { processes }] = await Promise.all([
    import('../adapters/state/task-store.js'),
    import('../app/task-status.js'),
    host.directParts('built-in'),
  ]);
  const store = taskStore(configuration.paths.state, warn);
  const record = (name: string): ReturnType<typeof store.read> => {
    const found = store.read(name);
    return found === undefined ? undefined : settled(found, processes);
  };
  const hooks = store.names().filter((name) => name.startsWith('hook:'));
  const { interval } = configuration.settings.watcherHooks;
  return {
    list: (): readonly TaskStatus[] => [
      ...configuration.tasks.map((task) => taskStatus(task, record(task.name))),
      ...hooks.map((name) => hookStatus(name.slice('hook:'.length), interval, record(name), null)),
    ],
    history: (name): readonly TaskRun[] | undefined => record(name)?.runs ?? (configuration.tasks.some((task) => task.name === name) ? [] : undefined),
  };
}
