/**
 * Whether somebody asked for the end of a unit that has failed. Its state alone
 * does not tell: a daemon that ignores SIGTERM, or ends with a bad status after
 * it, leaves its unit `failed`, as a crash does. And `systemctl stop` of a unit
 * that has failed already changes nothing in it. So what went by is remembered:
 * each signal of systemd's carries the whole state of that moment. Pure.
 */
import type { UnitFacts } from './unit-facts.js';
import { hasFailed } from './vocabulary.js';

export class StopMarks {
  /** InvocationID of the run that somebody ended. */
  #asked = '';
  /** InvocationID of the latest run that was seen while it was on. */
  #watched = '';
  /** The job that was on it before it failed, e.g. the start that failed. */
  #jobBefore = 0;
  /** A job is queued for the failed unit: its `changedAt` by then. */
  #queuedAt: number | undefined;
  /** `downAt` of a failed unit that somebody asked to stop. */
  #stoppedAgain: number | undefined;

  /** What systemd said, in its order; nothing may be left out. */
  take(facts: UnitFacts): void {
    if (['activating', 'active', 'reloading', 'deactivating'].includes(facts.activeState)) this.#watched = facts.invocation;
    // systemd stops a unit by itself (time-outs, watchdog) without a job.
    if (facts.activeState === 'deactivating' && facts.job !== 0) this.#asked = facts.invocation;
    if (!hasFailed(facts)) {
      this.#queuedAt = undefined;
      this.#jobBefore = facts.job;
    } else if (facts.job !== 0) {
      if (facts.job !== this.#jobBefore) this.#queuedAt ??= facts.changedAt;
    } else {
      // A start that is refused touches the state; a stop of what is down does not.
      if (this.#queuedAt === facts.changedAt) this.#stoppedAgain = facts.downAt;
      this.#queuedAt = undefined;
    }
  }

  /** After a time in which signals may have been missed. */
  forgetQueue(): void {
    this.#queuedAt = undefined;
  }

  /** Why the failed unit counts as stopped on purpose; undefined: it does not. */
  reason(facts: UnitFacts): string | undefined {
    if (this.#stoppedAgain === facts.downAt) return 'somebody stopped it after it had failed';
    if (facts.invocation !== '' && this.#asked === facts.invocation) return 'it failed while it was being stopped';
    return stoppedByItsTimes(facts) ?? this.#unknown(facts);
  }

  /** A start that took too long and one that was called off look alike; it must have been seen. */
  #unknown(facts: UnitFacts): string | undefined {
    if (wasUp(facts) || (facts.result !== 'timeout' && facts.result !== 'signal') || this.#watched === facts.invocation) return undefined;
    return 'it failed while nobody watched, and may have been stopped by hand';
  }
}

/** What systemd itself ends for, of its own accord. */
const OWN_ACCORD: ReadonlySet<string> = new Set(['watchdog', 'oom-kill']);

function wasUp(facts: UnitFacts): boolean {
  return facts.upAt > 0 && facts.upAt >= facts.startedAt;
}

/** It had left its active state before its process ended: the stop came first. */
function stoppedByItsTimes(facts: UnitFacts): string | undefined {
  const stopFirst = wasUp(facts) && facts.leftUpAt >= facts.upAt && facts.endedAt > facts.leftUpAt;
  return stopFirst && !OWN_ACCORD.has(facts.result) ? 'it failed while it was being stopped' : undefined;
}
