/** sd_notify(3) where systemd is not there to be told: the daemon's other end is the watcher. */
import type { DaemonSpec } from '../core/daemon.js';

export type OpenedSocket =
  | { readonly ok: true; /** NOTIFY_SOCKET, and WATCHDOG_USEC where it has a watchdog check */ readonly environment: Readonly<Record<string, string>> }
  /** "cannot listen for notifications: /usr/bin/perl is missing" */
  | { readonly ok: false; readonly reason: string };

/** What one life of a daemon has said so far. Instants are monotonic ms. */
export interface NotifyState {
  readonly ready: boolean;
  /** Of the last WATCHDOG=1, or when we began to listen, or when it had reloaded. */
  readonly lastPing: number;
  /** WATCHDOG=trigger: it takes itself for hung. */
  readonly triggered: boolean;
  /** ms; from the daemon itself, in place of the check's interval. */
  readonly watchdogInterval: number | undefined;
  readonly status: string | null;
  /** Until then, at most, it reloads or stops, and is not to be judged. */
  readonly busyUntil: number;
  /** It asked for more time to start or to stop, up to this instant. */
  readonly extendedUntil: number;
  /** When it asked so last. */
  readonly extendedAt: number;
  /** It was heard at least once. */
  readonly heard: boolean;
}

export interface Notifications {
  /**
   * A fresh socket for a process that is about to be started, bound when this
   * resolves; forgets what its predecessor said.
   * @param mainPid told of MAINPID=, which is a claim
   */
  open(spec: DaemonSpec, mainPid: (pid: number) => void): Promise<OpenedSocket>;
  /** The same for one that runs already, with this path in its environment if a watcher started it. */
  resume(spec: DaemonSpec, mainPid: (pid: number) => void): Promise<OpenedSocket>;
  /** undefined: nobody listens for it. */
  state(name: string): NotifyState | undefined;
  /** Resolves at the next word of this daemon's, or after `timeout` ms. */
  next(name: string, timeout: number): Promise<void>;
  /** Resolves when all that has been said before has been heard, or soon in any case. */
  heardOut(): Promise<void>;
  /** The watcher ends; the paths stay for the next one. */
  release(): void;
}
