/** What the running watcher offers to those who talk to it. */
import type { AgentDesk } from './agent-desk.js';
import type { CommandDesk } from './command-desk.js';
import type { CatalogueChange } from '../core/catalogue-change.js';
import type { ClusterReport } from '../core/cluster-report.js';
import type { RestartOwner } from '../core/daemon.js';
import type { RoleStatus } from '../core/role.js';
import type { Controller, ControlRequest, NamedOutcome, Progress } from './controller.js';
import type { NewsItem } from './journal.js';
import type { Cancel } from './process-table.js';
import type { Detection } from './service-manager.js';
import type { TaskControl } from './task-control.js';

export interface WatcherInfo {
  readonly version: string;
  readonly pid: number;
  /** ms that this watcher has run */
  readonly uptime: number;
  readonly restartOwner: RestartOwner;
  readonly serviceManager: Detection;
  readonly group: string;
  /** Configuration files changed on the disk since they were loaded. */
  readonly staleConfiguration: boolean;
  /** Keys that a reload has brought, and that are in force only when the watcher is restarted. */
  readonly waitsForRestart: readonly string[];
}

export interface ControlService {
  readonly controller: Controller;
  info(): WatcherInfo;
  /** Names of the catalogue, in its order. */
  names(): readonly string[];
  /** @throws WatchkeeperError CONFIG_INVALID; the old configuration then stays in force */
  reload(): Promise<readonly CatalogueChange[]>;
  retryNow(request: ControlRequest, progress?: Progress): Promise<readonly NamedOutcome[]>;
  reset(request: ControlRequest, progress?: Progress): Promise<readonly NamedOutcome[]>;
  /** Looks at once whether somebody paused something, or no longer does. */
  refresh(): void;
  /** What the cluster was told of what it holds, and could not be told yet. */
  clusterReports(): readonly ClusterReport[];
  readonly tasks: TaskControl;
  readonly agents: AgentDesk;
  readonly commands: CommandDesk;
  roles(): readonly RoleStatus[];
  /** The newest last. */
  recentNews(limit: number): readonly NewsItem[];
  followNews(callback: (item: NewsItem) => void): Cancel;
}
