/**
 * What was seen of each daemon by who follows it, and whether that is still so:
 * while the connection is lost, and until all is told anew after that, a daemon
 * may be anywhere, and whoever asks must be told by systemd itself.
 */
import type { Observation } from '../core/observation.js';

export class Sightings {
  readonly #last = new Map<string, Observation>();
  /** Seen since the connection was lost last. */
  readonly #current = new Set<string>();
  #isLost = false;
  #isConnected = false;

  get isConnected(): boolean {
    return this.#isConnected;
  }

  connected(): void {
    this.#isConnected = true;
    this.#isLost = false;
  }

  lost(): void {
    this.#isConnected = false;
    this.#isLost = true;
    this.#current.clear();
  }

  /** A part of several connections may tell before all are there; after a loss all is told again. @returns what was seen before, however long ago */
  saw(name: string, observation: Observation): Observation | undefined {
    const before = this.#last.get(name);
    this.#last.set(name, observation);
    if (!this.#isLost) this.#current.add(name);
    return before;
  }

  /** undefined: it may be another matter by now. */
  now(name: string): Observation | undefined {
    return this.#current.has(name) ? this.#last.get(name) : undefined;
  }

  /** The same, once all connections are there. */
  readonly sure = (name: string): Observation | undefined => (this.#isConnected ? this.now(name) : undefined);

  forget(name: string): void {
    this.#last.delete(name);
    this.#current.delete(name);
  }
}
