/**
 * The health checks of one daemon while it runs: when to look, what follows from
 * the results. Told of each change of the daemon (`follow`); everything that
 * belongs to a process that is gone is forgotten with it.
 */
import type { DaemonSpec, HealthCheck } from '../core/daemon.js';
import { afterLook, checkReport, complaint, firstLookAfter, nextLookAfter, UNLOOKED, type CheckReport, type CheckState, type LookResult } from '../core/health.js';
import { sameProcess, type ProcessIdentity } from '../core/process-identity.js';
import type { Supervision } from '../core/supervision-state.js';
import type { Clock, Timer } from '../ports/clock.js';
import type { HealthChecker, HealthLook } from '../ports/health-checker.js';

export interface HealthEvents {
  /** A liveness check failed often enough; told again with each further failure. */
  unhealthy(process: ProcessIdentity, reason: string): void;
  /** Readiness checks failed often enough; undefined: all pass again. Told when it changes. */
  degraded(process: ProcessIdentity, reason: string | undefined): void;
}

/** A daemon that runs and is ready. */
export interface Attention {
  readonly process: ProcessIdentity;
  /** Monotonic ms since when. */
  readonly since: number;
  /** Paused, or wanted down: nothing would follow from a result, so nobody looks. */
  readonly suspended: boolean;
}

export class DaemonHealth {
  #spec: DaemonSpec | undefined;
  #attention: Attention | undefined;
  #watches: readonly CheckWatch[] = [];
  #degraded: string | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly checker: HealthChecker,
    private readonly events: HealthEvents,
  ) {}

  /** Cheap where nothing of interest has changed. @param attention undefined: it does not run, or not yet */
  follow(spec: DaemonSpec, attention: Attention | undefined): void {
    if (spec.health.length === 0 && this.#watches.length === 0) return;
    if (!this.#isSameLife(spec, attention)) this.#begin(spec, attention);
    else if (attention !== undefined && attention.suspended !== this.#attention?.suspended) this.#suspend(attention);
    this.#spec = spec;
    this.#attention = attention;
  }

  report(): readonly CheckReport[] {
    if (this.#watches.length === 0) return (this.#spec?.health ?? []).map((check) => checkReport(check, UNLOOKED, false));
    const suspended = this.#attention?.suspended === true;
    return this.#watches.map(({ check, state }) => checkReport(check, state, suspended));
  }

  release(): void {
    for (const watch of this.#watches) watch.end();
    this.#watches = [];
    this.#attention = undefined;
  }

  #isSameLife(spec: DaemonSpec, attention: Attention | undefined): boolean {
    const before = this.#attention;
    if (attention === undefined || before === undefined) return attention === before;
    if (!sameProcess(attention.process, before.process) || attention.since !== before.since) return false;
    // A reload brings new objects for what may be the same as before.
    return spec === this.#spec || JSON.stringify(spec) === JSON.stringify(this.#spec);
  }

  #begin(spec: DaemonSpec, attention: Attention | undefined): void {
    const before = this.#attention;
    this.release();
    const wasDegraded = this.#degraded !== undefined;
    this.#degraded = undefined;
    if (attention === undefined) return;
    const { process, since, suspended } = attention;
    // Other checks after a reload: what the old ones said of this process is void.
    if (wasDegraded && before !== undefined && sameProcess(before.process, process)) this.events.degraded(process, undefined);
    this.#watches = spec.health.map((check) => {
      const look = this.checker.prepare(spec, check, process, since);
      return new CheckWatch(check, look, this.clock, () => this.#judge(process));
    });
    if (suspended) return;
    for (const watch of this.#watches) watch.plan(firstLookAfter(watch.check, this.clock.random()));
  }

  #suspend({ suspended }: Attention): void {
    for (const watch of this.#watches) {
      if (suspended) watch.rest();
      else watch.plan(Math.round(watch.check.interval * this.clock.random()));
    }
  }

  #judge(process: ProcessIdentity): void {
    const [dead] = this.#watches.filter(({ check, state }) => check.kind === 'liveness' && state.verdict === 'unhealthy');
    if (dead !== undefined) {
      this.events.unhealthy(process, complaint(dead.check, dead.state));
      return;
    }
    const failing = this.#watches.filter(({ check, state }) => check.kind === 'readiness' && state.verdict === 'unhealthy');
    const names = failing.map(({ check }) => check.name).join(' ');
    // By name: the words of a reason may differ from look to look, and are no news.
    const now = failing.length === 0 ? undefined : names;
    if (now === this.#degraded) return;
    this.#degraded = now;
    this.events.degraded(process, now === undefined ? undefined : failing.map(({ check, state }) => complaint(check, state)).join('; '));
  }
}

/** One check over one life of a process: one timer, or one look under way, never both. */
class CheckWatch {
  state: CheckState = UNLOOKED;
  #timer: Timer | undefined;
  /** Goes up with every plan that is called off: the result of a look begun before counts for nothing. */
  #round = 0;

  constructor(
    readonly check: HealthCheck,
    private readonly look: HealthLook,
    private readonly clock: Clock,
    private readonly judged: () => void,
  ) {}

  plan(delay: number): void {
    this.#timer?.cancel();
    const round = this.#round;
    this.#timer = this.clock.after(delay, () => {
      this.#timer = undefined;
      const later = this.look.putOff();
      if (later > 0) this.plan(Math.min(later, this.check.interval));
      else void this.look.look().then((result) => this.#done(round, result));
    });
  }

  rest(): void {
    this.#round += 1;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  end(): void {
    this.rest();
    this.look.end();
  }

  #done(round: number, result: LookResult): void {
    if (round !== this.#round) return;
    this.state = afterLook(this.check, this.state, result, this.clock.wall());
    // What is known of it is what was known before, and has been told.
    if (result.healthy !== undefined) this.judged();
    // What was judged may have ended this very watch.
    if (round === this.#round) this.plan(this.look.nextIn?.() ?? nextLookAfter(this.check, this.state));
  }
}

/** Health is looked at while it runs; not where nothing would follow from it. */
export function attentionOf({ phase, paused, desired }: Supervision): Attention | undefined {
  if (phase.kind !== 'running') return undefined;
  return { process: phase.process, since: phase.since, suspended: paused !== undefined || desired === 'down' };
}
