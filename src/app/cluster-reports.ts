/**
 * Tells the cluster of each end of a daemon that it holds, so that it recovers
 * at once instead of at its next monitor: once per incident, again and again
 * while the cluster can't be reached, and never what is no longer true.
 */
import { sameHold, type ClusterHold } from '../core/cluster-hold.js';
import type { ClusterReport, ReportState } from '../core/cluster-report.js';
import { formatDuration } from '../core/duration.js';
import { sameProcess, type ProcessIdentity } from '../core/process-identity.js';
import type { Clock, Timer } from '../ports/clock.js';
import type { ClusterInformant } from '../ports/cluster-informant.js';
import type { Log } from '../ports/log.js';

export interface ClusterReportsParts {
  readonly informant: ClusterInformant;
  readonly clock: Clock;
  readonly log: Log;
  /** Of this boot: in another one the cluster looks by itself before it counts on anything. */
  readonly bootId: string;
  readonly hold: (name: string) => ClusterHold | undefined;
  /** Why a report of this life's end is out of date: it was stopped on purpose, or something newer runs. undefined: it is not. */
  readonly outdated: (name: string, process: ProcessIdentity | undefined) => string | undefined;
}

/** ms to the second attempt; each further delay is twice the last one. */
const FIRST_DELAY = 250;
const LONGEST_DELAY = 10_000;

interface Report {
  readonly name: string;
  readonly hold: ClusterHold;
  readonly process: ProcessIdentity | undefined;
  readonly reason: string;
  readonly since: number;
  readonly at: number;
  state: ReportState;
  tries: number;
  /** On the monotonic clock. */
  nextTry: number | undefined;
  error: string | undefined;
}

export class ClusterReports {
  /** The last incident of each daemon: nothing is told twice of one. */
  readonly #last = new Map<string, Report>();
  readonly #timers = new Map<string, Timer>();
  #released = false;

  constructor(private readonly parts: ClusterReportsParts) {}

  /**
   * @param process the life that came to nothing; undefined: it was over before we came
   * @param reason what happened, in words
   */
  tell(name: string, process: ProcessIdentity | undefined, reason: string): void {
    const hold = this.parts.hold(name);
    if (this.#released || hold === undefined) return;
    const last = this.#last.get(name);
    if (last !== undefined && sameHold(last.hold, hold) && sameLife(last.process, process) && last.hold.at === hold.at) return;
    const report: Report = { name, hold, process, reason, since: this.parts.clock.monotonic(), at: this.parts.clock.wall(), state: 'pending', tries: 0, nextTry: undefined, error: undefined };
    this.#last.set(name, report);
    this.#timers.get(name)?.cancel();
    this.#timers.delete(name);
    void this.#try(report, FIRST_DELAY);
  }

  /** The last incident of each daemon that is still held: what the cluster knows of it, and what it does not. */
  list(): readonly ClusterReport[] {
    const { clock } = this.parts;
    return [...this.#last.values()].flatMap((report): readonly ClusterReport[] => {
      const { name, hold, reason, at, tries, nextTry, state, error } = report;
      const now = this.parts.hold(name);
      if (now === undefined || !sameHold(now, hold)) return [];
      // Found out by the next try otherwise, and until then it would look like something that is missing.
      const stale = state === 'pending' ? this.#staleness(report) : undefined;
      const next = nextTry === undefined || stale !== undefined ? null : Math.round(clock.wall() + nextTry - clock.monotonic());
      return [{ daemon: name, resource: hold.resource, node: hold.node, reason, at: Math.round(at), state: stale === undefined ? state : 'outdated', tries, nextTry: next, error: stale ?? error ?? null }];
    });
  }

  release(): void {
    this.#released = true;
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }

  async #try(report: Report, delay: number): Promise<void> {
    const { informant, clock, log } = this.parts;
    const { name, hold, reason, since } = report;
    const fields = { daemon: name, resource: hold.resource, node: hold.node, reason };
    const stale = this.#staleness(report);
    if (stale !== undefined) {
      report.state = 'outdated';
      report.error = stale;
      log.info({ ...fields, why: stale }, `${name}: the cluster was not told: ${stale}`);
      return;
    }
    const result = await informant.fail(hold.resource, hold.node);
    if (this.#released) return;
    report.tries += 1;
    report.error = result.kind === 'told' ? undefined : result.reason;
    switch (result.kind) {
      case 'told':
        report.state = 'told';
        log.info({ ...fields, took: Math.round(clock.monotonic() - since) }, `${name}: told the cluster that ${hold.resource} failed on ${hold.node}: ${reason}`);
        return;
      case 'unknown':
        report.state = 'refused';
        log.warn({ ...fields, why: result.reason }, `${name}: the cluster knows nothing of ${hold.resource} on ${hold.node}: ${result.reason}; if it was removed there: watchkeeper cluster release ${name}`);
        return;
      case 'unreachable':
        log.warn({ ...fields, why: result.reason }, `${name}: the cluster cannot be told yet: ${result.reason}; next try in ${formatDuration(delay)}`);
        if (this.#last.get(name) !== report) return;
        report.nextTry = clock.monotonic() + delay;
        this.#timers.set(name, clock.after(delay, () => {
          this.#timers.delete(name);
          report.nextTry = undefined;
          void this.#try(report, Math.min(2 * delay, LONGEST_DELAY));
        }));
    }
  }

  #staleness(report: Report): string | undefined {
    const { name, hold, process } = report;
    if (this.#released || this.#last.get(name) !== report) return 'something newer has happened';
    const now = this.parts.hold(name);
    if (now === undefined) return 'the cluster no longer holds it';
    if (!sameHold(now, hold)) return `it is held by ${now.resource} on ${now.node} now`;
    if (hold.bootId !== this.parts.bootId) return 'the cluster held it before the last boot, and looks anew';
    return this.parts.outdated(name, process);
  }
}

function sameLife(a: ProcessIdentity | undefined, b: ProcessIdentity | undefined): boolean {
  return a === undefined || b === undefined ? a === b : sameProcess(a, b);
}
