/** What a storm is told, and what it gives back. */
import { readFileSync } from 'node:fs';

import type { Suite } from '../support/containers/recipe.js';
import type { Verdict } from './invariants.js';
import type { Observation } from './observation.js';
import type { FaultKind } from './plan.js';
import type { SweepKind } from './sweep.js';

export interface StormOptions {
  readonly seed: number;
  readonly faults: number;
  /** At most so long from the first fault on. */
  readonly seconds: number;
  /** Faults that are tried however long it takes: on a machine that others share few come in a second. Default 0. */
  readonly atLeast?: number;
  readonly daemons: number;
  /** ms from the last fault until all must be where it is wanted. */
  readonly bound: number;
  /** Whether what was observed is kept without a loss, too. */
  readonly keep?: boolean;
  /** Whose systemd it is, in a container; default bookworm's. */
  readonly debian?: Suite;
  /** No other faults than these. */
  readonly only?: readonly FaultKind[];
  /** Instead of a storm: whom to kill at each of his calls, see sweep.ts. */
  readonly sweep?: readonly SweepKind[];
  /** From which call to which, of each way; default all of them. */
  readonly points?: readonly [number, number];
  /** Whether it does what a broken watcher would do, see sabotage.ts; or under systemd, what leaves one down, see sabotage-systemd.ts. */
  readonly sabotage?: boolean;
}

export interface StormResult {
  readonly verdict: Verdict;
  readonly log: readonly Observation[];
  /** Where the observations and what the watcher said are kept after a loss; empty: nowhere. */
  readonly directory: string;
}

/** Start, kinds that are tried again, settling and taking down, seconds; a storm that is not over then ends itself, and says where it was. */
export const BEFORE_AND_AFTER = 300;

/** ms until whoever began a storm ends it, which could not even do that. */
export function patience(options: StormOptions): number {
  return (options.seconds + BEFORE_AND_AFTER + 30) * 1000;
}
/** Smaller than any machine's: pids come round within minutes. */
export const PID_MAX = 1500;

/** Since Linux 6.14 each pid namespace has its own; before, it would be the whole machine's. */
export function ownsPidMax(): boolean {
  const [major = 0, minor = 0] = readFileSync('/proc/sys/kernel/osrelease', 'utf8').split('.').map(Number);
  return major > 6 || (major === 6 && minor >= 14);
}

/** ms; on a machine that others share an observer waits for its turn, too. */
export const LONGEST_LOOK = 10_000;

/** ms that all must stay where it is wanted. */
export const STABLE = 2000;
