/**
 * Carries out core/systemd-retry.ts for the units that an ObservingWatcher
 * follows: one timer each at most, and each attempt under the daemon's lock, so
 * that it never crosses an operator's command.
 */
import type { DaemonSpec } from '../core/daemon.js';
import { wantedNow } from '../core/desired-state.js';
import type { Observation } from '../core/observation.js';
import { attemptRefused, decideRetry, NO_RETRY, type RetryDecision, type RetryInput, type RetryMemory } from '../core/systemd-retry.js';
import type { Clock, Timer } from '../ports/clock.js';
import type { Journal } from '../ports/journal.js';
import type { Locks } from '../ports/locks.js';
import type { Log } from '../ports/log.js';
import type { RetryMemoryStore } from '../ports/retry-memory-store.js';
import type { DesiredStateStore } from '../ports/store.js';
import type { UnitRetrier } from '../ports/unit-retrier.js';
import { withDaemonLocks } from './daemon-locks.js';

export interface SlowRetryParts {
  readonly retrier: UnitRetrier;
  readonly desired: DesiredStateStore;
  readonly memory: RetryMemoryStore;
  readonly locks: Locks;
  readonly journal: Journal;
  readonly log: Log;
  readonly clock: Clock;
  readonly bootId: string;
  /** Why nothing is to be done by itself for this daemon; undefined: nobody paused it. */
  readonly pausedReason: (name: string) => string | undefined;
  /** What was seen last of a daemon of the catalogue; undefined: nothing yet, or the bus is lost. */
  readonly seen: (name: string) => Observation | undefined;
}

/** ms that an attempt waits for a command that is at the same daemon: it is likely to be about the same. */
const LOCK_TIMEOUT = 100;
/** ms between two looks at whether a pause has ended, or a requirement is met, where nobody tells. */
const POSTPONED_LOOK = 5_000;

interface Entry {
  readonly spec: DaemonSpec;
  memory: RetryMemory;
  decision: RetryDecision;
  timer: Timer | undefined;
}

export class SlowRetry {
  readonly #entries = new Map<string, Entry>();
  #isOver = false;

  constructor(private readonly parts: SlowRetryParts) {}

  /** To be asked after each observation, and when a pause begins or ends. */
  consider(spec: DaemonSpec): void {
    if (this.#isOver) return;
    const entry = this.#entryOf(spec);
    const input = this.#input(spec);
    if (input === undefined) return;
    const [memory, decision] = decideRetry(input, entry.memory);
    const before = entry.decision;
    this.#remember(entry, memory);
    entry.decision = decision;
    entry.timer?.cancel();
    entry.timer = undefined;
    this.#announce(spec.name, before, decision, input.now);
    if (decision.kind === 'wait') this.#arm(entry, decision.at - input.now);
    if (decision.kind === 'postponed') this.#arm(entry, POSTPONED_LOOK);
    if (decision.kind === 'try') void this.#try(entry, input);
  }

  /** ms until the next attempt, and what is to be said besides the unit's own state. */
  statusOf(name: string): { readonly nextTry: number | null; readonly reason: string | undefined } {
    const decision = this.#entries.get(name)?.decision;
    switch (decision?.kind) {
      case 'wait':
        return { nextTry: Math.max(0, Math.round(decision.at - this.parts.clock.monotonic())), reason: decision.reason };
      case 'refused':
      case 'postponed':
      case 'try':
        return { nextTry: null, reason: decision.reason };
      case 'none':
      case 'under-way':
      case undefined:
        return { nextTry: null, reason: undefined };
    }
  }

  /** Of a daemon that is in the catalogue no more. */
  forget(name: string): void {
    this.#entries.get(name)?.timer?.cancel();
    this.#entries.delete(name);
  }

  /** Nothing is known any more, e.g. as the bus is lost: no attempt before it is seen again. */
  suspend(): void {
    for (const entry of this.#entries.values()) {
      entry.timer?.cancel();
      entry.timer = undefined;
    }
  }

  release(): void {
    this.#isOver = true;
    this.suspend();
  }

  #entryOf(spec: DaemonSpec): Entry {
    const known = this.#entries.get(spec.name);
    if (known?.spec === spec) return known;
    known?.timer?.cancel();
    const memory = known?.memory ?? this.parts.memory.read(spec.name) ?? NO_RETRY;
    const entry: Entry = { spec, memory, decision: known?.decision ?? { kind: 'none' }, timer: undefined };
    this.#entries.set(spec.name, entry);
    return entry;
  }

