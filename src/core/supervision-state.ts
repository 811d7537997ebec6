/** The words of the supervision machine (supervision.ts): phases, events, effects. */
import type { DaemonSpec, DesiredState } from './daemon.js';
import type { ExitStatus } from './exit-status.js';
import type { FailureCode } from './outcome.js';
import type { ProcessIdentity } from './process-identity.js';
import type { Tally } from './restart.js';

/** What comes when a stop is done. */
export type AfterStop = 'stay-down' | 'start' | 'count-failure' | 'wait-for-role';

export type Phase =
  | { readonly kind: 'stopped' }
  /** Up is wanted, and required daemons are not ready. */
  | { readonly kind: 'waiting' }
  /** `process` is undefined until the launch is confirmed. */
  | { readonly kind: 'starting'; readonly process: ProcessIdentity | undefined; readonly since: number }
  | {
      readonly kind: 'running';
      readonly process: ProcessIdentity;
      readonly since: number;
      /** Names the timer that ends the row of failures; undefined: no row. */
      readonly token: number | undefined;
      /** Why it is of no use to its dependants, although it runs; undefined: it is. */
      readonly degraded: string | undefined;
      /** How the last try to end it failed, which may have left it half dead; undefined: nobody has tried. */
      readonly unstoppable: string | undefined;
    }
  | {
      readonly kind: 'stopping';
      readonly process: ProcessIdentity | undefined;
      readonly then: AfterStop;
      readonly since: number;
      /** How the process has ended, although the stop is not complete; undefined: it has not, as far as is known. */
      readonly exit: ExitStatus | undefined;
    }
  | { readonly kind: 'backing-off' | 'crash-loop'; readonly token: number; readonly until: number }
  | { readonly kind: 'given-up' };

export type PhaseKind = Phase['kind'];

/** What a new watcher of the same boot must know to go on as the old one would. */
export interface Memory {
  readonly tally: Tally;
  /** Restarts since the daemon was first supervised. */
  readonly restarts: number;
  readonly lastExit: ExitStatus | undefined;
  /** Monotonic instant of the next attempt; undefined: none is timed. */
  readonly retryAt: number | undefined;
  /** It was given up: only an operator's start brings it back. */
  readonly givenUp: boolean;
}

export interface Supervision {
  readonly phase: Phase;
  readonly desired: DesiredState;
  /** Why it is in this phase: the last decision, in words. */
  readonly reason: string;
  readonly memory: Memory;
  /** Names of required daemons that are not ready. */
  readonly unmet: readonly string[];
  /** Why this node is not to run it by itself, e.g. "not master"; undefined: nothing is known against it. */
  readonly withheld: string | undefined;
  /** It has been up since before its role went: what `role-lost` stops. An explicit start since then is another matter. */
  readonly stranded: boolean;
  /** It is withheld only until the software that moved the role here had its turn; an explicit start is that turn. */
  readonly settling: boolean;
  /** Why nothing is to be done by itself, e.g. "paused by ops until 14:00: upgrade"; undefined: nobody paused it. */
  readonly paused: string | undefined;
  /** Which resource of the cluster holds it, e.g. "the cluster restarts it (resource web)"; undefined: none. */
  readonly held: string | undefined;
  /** For the next launch only. */
  readonly oneShotArguments: readonly string[];
  /** Last token given out; a timer with another token than the phase's is stale. */
  readonly tokens: number;
}

