/** All that one rendering of the page shows, of one moment. */
import type { Catalogue } from '../../core/catalogue.js';
import type { DaemonStatus } from '../../core/daemon-status.js';
import type { TimelineWord } from '../../core/history.js';
import type { RoleStatus } from '../../core/role.js';
import type { WatcherInfo } from '../../ports/control-service.js';
import type { NewsItem } from '../../ports/journal.js';
import type { PageSource } from '../../ports/page-source.js';
import type { TaskStatus } from '../../ports/task-control.js';

export interface View {
  /** ms since the epoch */
  readonly now: number;
  readonly host: string;
  readonly info: WatcherInfo;
  readonly catalogue: Catalogue;
  readonly daemons: readonly DaemonStatus[];
  readonly roles: readonly RoleStatus[];
  readonly tasks: readonly TaskStatus[];
  /** The newest first. */
  readonly news: readonly NewsItem[];
  /** undefined: the history could not be read. */
  readonly day: ReadonlyMap<string, readonly TimelineWord[]> | undefined;
}

export const NEWS_SHOWN = 15;

/** @param now ms since the epoch */
export async function look(source: PageSource, host: string, now: number): Promise<View> {
  const [daemons, day] = await Promise.all([source.daemons(), source.day().catch(() => undefined)]);
  return {
    now,
    host,
    info: source.info(),
    catalogue: source.catalogue(),
    daemons,
    roles: source.roles(),
    tasks: source.tasks(),
    news: source.news(NEWS_SHOWN).toReversed(),
    day,
  };
}
