/**
 * What `daemon-util` asks for, whoever carries it out: the running watcher
 * (adapters/control-socket), or this process itself (app/direct-control).
 */
import type { DaemonStatus } from '../core/daemon-status.js';
import type { Outcome } from '../core/outcome.js';

export interface NamedOutcome {
  readonly name: string;
  readonly outcome: Outcome;
  /** ms that it took */
  readonly took: number;
}

export interface ControlRequest {
  /** Names of the catalogue; the controller brings them into order. */
  readonly names: readonly string[];
  /** Who asks, for logs and the desired state: "daemon-util start web (uid 0, pid 4711)". */
  readonly by: string;
}

export interface StopControlRequest extends ControlRequest {
  /** It stays down whatever the boot policy says, and whoever starts many, until it is started by name. */
  readonly hold?: boolean;
  /** ms until SIGKILL instead of each daemon's own stopTimeout; a unit's own TimeoutStopSec= stands. */
  readonly stopTimeout?: number;
  /** What is wanted stays on record as it is: the machine goes down, and the next boot goes by it. */
  readonly unrecorded?: boolean;
  /** Whose own check-and-start may start it again: "4711/75338", see core/desired-state.ts. */
  readonly asker?: string | undefined;
}

export interface StartControlRequest extends ControlRequest {
  /** Given up once whoever asks no longer waits: it may then not hold up what is asked for next. */
  readonly tied?: boolean;
  /** In this process: when that is. What was asked of the service manager by then goes on. */
  readonly abort?: AbortSignal;
  /** By name; for this start only. */
  readonly oneShotArguments: Readonly<Record<string, readonly string[]>>;
}

/** Told of each outcome as it comes, for progress on a terminal. */
export type Progress = (outcome: NamedOutcome) => void;

export interface Controller {
  readonly via: 'watcher' | 'direct';
  /** Sets desired `up`, then starts in order; of many, those that are held down are skipped. Ends after the first failure: later daemons have no outcome. */
  start(request: StartControlRequest, progress?: Progress): Promise<readonly NamedOutcome[]>;
  /** Sets desired `down`, then stops in reverse order. Goes on after a failure. */
  stop(request: StopControlRequest, progress?: Progress): Promise<readonly NamedOutcome[]>;
  /** Stops what runs and starts it again; what is stopped is started. */
  restart(request: StartControlRequest, progress?: Progress): Promise<readonly NamedOutcome[]>;
  status(names: readonly string[]): Promise<readonly DaemonStatus[]>;
}
