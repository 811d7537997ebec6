/** The group's setup program before launches: once per transaction, again after it failed. */
import type { SetupProgram } from '../core/daemon.js';
import type { Runner } from '../ports/runner.js';
import { setupOnce, type SetupOnce } from './setup-once.js';

export class SetupGate {
  #once: SetupOnce;
  #passed: boolean;

  constructor(
    private readonly setup: SetupProgram | undefined,
    private readonly runner: Runner,
  ) {
    this.#once = setupOnce(setup, runner);
    this.#passed = setup === undefined;
  }

  /** A new transaction begins: its first launch runs the program anew. */
  renew(): void {
    this.#once = setupOnce(this.setup, this.runner);
    this.#passed = this.setup === undefined;
  }

  /** undefined: go on, at once. A restart after a crash finds the gate open and waits for nothing. */
  pass(): ReturnType<SetupOnce> | undefined {
    if (this.#passed) return undefined;
    const attempt = this.#once;
    return attempt().then((refusal) => {
      if (attempt === this.#once) {
        if (refusal === undefined) this.#passed = true;
        else this.renew();
      }
      return refusal;
    });
  }
}
