/** Scheduled tasks on a clock that tests turn, with the real node-cron and programs that only pretend. */
import { NodeCron } from '../../src/adapters/cron/node-cron.js';
import { formatTaskRecord, parseTaskRecord } from '../../src/adapters/state/task-record.js';
import { Tasks, type TasksParts } from '../../src/app/tasks.js';
import type { ExitStatus } from '../../src/core/exit-status.js';
import type { ProcessIdentity } from '../../src/core/process-identity.js';
import type { TaskSpec, WatcherHooks } from '../../src/core/task.js';
import type { TaskRun } from '../../src/core/task-run.js';
import type { HookListing } from '../../src/ports/hook-directory.js';
import type { OnLine, TaskLaunch, TaskStart } from '../../src/ports/task-launcher.js';
import { FakeClock } from './fake-clock.js';

export const NO_HOOKS: WatcherHooks = { directory: undefined, interval: 300_000, timeout: 1000 };

export function taskSpec(name: string, keys: Partial<TaskSpec> = {}): TaskSpec {
  return {
    name,
    description: '',
    argv: ['/bin/true'],
    schedule: undefined,
    timezone: 'UTC',
    at: undefined,
    user: undefined,
    group: undefined,
    environment: {},
    workingDirectory: '/',
    timeout: 3_600_000,
    jitter: 0,
    overlap: 'skip',
    catchUp: 'none',
    role: undefined,
    onlyIf: [],
    enabled: true,
    ...keys,
  };
}

/** Its wall clock can be set, as by date(1). */
export class SettableClock extends FakeClock {
  #offset: number;

  constructor(begin: number) {
    super();
    this.#offset = begin - this.monotonic();
  }

  override wall(): number {
    return this.monotonic() + this.#offset;
  }

  step(ms: number): void {
    this.#offset += ms;
  }
}

export interface FakeProgram {
  readonly launch: TaskLaunch;
  readonly process: ProcessIdentity;
  /** Wall time of its start. */
  readonly at: number;
  readonly signals: string[];
  /** Who is told of its end, besides its parent. */
  watchers: ReadonlyMap<number, () => void>;
  say: OnLine;
  end(exit?: ExitStatus): void;
}

/** One machine; watchers come and go on it. */
export class TaskWorld {
  readonly clock: SettableClock;
  readonly files: Map<string, string>;
  readonly programs: FakeProgram[];
  readonly live: Map<number, FakeProgram>;
  readonly logged: string[] = [];
  /** ms that a program takes; undefined: it goes on until the test ends it. */
  duration: number | undefined = 0;
  /** Why nothing can be started. */
  refusal: string | undefined;
  holds: boolean | undefined;
  onlyIfStatus = 0;
  /** Why its program must not be run. */
  onlyIfObjection: string | undefined;
  /** The program of an onlyIf never answers. */
  onlyIfHangs = false;
  /** What each durable record waits for, where the disk is busy. */
  disk: Promise<void> | undefined;
  boot = 'boot-1';
  hooks: HookListing = { hooks: [], refused: [] };
  readonly #exits: Map<number, () => void>;
  #pid = 100;

  constructor(begin: string, before?: TaskWorld) {
    this.clock = new SettableClock(Date.parse(begin));
    this.files = before?.files ?? new Map<string, string>();
    this.programs = before?.programs ?? [];
    this.live = before?.live ?? new Map<number, FakeProgram>();
    this.#exits = new Map<number, () => void>();
    if (before === undefined) return;
    // The same time since boot, on a clock without the timers of before.
    this.clock.advance(before.clock.monotonic() - this.clock.monotonic());
    this.clock.step(before.clock.wall() - this.clock.wall());
    for (const program of this.live.values()) program.watchers = this.#exits;
  }

  /** kill -9 of its watchers: programs and files are left, their timers are not. */
  killed(): TaskWorld {
    return new TaskWorld(new Date(this.clock.wall()).toISOString(), this);
  }

  watcher(specs: readonly TaskSpec[], hooks: WatcherHooks = NO_HOOKS): Tasks {
    return new Tasks(specs, hooks, this.#parts());
  }

  /** A new watcher that has begun. */
  async begun(specs: readonly TaskSpec[], hooks: WatcherHooks = NO_HOOKS): Promise<Tasks> {
    const tasks = this.watcher(specs, hooks);
    tasks.begin();
    await this.clock.advanceAsync(0);
    return tasks;
  }

  /** Wall times at which programs were started, as ISO texts without seconds. */
  starts(): string[] {
    return this.programs.map(({ at }) => new Date(at).toISOString().slice(0, 16));
  }

  history(tasks: Tasks, name: string): readonly TaskRun[] {
    return tasks.history(name) ?? [];
  }

  #launch(launch: TaskLaunch, onLine: OnLine): TaskStart {
    if (this.refusal !== undefined) return { ok: false, reason: this.refusal };
    this.#pid += 1;
    const process = { pid: this.#pid, startTicks: this.#pid, bootId: 'machine' };
    let settle: (exit: ExitStatus) => void = () => undefined;
    const exited = new Promise<ExitStatus>((resolve) => (settle = resolve));
    const program: FakeProgram = {
      launch,
      process,
      at: this.clock.wall(),
      signals: [],
      watchers: this.#exits,
      say: onLine,
      end: (exit = { kind: 'exited', status: 0 }) => {
        this.live.delete(process.pid);
        settle(exit);
        program.watchers.get(process.pid)?.();
      },
    };
    this.programs.push(program);
    this.live.set(process.pid, program);
    if (this.duration !== undefined) this.clock.after(this.duration, () => program.end());
    return { ok: true, process, exited, output: { cancel: () => (program.say = () => undefined) } };
  }

  #parts(): TasksParts {
    const note = (_fields: unknown, message: string): void => void this.logged.push(message);
    return {
      clock: this.clock,
      cron: new NodeCron(),
      boot: this.boot,
      log: { debug: note, info: note, warn: note, error: note },
      roles: { holds: () => this.holds },
      programs: { objection: () => this.onlyIfObjection },
      runner: { run: () => this.onlyIfHangs ? new Promise(() => undefined) : Promise.resolve({ exit: { kind: 'exited', status: this.onlyIfStatus }, timedOut: false, stdout: '', stderr: '' }) },
      // Through text, as on the disk.
      store: {
        read: (name) => parseTaskRecord(this.files.get(name) ?? ''),
        write: async (name, record, durable) => {
          if (durable && this.disk !== undefined) await this.disk;
          this.files.set(name, formatTaskRecord(record));
        },
        settled: () => this.disk ?? Promise.resolve(),
        names: () => [...this.files.keys()],
      },
      launcher: {
        launch: (launch, onLine) => Promise.resolve(this.#launch(launch, onLine)),
        follow: (channel, onLine) => {
          const program = [...this.live.values()].find(({ launch }) => launch.channel === channel);
          if (program !== undefined) program.say = onLine;
          return { cancel: () => undefined };
        },
      },
      markers: { marked: () => new Map() },
      processes: {
        isAlive: ({ pid }) => this.live.has(pid),
        sessionMembers: () => [],
        signal: ({ pid }, signal) => {
          const program = this.live.get(pid);
          if (program === undefined) return 'gone';
          program.signals.push(signal);
          if (signal === 'SIGKILL') program.end({ kind: 'killed', signal });
          return 'sent';
        },
        onExit: ({ pid }, callback) => {
          this.#exits.set(pid, callback);
          return { cancel: () => this.#exits.delete(pid) };
        },
      },
      hookDirectory: { list: () => this.hooks },
    };
  }
}
