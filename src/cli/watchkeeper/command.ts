/** What a command of `watchkeeper` is, and what it may use. */
import type { ChosenControl } from '../../app/control-choice.js';
import type { ClusterReport } from '../../core/cluster-report.js';
import type { ClusterView, HeldDaemon } from '../../core/cluster-view.js';
import type { PauseLease } from '../../core/pause.js';
import type { HookResult } from '../../app/hook-lane.js';
import type { DaemonDetails } from '../../core/daemon-details.js';
import type { DaemonFacts, MachineFacts } from '../../core/doctor-facts.js';
import type { HistoryInterval } from '../../core/history.js';
import type { NewsItem } from '../../ports/journal.js';
import type { LoadedConfiguration } from '../../adapters/config/configuration.js';
import type { OcfAnswer } from '../../core/ocf.js';
import type { ClusterConfiguration } from '../../ports/cluster-configuration.js';
import type { TaskControl } from '../../ports/task-control.js';
import type { HookEventKind } from '../../core/hook.js';
import type { UnitInstaller } from '../../ports/unit-installer.js';
import type { StatusAnswer, WatcherClient } from '../../ports/watcher-client.js';

export interface OptionSpec {
  readonly name: string;
  readonly short?: string;
  /** As help prints it after the name: FILE, N; undefined: a flag. */
  readonly value?: string;
  readonly summary: string;
}

export interface Command {
  /** One word, or two: "config check". */
  readonly name: string;
  /** As help prints them: "[DAEMON…]". */
  readonly arguments: string;
  /** Most positional arguments that it takes. */
  readonly most: number;
  readonly summary: string;
  readonly example: string;
  readonly options: readonly OptionSpec[];
  /** For programs: help does not list it. */
  readonly hidden?: boolean;
  readonly load: () => Promise<Handler>;
}

export interface Call {
  readonly args: readonly string[];
  flag(name: string): boolean;
  value(name: string): string | undefined;
}

/** @returns the exit status */
export type Handler = (call: Call, session: Session) => Promise<number>;

export interface Session {
  readonly means: Means;
  /** A line of the result, on stdout. */
  out(line: string): void;
  /** Chatter, on stderr. */
  err(line: string): void;
}

/** What bin/ composes: all made on first use. */
export interface Means {
  readonly version: string;
  readonly terminal: Terminal;
  /** undefined: no watcher runs. */
  client(config: string | undefined): Promise<WatcherClient | undefined>;
  /** "uid 0, pid 4711" */
  readonly caller: string;
  /** Whose a pause is if nobody is named: the user that called sudo, or that we are. */
  readonly owner: string;
  /** ms since the epoch */
  now(): number;
  /** For changes; holds control until it is released. */
  control(config: string | undefined, by: string): Promise<ChosenControl>;
  /** @param change gives what is to be kept instead; under a lock. @returns what is kept now */
  pauses(config: string | undefined, change?: (leases: readonly PauseLease[]) => readonly PauseLease[]): Promise<readonly PauseLease[]>;
  /** Status without a watcher: what this process sees itself. */
  ownStatus(config: string | undefined, names: readonly string[]): Promise<StatusAnswer>;
  /** Status, with a watcher or without, of one daemon; and what is to be known beyond it. */
  details(config: string | undefined, name: string): Promise<{ readonly answer: StatusAnswer; readonly details: DaemonDetails }>;
  /** All that doctor judges by, of these daemons, or of all. */
  examine(config: string | undefined, names: readonly string[]): Promise<Examination>;
  /** The events that are written down, the newest last. */
  ownEvents(config: string | undefined): Promise<readonly NewsItem[]>;
  /** By name; from, to: ms since the epoch. */
  history(config: string | undefined, from: number, to: number): Promise<ReadonlyMap<string, readonly HistoryInterval[]>>;
  /** @returns the exit status; with `follow`, ends only with us */
  logs(config: string | undefined, name: string, options: LogOptions, sink: LogSink): Promise<number>;
  /** Tasks without a watcher: what the files say. */
  ownTasks(config: string | undefined): Promise<Pick<TaskControl, 'list' | 'history'>>;
  /** What the cluster holds here, by our records and by its own. @param names none: all @throws WatchkeeperError USAGE */
  clusterHoldings(config: string | undefined, names: readonly string[]): Promise<ClusterHoldings>;
  /** Gives up holds that the cluster has forgotten; with `force` any. @throws WatchkeeperError USAGE, STATE_UNWRITABLE */
  clusterRelease(config: string | undefined, names: readonly string[], force: boolean): Promise<readonly ReleaseResult[]>;
  /** @param runtime where copies may lie meanwhile */
  clusterConfiguration(runtime: string): Promise<ClusterConfiguration>;
  /** Carries out an action of one of our OCF agents; the call is in the environment. */
  clusterAgent(agent: string, action: string): Promise<OcfAnswer>;
  /** Runs the watcher until it is told to end; @returns its exit status. */
  run(options: RunOptions): Promise<number>;
  /** @throws WatchkeeperError UNKNOWN_DAEMON, USAGE */
  testHooks(config: string | undefined, event: HookEventKind, subject: string): Promise<readonly HookResult[]>;
  /** @param root `/`, or where a system is being built */
  units(root: string): Promise<UnitInstaller>;
  /** @throws WatchkeeperError CONFIG_INVALID, CONFIG_UNREADABLE */
  configuration(config: string | undefined): Promise<LoadedConfiguration>;
}

export interface ClusterHoldings {
  readonly view: ClusterView;
  readonly daemons: readonly HeldDaemon[];
  /** Of the roles' resources here; null: none is set. */
  readonly scores: readonly { readonly resource: string; readonly score: number | null }[];
  /** Of `ocf:watchkeeper:unit`. */
  readonly units: readonly { readonly resource: string; readonly parameter: string }[];
  /** What the watcher told the cluster of failures, and could not tell; or why that is not known. */
  readonly reports: readonly ClusterReport[] | { readonly unknown: string };
  /** Those that were asked for and are not held. */
  readonly notHeld: readonly string[];
}

export interface ReleaseResult {
  readonly name: string;
  /** false: there was nothing to release, or it was refused. */
  readonly released: boolean;
  readonly refusal: string | undefined;
}

export interface RunOptions {
  readonly config: string | undefined;
  readonly demo: boolean;
  readonly table: boolean;
  /** Stop the daemons too when the watcher is told to end. */
  readonly stopOnExit: boolean;
  /** We are the main process of a container, whatever process 1 is. */
  readonly container: boolean;
}

export interface Examination {
  readonly machine: MachineFacts;
  /** Those that were asked for, and those that they require. */
  readonly daemons: readonly DaemonFacts[];
  /** Those that were asked for, in the catalogue's order. */
  readonly names: readonly string[];
}

export interface LogOptions {
  readonly lines: number;
  readonly follow: boolean;
}

export interface LogSink {
  /** As the daemon printed it. */
  line(text: string): void;
  note(text: string): void;
}

/** What is known of the terminal behind stdout. */
export interface Terminal {
  readonly isTerminal: boolean;
  readonly colour: boolean;
  /** Whether it shows more than ASCII. */
  readonly utf8: boolean;
  /** undefined: no terminal, or one that does not tell. */
  readonly columns: number | undefined;
}
