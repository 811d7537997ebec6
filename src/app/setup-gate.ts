/** The group's setup program before launches: once per transaction, again after it failed or a reload brought another. */
import type { SetupProgram } from '../core/daemon.js';
import type { Runner } from '../ports/runner.js';
import { setupOnce, type SetupOnce } from './setup-once.js';

export class SetupGate {
  #setup: SetupProgram | undefined;
  #once: SetupOnce;
  #passed: boolean;

  /** @param setup the one that is in force now */
  constructor(
    private readonly setup: () => SetupProgram | undefined,
    private readonly runner: Runner,
  ) {
    this.#setup = setup();
    this.#once = setupOnce(this.#setup, runner);
    this.#passed = this.#setup === undefined;
  }

  /** A new transaction begins: its first launch runs the program anew. */
  renew(): void {
    this.#setup = this.setup();
    this.#once = setupOnce(this.#setup, this.runner);
    this.#passed = this.#setup === undefined;
  }

  /** undefined: go on, at once. A restart after a crash finds the gate open and waits for nothing. */
  pass(): ReturnType<SetupOnce> | undefined {
    if (this.#isOutdated()) this.renew();
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

  #isOutdated(): boolean {
    const now = this.setup();
    // Each reload reads it anew, mostly to the same.
    return now !== this.#setup && JSON.stringify(now) !== JSON.stringify(this.#setup);
  }
}
