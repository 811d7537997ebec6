/** What the questions ask of a supervisor that is measured. */
import type { Stamps } from './stamps.mjs';

/** Its daemons are d1, d2 … (they run until asked to end) and c1 (it ends with 1 at once, until it is fixed). */
export interface Peer {
  readonly name: string;
  readonly stamps: Stamps;
  /** It knows the daemons and is up; none of them runs. */
  setUp(names: readonly string[]): Promise<void>;
  /** @returns when the command began, ms of CLOCK_MONOTONIC */
  startAll(): Promise<number>;
  stopAll(): Promise<number>;
  /** undefined: it can't start one alone. */
  readonly startOne: ((name: string) => Promise<void>) | undefined;
  /** Have the next attempt made now. */
  readonly retryNow: ((name: string) => Promise<number>) | undefined;
  /** From now on a crashing daemon no longer ends. */
  fix(): void;
  /** ms of each of `times` runs of the command that tells the state of all; an empty Node program, where `empty`. undefined: there is none. */
  status(times: number, empty: boolean): Promise<readonly number[] | undefined>;
  /** SIGKILL to those that run now. @returns when, ms */
  kill(names: readonly string[]): number;
  /** pids of the supervisor's own processes. */
  processes(): readonly number[];
  tearDown(): Promise<void>;
}

export interface Ground {
  /** Names of peers that can be measured here. */
  readonly available: readonly string[];
  /** Why others can't. */
  readonly leftOut: readonly string[];
  peer(name: string): Peer;
  /** Ends everything that is left; also after a failure. */
  clear(): Promise<void>;
}

export const numbered = (count: number): string[] => Array.from({ length: count }, (_, index) => `d${index + 1}`);
