/** Tells when a daemon that had failed has been up for long enough again, where its service manager restarts it. */
import type { DaemonSpec } from '../core/daemon.js';
import type { Observation } from '../core/observation.js';
import { sameProcess, type ProcessIdentity } from '../core/process-identity.js';
import type { Clock, Timer } from '../ports/clock.js';

interface Failure {
  /** Up since then; undefined: it is not. */
  up: { readonly process: ProcessIdentity; readonly timer: Timer } | undefined;
}

export class Recoveries {
  readonly #failures = new Map<string, Failure>();

  constructor(
    private readonly clock: Pick<Clock, 'after'>,
    private readonly recovered: (name: string) => void,
  ) {}

  failed(name: string): void {
    this.forget(name);
    this.#failures.set(name, { up: undefined });
  }

  /** Somebody has stopped it, or it is in the catalogue no more. */
  forget(name: string): void {
    this.#failures.get(name)?.up?.timer.cancel();
    this.#failures.delete(name);
  }

  /** To be told of each observation. */
  consider(spec: DaemonSpec, { state, process }: Observation): void {
    const failure = this.#failures.get(spec.name);
    if (failure === undefined) return;
    const up = state === 'running' ? process : undefined;
    if (up !== undefined && failure.up !== undefined && sameProcess(failure.up.process, up)) return;
    failure.up?.timer.cancel();
    failure.up = up && { process: up, timer: this.clock.after(spec.restart.stableAfter, () => this.#stable(spec.name)) };
  }

  /** The daemons cannot be seen at present; once they are, the time begins anew. */
  suspend(): void {
    for (const failure of this.#failures.values()) {
      failure.up?.timer.cancel();
      failure.up = undefined;
    }
  }

  #stable(name: string): void {
    this.#failures.delete(name);
    this.recovered(name);
  }
}
