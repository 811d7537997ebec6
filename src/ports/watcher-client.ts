/** What a client of the running watcher may ask beyond starting and stopping. */
import type { CatalogueChange } from '../core/catalogue-change.js';
import type { ClusterReport } from '../core/cluster-report.js';
import type { DaemonStatus } from '../core/daemon-status.js';
import type { RoleStatus } from '../core/role.js';
import type { WatcherInfo } from './control-service.js';
import type { Controller, ControlRequest, NamedOutcome, Progress } from './controller.js';
import type { TaskRun } from '../core/task-run.js';
import type { NewsItem } from './journal.js';
import type { Detection } from './service-manager.js';
import type { TaskStatus } from './task-control.js';

export interface StatusAnswer {
  readonly schemaVersion: number;
  /** null: no watcher runs, and the daemons were looked at directly. */
  readonly watcher: WatcherInfo | null;
  /** Of the configuration, in its order. */
  readonly roles: readonly RoleStatus[];
  /** Only without a watcher, which tells it itself. */
  readonly serviceManager?: Detection;
  readonly daemons: Readonly<Record<string, Omit<DaemonStatus, 'name'>>>;
}

export interface WatcherClient extends Controller {
  readonly via: 'watcher';
  /** As it was when it was first asked. */
  readonly info: WatcherInfo;
  /** @param names empty: all of the catalogue */
  statusAnswer(names?: readonly string[]): Promise<StatusAnswer>;
  /** @throws WatchkeeperError CONFIG_INVALID; the old configuration then stays in force */
  reload(): Promise<readonly CatalogueChange[]>;
  retryNow(request: ControlRequest, progress?: Progress): Promise<readonly NamedOutcome[]>;
  reset(request: ControlRequest, progress?: Progress): Promise<readonly NamedOutcome[]>;
  /** Has the watcher look at once whether somebody paused something. */
  refresh(): Promise<void>;
  clusterReports(): Promise<readonly ClusterReport[]>;
  tasks(): Promise<readonly TaskStatus[]>;
  /** @throws WatchkeeperError UNKNOWN_TASK */
  taskHistory(name: string): Promise<readonly TaskRun[]>;
  /** As TaskControl.run. */
  runTask(name: string, by: string): Promise<string>;
  /** Ends when the watcher ends; with `follow`, not before. */
  events(options: { limit: number; follow: boolean }, callback: (item: NewsItem) => void): Promise<void>;
}
