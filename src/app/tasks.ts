/** All scheduled tasks and watcher hooks of a watcher: one timer for all, and what is told of them. */
import { WatchkeeperError } from '../core/errors.js';
import { quoted } from '../core/printable.js';
import type { TaskSpec, WatcherHooks } from '../core/task.js';
import type { TaskRun } from '../core/task-run.js';
import type { Timer } from '../ports/clock.js';
import type { HookDirectory } from '../ports/hook-directory.js';
import type { TaskControl, TaskStatus } from '../ports/task-control.js';
import { ScheduledTask, type TaskParts } from './scheduled-task.js';
import { hookStatus, taskStatus } from './task-status.js';
import { hookName, HookRounds } from './watcher-hooks.js';
import { within } from './within.js';

/** ms between two looks at the wall clock: it may be set, and a machine's sleep moves no timer. */
const LOOK = 5000;
/** ms that running tasks get to end by themselves before they are ended with the watcher. */
const END_GRACE = 10_000;
/** ms from their SIGTERM to their SIGKILL. */
const KILL_GRACE = 5000;

export interface TasksParts extends TaskParts {
  readonly hookDirectory: HookDirectory;
}

export interface TasksEnd {
  /** ms for all of it, where time is short. */
  readonly limit?: number;
  /** Another watcher comes right behind us. */
  readonly successor?: boolean;
}

export class Tasks implements TaskControl {
  readonly #tasks = new Map<string, ScheduledTask>();
  /** No longer configured, and still running. */
  readonly #retired = new Set<ScheduledTask>();
  readonly #hooks: HookRounds;
  #timer: Timer | undefined;
  #ended = false;

  constructor(
    specs: readonly TaskSpec[],
    hooks: WatcherHooks,
    private readonly parts: TasksParts,
  ) {
    for (const spec of specs) this.#tasks.set(spec.name, new ScheduledTask(spec, parts, false));
    this.#hooks = new HookRounds(hooks, { ...parts, directory: parts.hookDirectory });
  }

  /** From now on, tasks run. */
  begin(): void {
    // Told to end while the daemons were still being started.
    if (this.#ended) return;
    for (const task of this.#tasks.values()) task.begin();
    this.#arm();
  }

  /** Runs nothing: what is new or changed is planned from now on. */
  reload(specs: readonly TaskSpec[], hooks: WatcherHooks): void {
    const names = new Set(specs.map(({ name }) => name));
    for (const [name, task] of this.#tasks) {
      if (names.has(name)) continue;
      this.#tasks.delete(name);
      this.#retire(task);
    }
    const kept = [...this.#tasks.values()];
    this.#tasks.clear();
    for (const spec of specs) {
      const task = kept.find((one) => one.spec.name === spec.name);
      task?.replace(spec);
      this.#tasks.set(spec.name, task ?? new ScheduledTask(spec, this.parts, true));
    }
    this.#hooks.replace(hooks);
    this.#arm();
  }

  /**
   * What runs gets a grace, then SIGTERM, then SIGKILL: nobody would keep its deadline any more.
   * Where another watcher comes right behind us, tasks go on, and are its to keep.
   */
  async end({ limit = Infinity, successor = false }: TasksEnd = {}): Promise<void> {
    this.#ended = true;
    this.#timer?.cancel();
    this.#hooks.close();
    for (const task of this.#tasks.values()) task.close();
    const tasks = [...this.#tasks.values(), ...this.#retired];
    const { clock } = this.parts;
    const deadline = clock.monotonic() + limit;
    /** Never more than the half of what is left: something must be left for what comes after. */
    const share = (most: number): number => Math.max(1, Math.min(most, (deadline - clock.monotonic()) / 2));
    await within(clock, share(END_GRACE), Promise.all(tasks.map(({ starting }) => starting)));
    if (successor) for (const task of tasks) task.handOver();
    const runs = [...(successor ? [] : tasks.map(({ running }) => running)), this.#hooks.running].filter((run) => run !== undefined);
    const all = Promise.all(runs.map(({ ended }) => ended));
    await within(clock, share(END_GRACE), all);
    const killGrace = share(KILL_GRACE);
    await Promise.all(runs.map((run) => run.terminate(killGrace)));
    await within(clock, share(END_GRACE), all);
    // What does not even end by SIGKILL must not keep the watcher.
    for (const run of runs) run.release();
    await within(clock, share(END_GRACE), this.parts.store.settled());
  }

  list(): readonly TaskStatus[] {
    const { names, next, interval } = this.#hooks.present();
    return [
      ...[...this.#tasks.values()].map((task) => taskStatus(task.spec, task.record, task.plan)),
      ...names.map((name) => hookStatus(name, interval, this.parts.store.read(hookName(name)), next)),
    ];
  }

  history(name: string): readonly TaskRun[] | undefined {
    return (this.#tasks.get(name)?.record ?? this.parts.store.read(name))?.runs;
  }

  async run(name: string, by: string): Promise<string> {
    const task = this.#tasks.get(name);
    if (task === undefined) throw new WatchkeeperError('UNKNOWN_TASK', 'cannot run it', `no task is called ${quoted(name)}`, 'watchkeeper tasks');
    const { accepted, what } = await task.runNow(by);
    if (!accepted) throw new WatchkeeperError('TASK_REFUSED', `cannot run ${name}`, what, `watchkeeper tasks history ${name}`);
    return what;
  }

  #retire(task: ScheduledTask): void {
    task.close();
    const run = task.running;
    if (run === undefined) return;
    this.#retired.add(task);
    void run.ended.then(() => this.#retired.delete(task));
  }

  #arm(): void {
    this.#timer?.cancel();
    const now = this.parts.clock.wall();
    const dues = [...this.#tasks.values()].flatMap(({ plan }) => plan.next ?? []);
    if (this.#tasks.size === 0) return;
    const wait = Math.min(LOOK, ...dues.map((due) => Math.max(1, due - now)));
    this.#timer = this.parts.clock.after(wait, () => {
      for (const task of this.#tasks.values()) {
        try {
          task.look();
        } catch (error) {
          // One task's trouble must not keep the others from their time.
          this.parts.log.error({ task: task.spec.name, error: String(error) }, 'a task could not be looked at');
        }
      }
      this.#arm();
    });
  }
}