  #input(spec: DaemonSpec): RetryInput | undefined {
    const { clock, desired, bootId } = this.parts;
    const observation = this.parts.seen(spec.name);
    if (observation === undefined) return undefined;
    const common = { spec, observation, now: clock.monotonic(), random: clock.random() };
    // Most of the time it runs: no file is read for that.
    if (observation.leftDown === undefined || !spec.systemdRetry.enabled) {
      return { ...common, wanted: { desired: 'up', reason: '' }, askedFor: false, paused: undefined, unmet: [] };
    }
    const record = desired.read(spec.name);
    return {
      ...common,
      wanted: wantedNow(spec, record, bootId),
      askedFor: record?.desired === 'up',
      paused: this.parts.pausedReason(spec.name),
      unmet: spec.requires.filter((name) => this.parts.seen(name)?.state !== 'running'),
    };
  }

  #remember(entry: Entry, memory: RetryMemory): void {
    const { failedAt, attempts, at, held } = entry.memory;
    entry.memory = memory;
    if (memory.failedAt === failedAt && memory.attempts === attempts && memory.at === at && memory.held === held) return;
    this.parts.memory.write(entry.spec.name, memory);
  }

  /** Each decision once, not each time that it is taken again. */
  #announce(name: string, before: RetryDecision, decision: RetryDecision, now: number): void {
    const { journal, clock } = this.parts;
    if (decision.kind === 'none' || decision.kind === 'under-way') return;
    if (before.kind === decision.kind && before.reason === decision.reason) return;
    const news = { wait: 'crash-loop', postponed: 'waiting', refused: 'skipped', try: 'restart' } as const;
    const delay = decision.kind === 'wait' ? Math.max(0, Math.round(decision.at - now)) : undefined;
    journal.append({ at: clock.wall(), daemon: name, news: news[decision.kind], reason: decision.reason, delay });
  }

  #arm(entry: Entry, delay: number): void {
    entry.timer = this.parts.clock.after(Math.max(1, delay), () => {
      entry.timer = undefined;
      this.consider(entry.spec);
    });
  }

  async #try(entry: Entry, input: RetryInput): Promise<void> {
    const { spec } = entry;
    const failedAt = entry.memory.failedAt ?? NaN;
    try {
      const why = await this.#attempt(spec, failedAt);
      if (why !== undefined) this.#notMade(spec.name, failedAt, input, why);
    } catch (error) {
      this.parts.log.error({ daemon: spec.name, error: String(error) }, 'a slow attempt failed');
      this.#notMade(spec.name, failedAt, input, { stopped: false, reason: String(error) });
    }
  }

  /** Another one is timed; in the entry that a reload may have made since. */
  #notMade(name: string, failedAt: number, { random }: RetryInput, why: { stopped: boolean; reason: string }): void {
    const entry = this.#entries.get(name);
    // It may have been seen running, or failing anew, while the attempt was under way.
    if (entry === undefined || !entry.memory.tried || entry.memory.failedAt !== failedAt) return;
    this.parts.log.info({ daemon: name, reason: why.reason }, 'a slow attempt was not made');
    this.#remember(entry, attemptRefused({ spec: entry.spec, random, now: this.parts.clock.monotonic() }, entry.memory, why));
    this.consider(entry.spec);
  }

  /** @returns why there was none */
  async #attempt(spec: DaemonSpec, failedAt: number): Promise<{ stopped: boolean; reason: string } | undefined> {
    const { locks, retrier, desired, bootId } = this.parts;
    const result = await withDaemonLocks(locks, [spec], { timeout: LOCK_TIMEOUT, purpose: `slow attempt to start ${spec.name}` }, () => {
      // An operator may have said so since the decision.
      const wanted = wantedNow(spec, desired.read(spec.name), bootId);
      return wanted.desired === 'down' ? Promise.resolve({ kind: 'changed' as const, reason: wanted.reason }) : retrier.retry(spec, failedAt);
    });
    if (!result.ok) return { stopped: false, reason: 'somebody is at work on it' };
    switch (result.value.kind) {
      case 'asked':
        return undefined;
      case 'stopped':
        return { stopped: true, reason: result.value.reason };
      case 'changed':
      case 'failed':
        return { stopped: false, reason: result.value.reason };
    }
  }
}
