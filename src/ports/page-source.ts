/** What the status page and the metrics are made of. There is nothing in it that changes anything. */
import type { Catalogue } from '../core/catalogue.js';
import type { DaemonStatus } from '../core/daemon-status.js';
import type { TimelineWord } from '../core/history.js';
import type { RoleStatus } from '../core/role.js';
import type { WatcherInfo } from './control-service.js';
import type { NewsItem } from './journal.js';
import type { TaskStatus } from './task-control.js';

export interface PageSource {
  readonly info: () => WatcherInfo;
  readonly catalogue: () => Catalogue;
  /** All of the catalogue, in its order. */
  readonly daemons: () => Promise<readonly DaemonStatus[]>;
  readonly roles: () => readonly RoleStatus[];
  readonly tasks: () => readonly TaskStatus[];
  /** The newest last. */
  readonly news: (limit: number) => readonly NewsItem[];
  /** The last 24 hours, as DayBook tells them; rejects if the history can't be read. */
  readonly day: () => Promise<ReadonlyMap<string, readonly TimelineWord[]>>;
}
