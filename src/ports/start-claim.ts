/** What the claim that start-all has nothing to do (core/start-claim.ts) stands on, and where it lies. */
import type { Catalogue } from '../core/catalogue.js';
import type { DaemonSpec } from '../core/daemon.js';

export interface FileState {
  /** Tells this state from any other, whatever the clock did in between. */
  readonly stamp: string;
  /** ms since the epoch */
  readonly modified: number;
}

export interface ClaimGround {
  /** Of a file or directory, links followed; undefined: there is none, or it cannot be looked at. */
  state(path: string): FileState | undefined;
}

/** The claim's file. Readers compare its time of modification with that of the files that it names. */
export interface ClaimFile {
  /** Costs little where it is the same text as before. @param provenAt ms since the epoch; what changed before was seen */
  publish(text: string, provenAt: number): void;
  /** Does nothing where there is none. */
  withdraw(): void;
}

/** A configuration as the claim sees it. */
export interface ClaimedConfiguration {
  readonly main: string;
  readonly catalogue: Catalogue;
  /** All that were read. */
  readonly files: readonly string[];
  /** Where further ones would be, or where another file could take the place of one. */
  readonly directories: readonly string[];
  /** Directories that would be read if they were there. */
  readonly absent: readonly string[];
  /** Variables of the caller's environment that would change it. */
  readonly variables: readonly string[];
  /** Whether reading it anew would give the same. */
  isCurrent(): boolean;
}

/** How daemon-util starts with this service manager. */
export interface StartManner {
  /** Why it would not even try to start this one while it is down; undefined: it would. */
  skips(spec: DaemonSpec): string | undefined;
  /** As their outcomes are told. */
  inOrder(specs: readonly DaemonSpec[]): readonly DaemonSpec[];
}