export type SupervisionEvent =
  /** An operator's wish; `by` says whose. */
  | { readonly kind: 'want-up'; readonly by: string; readonly oneShotArguments: readonly string[] }
  | { readonly kind: 'want-down'; readonly by: string }
  | { readonly kind: 'restart'; readonly by: string; readonly oneShotArguments: readonly string[] }
  /** Names of required daemons that are not ready; empty: all are. */
  | { readonly kind: 'dependencies'; readonly unmet: readonly string[] }
  /** undefined: nobody pauses it any more. */
  | { readonly kind: 'paused'; readonly reason: string | undefined }
  /** undefined: this node holds a role of its, or its roles have no source that could tell. */
  | { readonly kind: 'role'; readonly withheld: string | undefined; readonly settling: boolean }
  /** The role is held, and whoever else may start it had time to do so. */
  | { readonly kind: 'role-gained'; readonly by: string }
  /** The role is lost, whoever else may stop it had time to do so, and it is ours to stop. */
  | { readonly kind: 'role-lost'; readonly by: string }
  /** The cluster holds it from now on, or (undefined) no longer does. */
  | { readonly kind: 'held'; readonly reason: string | undefined }
  /** A liveness check failed often enough. */
  | { readonly kind: 'unhealthy'; readonly process: ProcessIdentity; readonly reason: string }
  /** A readiness check failed often enough, or passes again (`reason` undefined). */
  | { readonly kind: 'degraded'; readonly process: ProcessIdentity; readonly reason: string | undefined }
  /** An operator does not want to wait for the timed attempt; failures stay on record. */
  | { readonly kind: 'retry-now'; readonly by: string }
  /** An operator wants the failures forgotten. */
  | { readonly kind: 'reset'; readonly by: string }
  | { readonly kind: 'launched'; readonly process: ProcessIdentity }
  | { readonly kind: 'launch-failed'; readonly code: FailureCode; readonly reason: string; readonly retry: boolean }
  /** A start condition is not met. */
  | { readonly kind: 'skipped'; readonly reason: string }
  | { readonly kind: 'ready'; readonly process: ProcessIdentity }
  | { readonly kind: 'not-ready'; readonly process: ProcessIdentity; readonly reason: string }
  | { readonly kind: 'exited'; readonly process: ProcessIdentity; readonly exit: ExitStatus; readonly detail: string }
  /** The look at the machine at the watcher's start. */
  | { readonly kind: 'found'; readonly process: ProcessIdentity; readonly reason: string }
  /** The daemon has named another process of its own as its main one. */
  | { readonly kind: 'main-process'; readonly process: ProcessIdentity; readonly reason: string }
  | { readonly kind: 'absent'; readonly reason: string }
  | { readonly kind: 'timer'; readonly token: number }
  /** The stop is complete: process, session and pid file are gone. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'stop-failed'; readonly reason: string };

export type EventKind = SupervisionEvent['kind'];

/** News for people and hooks; the words are those of `watchkeeper events`. */
export type NewsKind =
  | 'start'
  | 'ready'
  | 'adopted'
  | 'stop'
  | 'stopped'
  | 'crash'
  | 'restart'
  | 'crash-loop'
  | 'given-up'
  | 'recovered'
  | 'waiting'
  | 'skipped'
  | 'stop-failed'
  | 'unhealthy'
  | 'degraded'
  | 'healthy'
  | 'reset'
  /** The unit is not what the catalogue makes of it, or systemd has read an older one. */
  | 'drift';

export type Effect =
  | { readonly kind: 'launch'; readonly oneShotArguments: readonly string[] }
  /** Escalating stop; answered by `gone` or `stop-failed`. */
  | { readonly kind: 'terminate'; readonly process: ProcessIdentity }
  | { readonly kind: 'arm-timer'; readonly token: number; readonly delay: number }
  | { readonly kind: 'disarm-timer' }
  /** It is the cluster's to recover; `process` is the life that came to nothing, undefined where it was over before we came. */
  | { readonly kind: 'tell-cluster'; readonly process: ProcessIdentity | undefined; readonly reason: string }
  | { readonly kind: 'remember'; readonly memory: Memory }
  | { readonly kind: 'announce'; readonly news: NewsKind; readonly reason: string; readonly delay: number | undefined };

/** What the machine needs of the catalogue and the host. */
export interface Context {
  readonly spec: DaemonSpec;
  readonly notMasterExitStatus: number;
  /** Monotonic ms since boot. */
  readonly now: number;
  /** In [0, 1). */
  readonly random: number;
}

export type Step = readonly [Supervision, readonly Effect[]];
