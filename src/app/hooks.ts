/**
 * Hands events to the hooks that they concern. Hooks run side by side, each one
 * by one; a slow one delays nothing but itself.
 */
import { DIRECTORY_HOOK, type HookEvent, type HookEventKind, type HookSpec } from '../core/hook.js';
import { concerns } from '../core/hook-policy.js';
import type { Log } from '../ports/log.js';
import { HookLane, type HookResult, type LaneParts } from './hook-lane.js';
import { within } from './within.js';

export interface HooksParts extends LaneParts {
  readonly log: Log;
}

export interface HooksConfiguration {
  readonly hooks: readonly HookSpec[];
  /** Holds a directory for each event, whose executables are hooks too; undefined: none. */
  readonly directory: string | undefined;
}

export class Hooks {
  readonly #lanes = new Map<string, HookLane>();
  readonly #abort = new AbortController();
  /** Runs that have not come to an end. */
  readonly #open = new Set<Promise<unknown>>();
  #configuration: HooksConfiguration;

  constructor(
    private readonly parts: HooksParts,
    configuration: HooksConfiguration,
  ) {
    this.#configuration = configuration;
  }

  /** From the next event on; what waits is run as it was. */
  configure(configuration: HooksConfiguration): void {
    this.#configuration = configuration;
  }

  /** Those that the event concerns: the configured ones, then the directory's. */
  select(event: Pick<HookEvent, 'event' | 'daemon' | 'role'>): readonly HookSpec[] {
    const { hooks, directory } = this.#configuration;
    const listed = directory === undefined ? [] : this.#list(`${directory}/${event.event}`);
    return [...hooks.filter((hook) => concerns(hook, event)), ...listed.map((path) => directoryHook(path, event.event))];
  }

  /** Settles when all have run or will not; never rejects. Nobody needs to wait for it. */
  announce(event: HookEvent): Promise<readonly HookResult[]> {
    if (this.#abort.signal.aborted) return Promise.resolve([]);
    const runs = this.select(event).map(async (hook) => {
      const result = await this.#lane(hook.argv[0], hook.name).offer(hook, event);
      this.#tell(result);
      return result;
    });
    const all = Promise.all(runs);
    this.#open.add(all);
    void all.finally(() => this.#open.delete(all));
    return all;
  }

  /** Gives what is under way so many ms; then kills what still runs, and forgets what waits. */
  async finish(patience: number): Promise<void> {
    if (this.#open.size > 0) await within(this.parts.clock, patience, Promise.all(this.#open));
    this.#abort.abort();
    for (const lane of this.#lanes.values()) lane.clear();
  }

  /** Whatever is wrong with a directory of hooks, what was to be told goes on. */
  #list(directory: string): readonly string[] {
    try {
      return this.parts.programs.list(directory);
    } catch (error) {
      this.parts.log.warn({ directory, reason: String(error) }, `cannot look for hooks in ${directory}`);
      return [];
    }
  }

  #lane(path: string, name: string): HookLane {
    // A reload may give the name to another program, which begins anew.
    const key = `${name} ${path}`;
    const lane = this.#lanes.get(key) ?? new HookLane(this.parts, this.#abort.signal);
    this.#lanes.set(key, lane);
    return lane;
  }

  #tell({ hook, event, kind, reason, took, output }: HookResult): void {
    const { log } = this.parts;
    const fields = { hook: hook.name, event: event.event, ...(event.role === null ? { daemon: event.daemon } : { role: event.role }) };
    for (const line of output) log.info(fields, `hook ${hook.name}: ${line}`);
    if (kind === 'ok') log.debug({ ...fields, took: Math.round(took) }, `hook ${hook.name} ran`);
    else if (kind === 'suppressed') log.debug({ ...fields, reason }, `hook ${hook.name} was spared`);
    else log.warn({ ...fields, took: Math.round(took), reason }, `hook ${hook.name}: ${kind}`);
  }
}

/** "crash/50-mail" for EVENT/NAME. */
function directoryHook(path: string, event: HookEventKind): HookSpec {
  return { ...DIRECTORY_HOOK, name: path.split('/').slice(-2).join('/'), on: [event], argv: [path] };
}
