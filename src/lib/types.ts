/** What the library's callers see. Plain data: it can be logged, compared and sent elsewhere as it is. */
import type { DaemonStatus } from '../core/daemon-status.js';
import type { ErrorCodeName } from '../core/errors.js';
import type { FailureCode } from '../core/outcome.js';

/** Nothing was done, or not all of it; docs/exit-codes.md explains each code. */
export interface Failed {
  readonly kind: 'failed';
  /** In capitals: the call itself was refused (unknown daemon, configuration with an error, silent watcher). */
  readonly code: FailureCode | ErrorCodeName;
  /** Why, in a sentence for people. */
  readonly reason: string;
  /** What to do about it, without a leading "try"; may be empty. */
  readonly next: string;
}

/** What came of one daemon. */
export type DaemonOutcome =
  | {
      readonly kind: 'ok';
      /** false: it was so already, and one-shot arguments were not used. */
      readonly changed: boolean;
      readonly detail: string;
      /** Of its main process, where it has one now. */
      readonly pid: number | null;
    }
  | {
      /** Nothing done, and nothing failed: a condition is not met, or this node is not the master. */
      readonly kind: 'skipped';
      readonly reason: string;
      readonly notMaster: boolean;
    }
  | Failed;

/** What came of several. */
export interface GroupOutcome {
  /** Each that was asked for is as it was asked for; one that is not the master's counts as `notMaster` says. */
  readonly ok: boolean;
  /** A daemon said that this node is not the master. It makes startMaster() and start() not ok, startAll() not. */
  readonly notMaster: boolean;
  /** In the order in which they were dealt with. */
  readonly daemons: readonly { readonly name: string; readonly outcome: DaemonOutcome; /** ms */ readonly took: number }[];
  /** Asked for, and not come to: a start ends at the first failure. */
  readonly untried: readonly string[];
  /** The first failure, of a daemon or of the whole call; undefined where there is none. */
  readonly failure: Failed | undefined;
}

export type StatusAnswer = { readonly kind: 'ok'; readonly daemons: readonly DaemonStatus[] } | Failed;

/** How long a call may take. What it has begun by then goes on to the daemons' own time-outs. */
export interface Patience {
  /** ms from the call; without it the daemons' own time-outs hold. */
  readonly deadline?: number | undefined;
  /** Aborted before anything was begun: nothing is done. Later: as a deadline that has passed. */
  readonly signal?: AbortSignal | undefined;
}

export interface StartOptions extends Patience {
  /** Given to the daemon for this start only, whatever restarts it later. */
  readonly arguments?: readonly string[] | undefined;
}

export interface GroupStartOptions extends Patience {
  /** By daemon: given to it for this start only. */
  readonly arguments?: Readonly<Record<string, readonly string[]>> | undefined;
}

export interface StopOptions extends Patience {
  /** It stays down until it is started by name, whatever its boot policy. */
  readonly hold?: boolean | undefined;
}

export interface WatchkeeperOptions {
  /** Path of the configuration; by default `WATCHKEEPER_CONFIG`, else /etc/watchkeeper/watchkeeper.yaml. */
  readonly config?: string | undefined;
  /** Who asks, for logs and the desired state, beside user and pid; by default the program's name. */
  readonly by?: string | undefined;
  /** Told of what an operator should know beside the answer, a line at a time; by default nobody is. */
  readonly note?: ((line: string) => void) | undefined;
}

/**
 * The daemons of this node. Each call reads the configuration anew and finds out
 * who carries it out (the watcher, systemd, or this process), as a call of
 * daemon-util does. No call throws for anything that can be expected.
 */
export interface Watchkeeper {
  start(name: string, options?: StartOptions): Promise<DaemonOutcome>;
  /** It stays down until somebody starts it. */
  stop(name: string, options?: StopOptions): Promise<DaemonOutcome>;
  /** One that is stopped is started. */
  restart(name: string, options?: StartOptions): Promise<DaemonOutcome>;
  /** The daemons of the role `master`, in order, to the first failure. */
  startMaster(options?: GroupStartOptions): Promise<GroupOutcome>;
  /** In reverse order; goes on after a failure. */
  stopMaster(options?: Patience): Promise<GroupOutcome>;
  /** All but those on demand, in order, to the first failure. */
  startAll(options?: GroupStartOptions): Promise<GroupOutcome>;
  /** In reverse order; goes on after a failure. */
  stopAll(options?: Patience): Promise<GroupOutcome>;
  /** @param names none: all */
  status(names?: readonly string[], options?: Patience): Promise<StatusAnswer>;
}
