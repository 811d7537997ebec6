/** The machine's processes: who runs, whether it is who we mean, when it ends. */
import type { DaemonSpec, SignalName } from '../core/daemon.js';
import type { ProcessIdentity } from '../core/process-identity.js';

export interface Cancel {
  cancel(): void;
}

/** A verdict over a pid that somebody claimed to be a daemon's. */
export type Claim =
  | { readonly kind: 'proven'; readonly process: ProcessIdentity }
  /** Nothing is there: a stale pid file. */
  | { readonly kind: 'none'; readonly reason: string }
  /** Something is there, but it is not the daemon: never signal it. */
  | { readonly kind: 'foreign'; readonly reason: string };

export interface ProcessTable {
  /** The process that has this pid now; undefined if none, or a zombie. */
  identify(pid: number): ProcessIdentity | undefined;
  /** Whether exactly this process still runs (a zombie does not). */
  isAlive(process: ProcessIdentity): boolean;
  /** Whether the process at `pid` is the daemon's: uid, executable or command, start time. */
  prove(spec: DaemonSpec, pid: number, claimedAt: number | undefined): Claim;
  /** Sends the signal only if exactly this process still has the pid. */
  signal(process: ProcessIdentity, signal: SignalName): 'sent' | 'gone' | 'not-permitted';
  /** The other processes of the session that this process leads; none if it leads none. */
  sessionMembers(process: ProcessIdentity): readonly ProcessIdentity[];
  /**
   * The same of one that has just ended, by a look that may be 100 ms old: what it
   * left is to be looked for once more. They are who they were, or signal() says 'gone'.
   * @param now monotonic ms
   */
  recentSessionMembers(process: ProcessIdentity, now: number): readonly ProcessIdentity[];
  /** Whether the process leads its session; false if it is gone. */
  leadsSession(process: ProcessIdentity): boolean;
  /** Whether anything is left of the process group that this process led; one system call, and no pass over all processes. */
  groupLives(process: ProcessIdentity): boolean;
  /** Calls back once when the process is gone. Costs no busy polling. */
  onExit(process: ProcessIdentity, callback: () => void): Cancel;
}
