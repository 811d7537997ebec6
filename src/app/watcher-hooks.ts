/** The watcher hooks: after each interval, the executables of a directory, one after the other, each with its deadline. */
import type { WatcherHooks } from '../core/task.js';
import { beginRun, CUT_OFF, emptyRecord, lastRun, withRun, type TaskRecord } from '../core/task-run.js';
import type { Timer } from '../ports/clock.js';
import type { HookDirectory, HookListing } from '../ports/hook-directory.js';
import type { Log } from '../ports/log.js';
import type { TaskStore } from '../ports/task-store.js';
import { startProgram, type ProgramParts, type ProgramRun } from './program-run.js';

export interface HookParts extends ProgramParts {
  readonly directory: HookDirectory;
  readonly store: TaskStore;
  readonly log: Log;
}

const TIMETABLE = 'hook';

/** As it is listed beside the tasks. */
export const hookName = (name: string): string => `hook:${name}`;

export class HookRounds {
  #settings: WatcherHooks;
  #timer: Timer | undefined;
  #nextAt: number | undefined;
  #run: ProgramRun | undefined;
  #inRound = false;
  #closed = false;
  /** What was complained about already, until it changes. */
  #complaints = '';

  constructor(
    settings: WatcherHooks,
    private readonly parts: HookParts,
  ) {
    this.#settings = settings;
    this.#arm();
  }

  /** The present hooks, and when the next round begins, in ms since the epoch. */
  present(): { readonly names: readonly string[]; readonly next: number | null; readonly interval: number } {
    const { directory, interval } = this.#settings;
    const names = directory === undefined ? [] : this.parts.directory.list(directory).hooks.map(({ name }) => name);
    const { clock } = this.parts;
    return { names, next: this.#nextAt === undefined ? null : clock.wall() + this.#nextAt - clock.monotonic(), interval };
  }

  get running(): ProgramRun | undefined {
    return this.#run;
  }

  /** What runs goes on; the next round comes an interval from now where anything changed. */
  replace(settings: WatcherHooks): void {
    const { directory, interval } = this.#settings;
    this.#settings = settings;
    if ((settings.directory !== directory || settings.interval !== interval) && !this.#inRound) this.#arm();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #arm(): void {
    this.#timer?.cancel();
    this.#nextAt = undefined;
    if (this.#closed || this.#settings.directory === undefined) return;
    this.#nextAt = this.parts.clock.monotonic() + this.#settings.interval;
    this.#timer = this.parts.clock.after(this.#settings.interval, () => {
      this.#inRound = true;
      this.#round()
        .catch((error: unknown) => this.parts.log.error({ error: String(error) }, 'a round of the watcher hooks failed'))
        .finally(() => {
          this.#inRound = false;
          this.#arm();
        });
    });
  }

  async #round(): Promise<void> {
    const { directory } = this.#settings;
    if (directory === undefined) return;
    const listing = this.parts.directory.list(directory);
    this.#complain(listing);
    for (const { name, path } of listing.hooks) {
      // Asked anew before each: the watcher may have been told to end meanwhile.
      if (this.#isClosed()) return;
      await this.#runHook(name, path);
    }
  }

  #isClosed(): boolean {
    return this.#closed;
  }

  async #runHook(hook: string, path: string): Promise<void> {
    const { clock, log, store } = this.parts;
    const name = hookName(hook);
    let record = beginRun(this.#recordOf(name), { scheduled: null, why: 'interval', startedAt: clock.wall(), startedMonotonic: clock.monotonic() });
    const keep = (change: Parameters<typeof withRun>[1]): void => {
      record = withRun(record, change);
      // Not worth an fsync: a hook is run again anyway.
      void store.write(name, record, false);
    };
    const { timeout } = this.#settings;
    const launch = { channel: name, argv: [path], environment: { WATCHKEEPER_HOOK: hook }, workingDirectory: '/', user: undefined, group: undefined, deadline: timeout };
    const started = await startProgram(launch, timeout, this.parts, (line) => log.info({ hook, line }, `hook ${hook}: output`));
    if (!started.ok) {
      log.warn({ hook, reason: started.reason }, `hook ${hook}: not started`);
      keep({ result: 'not-started', reason: started.reason });
      return;
    }
    keep({ process: started.run.process });
    this.#run = started.run;
    const end = await started.run.ended;
    this.#run = undefined;
    keep(end);
    const fields = { hook, result: end.result, reason: end.reason, took: end.took };
    if (end.result === 'ok') log.info(fields, `hook ${hook}: ended`);
    else log.warn(fields, `hook ${hook}: ${end.result}`);
  }

  #recordOf(name: string): TaskRecord {
    const record = this.parts.store.read(name) ?? emptyRecord(TIMETABLE, this.parts.clock.wall());
    return lastRun(record)?.result === 'running' ? withRun(record, CUT_OFF) : record;
  }

  /** A hook that can't be run is told once, not with each round. */
  #complain({ refused }: HookListing): void {
    const text = refused.map(({ name, reason }) => `${name}: ${reason}`).join('; ');
    if (text !== '' && text !== this.#complaints) this.parts.log.warn({ refused }, 'watcher hooks that are not run');
    this.#complaints = text;
  }
}
