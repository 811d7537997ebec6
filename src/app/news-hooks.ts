/** The watcher's news as events for hooks, with what is known of the daemon at that moment. */
import type { DaemonStatus } from '../core/daemon-status.js';
import type { HookEvent } from '../core/hook.js';
import { eventOfNews } from '../core/hook-policy.js';
import type { NewsItem } from '../ports/journal.js';
import type { Hooks } from './hooks.js';

export class NewsHooks {
  /** Of main processes that run, or ended last: a crash is told when nothing is there any more. */
  readonly #pids = new Map<string, number>();
  #told: Promise<void> = Promise.resolve();

  /** @param status of one daemon, as it is at the moment of the call */
  constructor(
    private readonly hooks: Pick<Hooks, 'announce'>,
    private readonly status: (name: string) => Promise<DaemonStatus | undefined>,
  ) {}

  /** Returns at once. */
  tell(item: NewsItem): void {
    const status = this.status(item.daemon).catch(() => undefined);
    // One after the other, so that a hook hears of a crash before its restart.
    this.#told = this.#told.then(async () => this.#pass(item, await status));
  }

  #pass(item: NewsItem, status: DaemonStatus | undefined): void {
    if (item.news === 'start') this.#pids.delete(item.daemon);
    const pid = status?.pid ?? this.#pids.get(item.daemon) ?? null;
    if (pid !== null) this.#pids.set(item.daemon, pid);
    const event = eventOfNews(item.news);
    if (event !== undefined) void this.hooks.announce(hookEvent(item, event, pid, status));
  }
}

function hookEvent(item: NewsItem, event: HookEvent['event'], pid: number | null, status: DaemonStatus | undefined): HookEvent {
  const { id, at, daemon, news, reason, delay } = item;
  return {
    event, news, id, at, daemon, role: null, members: [], reason, pid,
    restarts: status?.restarts ?? null,
    nextTryMs: delay === undefined ? null : Math.round(delay),
    observed: status?.observed ?? null,
    desired: status?.desired ?? null,
    test: false,
  };
}
