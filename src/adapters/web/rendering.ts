/**
 * The page as it is served: made only if somebody asks, for all of them
 * together, and never so often that it takes more than a small share of the
 * watcher's time.
 */
import { createHash } from 'node:crypto';

export interface Rendered {
  readonly body: Buffer;
  /** Another one where another thing is shown. */
  readonly version: string;
}

/** ms that a rendering stands at least. */
const LEAST_AGE = 1000;
/** A rendering that took 1 ms stands for so many at least. */
const SHARE = 25;

export class Rendering {
  #last: Rendered | undefined;
  #goodUntil = 0;
  #underWay: Promise<Rendered> | undefined;

  /** @param now monotonic ms */
  constructor(
    private readonly make: () => Promise<string>,
    private readonly now: () => number,
  ) {}

  current(): Promise<Rendered> {
    if (this.#last !== undefined && this.now() < this.#goodUntil) return Promise.resolve(this.#last);
    this.#underWay ??= this.#render().finally(() => {
      this.#underWay = undefined;
    });
    return this.#underWay;
  }

  async #render(): Promise<Rendered> {
    const began = this.now();
    const text = await this.make();
    const took = this.now() - began;
    const version = createHash('sha256').update(text).digest('base64url').slice(0, 20);
    // What has not changed is the same object, so that nobody is told of it.
    this.#last = this.#last?.version === version ? this.#last : { body: Buffer.from(text), version };
    this.#goodUntil = this.now() + Math.max(LEAST_AGE, SHARE * took);
    return this.#last;
  }
}
