/** The group's setup program before launches: once per transaction, again after it failed. */
import type { DaemonSpec, SetupProgram } from '../core/daemon.js';
import type { Runner } from '../ports/runner.js';
import { setupOnce, type SetupOnce } from './setup-once.js';

export class SetupGate {
  #once: SetupOnce;
  #passed: boolean;
  /** Those of setupAgain for which it has run. */
  #again = new Set<string>();

  constructor(
    private readonly setup: SetupProgram | undefined,
    private readonly runner: Runner,
  ) {
    this.#once = setupOnce(setup, runner);
    this.#passed = setup === undefined;
  }

  #note(spec: DaemonSpec): void {
    this.#passed = true;
    if (spec.setupAgain) this.#again.add(spec.name);
  }

  /** A new transaction begins: its first launch runs the program anew. */
  renew(): void {
    this.#once = setupOnce(this.setup, this.runner);
    this.#passed = this.setup === undefined;
    this.#again = new Set();
  }

  /** undefined: go on, at once. A restart after a crash finds the gate open and waits for nothing. */
  pass(spec: DaemonSpec): ReturnType<SetupOnce> | undefined {
    if (this.#passed && !(spec.setupAgain && this.setup !== undefined && !this.#again.has(spec.name))) return undefined;
    const attempt = this.#once;
    return attempt(spec).then((refusal) => {
      if (attempt === this.#once) {
        if (refusal === undefined) this.#note(spec);
        else this.renew();
      }
      return refusal;
    });
  }
}
