/**
 * Slow attempts for units that systemd has given up: pure, with time and chance
 * as arguments, and always with the reason in words.
 *
 * systemd is the restart owner: as long as it restarts, and for whatever was
 * stopped on purpose, nothing is done. Each failure is known by its instant, so
 * that an attempt answers one failure, once. Attempts are a *row*, in which the
 * delay grows, until the daemon has been up for long enough, or anybody but us
 * has started it.
 */
import type { DaemonSpec } from './daemon.js';
import type { Wanted } from './desired-state.js';
import type { LeftDown, Observation } from './observation.js';

/** Instants are monotonic ms since boot. */
export interface RetryMemory {
  /** The failure that this is about; undefined: none. */
  readonly failedAt: number | undefined;
  /** Attempts in this row. */
  readonly attempts: number;
  /** The next one; undefined: none is timed. */
  readonly at: number | undefined;
  /** An attempt has answered this failure, and what comes of it is not seen yet. */
  readonly tried: boolean;
  /** Why this failure is never answered. */
  readonly held: string | undefined;
  /** Seen up since. */
  readonly upSince: number | undefined;
}

export const NO_RETRY: RetryMemory = { failedAt: undefined, attempts: 0, at: undefined, tried: false, held: undefined, upSince: undefined };

export interface RetryInput {
  readonly spec: Pick<DaemonSpec, 'systemdRetry' | 'restart'>;
  readonly observation: Pick<Observation, 'state' | 'leftDown'>;
  readonly wanted: Pick<Wanted, 'desired' | 'reason'>;
  /** An operator's own word says up, and not only the default. */
  readonly askedFor: boolean;
  readonly paused: string | undefined;
  /** Required daemons that are not up: a start would pull them up, too. */
  readonly unmet: readonly string[];
  readonly now: number;
  /** In [0, 1). */
  readonly random: number;
}

export type RetryDecision =
  /** It is not left down, or slow attempts are not wanted for it. */
  | { readonly kind: 'none' }
  /** It is down, and not ours to start. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** Not as things are now. */
  | { readonly kind: 'postponed'; readonly reason: string }
  | { readonly kind: 'wait'; readonly at: number; readonly reason: string }
  | { readonly kind: 'try'; readonly reason: string }
  | { readonly kind: 'under-way' };

export function retryDelay({ systemdRetry: policy, restart }: RetryInput['spec'], attempts: number, random: number): number {
  const grown = Math.min(policy.firstDelay * policy.factor ** attempts, policy.maxDelay);
  return Math.round(grown * (1 + restart.jitter * (2 * random - 1)));
}

/** To be asked whenever something was seen, a timer has fired, or a pause has begun or ended. */
export function decideRetry(input: RetryInput, memory: RetryMemory): readonly [RetryMemory, RetryDecision] {
  const { observation } = input;
  const before = afterUptime(input, memory);
  const left = observation.leftDown;
  if (left === undefined) return [notLeftDown(observation.state, input.now, before), { kind: 'none' }];
  if (!input.spec.systemdRetry.enabled) return [NO_RETRY, { kind: 'none' }];
  const same = ofThisFailure(left, before);
  // Whoever looks may forget it, e.g. as another watcher comes: it holds as long as this failure.
  const known = { ...same, held: left.stopped ?? same.held };
  if (known.tried) return [known, { kind: 'under-way' }];
  const refusal = refusalOf(input, left, known);
  if (refusal !== undefined) return [{ ...known, at: undefined }, { kind: 'refused', reason: `not tried again: ${refusal}` }];
  return timed(input, known);
}

/** What came of an attempt that did not even begin. */
export function attemptRefused(input: Pick<RetryInput, 'spec' | 'now' | 'random'>, memory: RetryMemory, why: { readonly stopped: boolean; readonly reason: string }): RetryMemory {
  if (why.stopped) return { ...memory, tried: false, at: undefined, held: why.reason };
  return { ...memory, tried: false, at: input.now + retryDelay(input.spec, memory.attempts, input.random) };
}

/** A long run ends the row. */
function afterUptime({ spec, observation, now }: RetryInput, memory: RetryMemory): RetryMemory {
  if (observation.state === 'running' || memory.upSince === undefined) return memory;
  const stable = now - memory.upSince >= spec.restart.stableAfter;
  return { ...memory, upSince: undefined, attempts: stable ? 0 : memory.attempts };
}

function notLeftDown(state: Observation['state'], now: number, memory: RetryMemory): RetryMemory {
  // It has left its failure, and not by an attempt of ours: somebody has taken it in hand.
  const row = memory.failedAt !== undefined && !memory.tried ? NO_RETRY : memory;
  switch (state) {
    case 'running':
      return { ...NO_RETRY, attempts: row.attempts, upSince: row.upSince ?? now };
    case 'stopped':
      // Our own attempt clears the failure a moment before the start.
      return row.tried ? row : NO_RETRY;
    case 'starting':
    case 'stopping':
    case 'failed':
      return { ...row, at: undefined };
  }
}

function ofThisFailure({ failedAt }: LeftDown, memory: RetryMemory): RetryMemory {
  if (memory.failedAt === failedAt) return memory;
  const foreign = memory.failedAt !== undefined && !memory.tried;
  return { ...NO_RETRY, failedAt, attempts: foreign ? 0 : memory.attempts };
}

function refusalOf({ wanted, askedFor }: RetryInput, left: LeftDown, memory: RetryMemory): string | undefined {
  if (wanted.desired === 'down') return wanted.reason;
  if (memory.held !== undefined) return memory.held;
  if (left.barred !== undefined) return left.barred;
  if (left.disabled && !askedFor) return 'its unit is disabled, and nobody has asked for its start';
  return undefined;
}

function timed(input: RetryInput, memory: RetryMemory): readonly [RetryMemory, RetryDecision] {
  const { now } = input;
  const at = memory.at ?? now + retryDelay(input.spec, memory.attempts, input.random);
  const waiting = { ...memory, at };
  if (input.paused !== undefined) return [waiting, { kind: 'postponed', reason: `not tried again now: ${input.paused}` }];
  if (input.unmet.length > 0) return [waiting, { kind: 'postponed', reason: `not tried again now: it requires ${input.unmet.join(', ')}` }];
  const which = `slow attempt ${memory.attempts + 1}`;
  if (now < at) return [waiting, { kind: 'wait', at, reason: `systemd has given it up; ${which} is timed` }];
  return [{ ...memory, at: undefined, attempts: memory.attempts + 1, tried: true }, { kind: 'try', reason: `${which}, as systemd has given it up` }];
}
