/** Any unit of the service manager, whether a daemon of the catalogue or not, for the cluster. */
import type { Outcome } from '../core/outcome.js';
import type { ProcessIdentity } from '../core/process-identity.js';

export interface UnitLook {
  /** undefined: it can be started. Otherwise why not: it is missing, masked, broken. */
  readonly unusable: string | undefined;
  /** `changing`: on its way up or down. */
  readonly state: 'active' | 'changing' | 'inactive' | 'failed';
  /** In words. */
  readonly reason: string;
  /** It is down, and yet processes of it live that its end should have taken. */
  readonly leftProcesses: boolean;
  /** What proves, cheaply, that it is still active; undefined while it is not. */
  readonly proof: UnitProof | undefined;
  /** Whether its service manager restarts it by itself. */
  readonly restartsItself: boolean;
}

export type UnitProof =
  /** As long as a process of this number lives in this control group (a directory), and is the first: in this group nothing outlives the main one. */
  | { readonly kind: 'member'; readonly pid: number; readonly directory: string }
  /** As long as this process lives. */
  | { readonly kind: 'process'; readonly process: ProcessIdentity }
  /** As long as a process lives in this control group (a directory). */
  | { readonly kind: 'group'; readonly directory: string }
  /** Nothing but to ask the service manager. */
  | { readonly kind: 'ask' };

export interface StartedUnit {
  readonly outcome: Outcome;
  /** As it was found then; undefined where it failed, and where nothing but its state was looked at. */
  readonly look: UnitLook | undefined;
}

export interface UnitStart {
  /** ms; what is not up by then, or when the signal is given, will not come up later. */
  readonly limit: number;
  readonly abort: AbortSignal | undefined;
  /** What isUnread() has said a moment ago. */
  readonly isUnread: boolean;
}

export interface UnitControl {
  /** @throws WatchkeeperError INTERNAL where the service manager does not answer */
  look(unit: string): Promise<UnitLook>;
  /** Whether nobody has asked for it, so that the service manager will read its files when it starts it. false: it may have read them. */
  isUnread(unit: string): Promise<boolean>;
  start(unit: string, start: UnitStart): Promise<StartedUnit>;
  /** Stopped means that none of its processes is left, either. @param limit ms */
  stop(unit: string, limit: number): Promise<Outcome>;
  /** SIGKILL to all of it, those included that it has left behind. */
  kill(unit: string): Promise<void>;
  reload(unit: string, limit: number): Promise<Outcome>;
}
