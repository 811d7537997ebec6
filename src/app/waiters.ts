/** Those who asked for a start or a stop, and what they are told when it has come to something. */
import { formatDuration } from '../core/duration.js';
import { failed, ok, skipped, type Outcome } from '../core/outcome.js';
import type { Clock } from '../ports/clock.js';
import type { Failed } from './last-failure.js';
import type { SupervisedDaemon } from './supervised-daemon.js';

/** ms beyond a daemon's own time-outs: the setup program, and SIGKILL's work. */
const PATIENCE = 60_000;

export type Wish = 'up' | 'down';

interface Waiter {
  readonly wish: Wish;
  /** Of a stop that was asked for before. */
  readonly stopFailure: Failed | undefined;
  settle(outcome: Outcome): void;
}

export class Waiters {
  readonly #waiting = new Map<string, Set<Waiter>>();
  #released = false;

  constructor(private readonly clock: Clock) {}

  /** Answers once the daemon has come to rest on the wished side, or can't, or the time is over. */
  add(daemon: SupervisedDaemon, wish: Wish): Promise<Outcome> {
    const { name, startTimeout, stopTimeout } = daemon.spec;
    if (this.#released) return Promise.resolve(ended(name));
    const patience = startTimeout + stopTimeout + PATIENCE;
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(name) ?? new Set();
      this.#waiting.set(name, waiting);
      const settle = (outcome: Outcome): void => {
        timer.cancel();
        waiting.delete(waiter);
        resolve(outcome);
      };
      const waiter: Waiter = { wish, stopFailure: daemon.lastFailure.stop, settle };
      const timer = this.clock.after(patience, () => settle(tooLate(daemon, patience)));
      waiting.add(waiter);
    });
  }

  /** To be called whenever the daemon's state is another one. */
  answer(daemon: SupervisedDaemon): void {
    for (const waiter of [...(this.#waiting.get(daemon.spec.name) ?? [])]) {
      const { stop } = daemon.lastFailure;
      const stopFailure = stop === waiter.stopFailure ? undefined : stop;
      const outcome = waiter.wish === 'up' ? startOutcome(daemon, stopFailure) : stopOutcome(daemon, stopFailure);
      if (outcome !== undefined) waiter.settle(outcome);
    }
  }

  /** The daemon is no longer supervised. */
  forget(name: string): void {
    this.#turnAway(name, failed('canceled', 'it is no longer in the configuration', 'watchkeeper reload'));
  }

  /** The watcher ends: nobody will answer, and no timer may hold it up. */
  release(): void {
    this.#released = true;
    for (const name of [...this.#waiting.keys()]) this.#turnAway(name, ended(name));
  }

  #turnAway(name: string, outcome: Outcome): void {
    for (const waiter of [...(this.#waiting.get(name) ?? [])]) waiter.settle(outcome);
    this.#waiting.delete(name);
  }
}

function ended(name: string): Outcome {
  return failed('canceled', 'the watcher has ended', `daemon-util status ${name}`);
}

/** The request is answered; what is under way goes on. */
function tooLate({ spec, state }: SupervisedDaemon, patience: number): Outcome {
  return failed('timeout', `still ${state.phase.kind} after ${formatDuration(patience)}: ${state.reason}`, `daemon-util status ${spec.name}`);
}

/** What came of a start; undefined: still under way. @param stopFailure of a stop on the way */
function startOutcome(daemon: SupervisedDaemon, stopFailure: Failed | undefined): Outcome | undefined {
  const { phase, desired, reason } = daemon.state;
  const { lastFailure, spec: { name } } = daemon;
  switch (phase.kind) {
    case 'starting':
    case 'stopping':
      return undefined;
    case 'running':
      return stopFailure ?? ok(true, reason, phase.process);
    case 'waiting':
      if (daemon.state.unmet.length === 0 && daemon.state.withheld !== undefined && daemon.state.held === undefined) return skipped(reason);
      if (daemon.state.unmet.length === 0) return failed(lastFailure.code, reason, `watchkeeper events`);
      return failed('dependency', `${name} ${reason}`, `daemon-util status ${daemon.state.unmet.join(' ')}; it starts as soon as they are ready`);
    case 'backing-off':
    case 'crash-loop':
      return failed(lastFailure.code, reason, `${lastFailure.refusal?.next ?? 'watchkeeper events'}; the watcher goes on trying`);
    case 'given-up':
      return failed(lastFailure.code, reason, `${lastFailure.refusal?.next ?? 'mending the cause'}, then daemon-util start ${name}`);
    case 'stopped':
      return desired === 'up' ? skipped(reason) : failed('canceled', reason, `daemon-util start ${name}`);
  }
}

function stopOutcome(daemon: SupervisedDaemon, stopFailure: Failed | undefined): Outcome | undefined {
  const { phase, desired, reason } = daemon.state;
  if (desired === 'up') return failed('canceled', `up is wanted again: ${reason}`, `daemon-util stop ${daemon.spec.name}`);
  switch (phase.kind) {
    case 'stopped':
      return stopFailure ?? ok(true, reason);
    case 'running':
      return stopFailure ?? failed('still-running', reason, `ps -o pid,stat,wchan ${phase.process.pid}`);
    case 'waiting':
    case 'starting':
    case 'stopping':
    case 'backing-off':
    case 'crash-loop':
    case 'given-up':
      return undefined;
  }
}
