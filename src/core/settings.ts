/** How Watchkeeper itself behaves, as opposed to the daemons (catalogue.ts). */
import type { Paths } from './paths.js';
import type { WatcherHooks } from './task.js';

export interface Settings {
  readonly paths: Paths;
  readonly log: {
    readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
    /** `auto`: for people on a terminal, JSON elsewhere. */
    readonly format: 'auto' | 'json' | 'pretty';
  };
  /** `auto`: as detection finds (design: one owner restarts each daemon). */
  readonly serviceManager: 'auto' | 'systemd' | 'start-stop-daemon' | 'built-in';
  /** ms that a command waits for another one that is busy with the same daemon. */
  readonly lockTimeout: number;
  /** ms that a command waits for the watcher to take a request; the work itself has the daemons' own deadlines. */
  readonly controlTimeout: number;
  /** ms between two signs of life of the watcher on the state board. */
  readonly heartbeatInterval: number;
  /** Pause file of the old watcher's kind: its first line is the Unix time until which nothing is done. */
  readonly pauseFile: string | undefined;
  /** Holds a directory for each event (core/hook.ts), whose executables are hooks. */
  readonly hooksDirectory: string;
  /** As the main process of a container. */
  readonly container: {
    /** ms for stopping all daemons; then what is left is killed. */
    readonly stopBudget: number;
  };
  /** Of each daemon's output file, where systemd's journal doesn't take it. */
  readonly output: {
    /** Bytes after which a file is rotated. */
    readonly maxBytes: number;
    /** Rotated files that are kept. */
    readonly files: number;
  };
  /** Executables that the watcher runs after each interval. */
  readonly watcherHooks: WatcherHooks;
  /** What is shown by HTTP, to be read only. */
  readonly web: WebSettings;
}

export interface WebSettings {
  /** As parseWebAddress takes it; undefined: nothing is served. */
  readonly listen: string | undefined;
  /** Group whose members may connect to a UNIX socket; undefined: root alone. */
  readonly group: string | undefined;
  /** Names in the Host header besides that of the machine itself. */
  readonly hosts: readonly string[];
  readonly page: boolean;
  readonly metrics: boolean;
}
