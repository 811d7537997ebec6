/** Begins again what ended, but not while it is to be away. */
import { monotonic } from './clock.js';

export class Respawn {
  #until = 0;
  #due: NodeJS.Timeout | undefined;

  /** @param after ms from an end to the next begin */
  constructor(readonly after: number, readonly begin: () => void) {}

  /** It stays away for so many ms from now on, or for longer where it was told so before. */
  hold(absent: number): void {
    this.#until = Math.max(this.#until, monotonic() + absent);
  }

  ended(): void {
    this.#wait(this.after);
  }

  /** It comes now, if it is to come. */
  release(): void {
    this.#until = 0;
    if (this.#due === undefined) return;
    this.cancel();
    this.begin();
  }

  cancel(): void {
    clearTimeout(this.#due);
    this.#due = undefined;
  }

  #wait(least: number): void {
    this.cancel();
    // Looked at again when it is due: it may have been told to stay away meanwhile.
    this.#due = setTimeout(() => {
      this.#due = undefined;
      if (monotonic() < this.#until) this.#wait(0);
      else this.begin();
    }, Math.max(least, this.#until - monotonic()));
  }
}
