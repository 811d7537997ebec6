const MIN_PAUSE = 10;
const MAX_PAUSE = 500;

/** Waits for something that is going to happen, with a deadline instead of a blind sleep: for hangs, not for slow machines. */
export async function eventually(what: string, condition: () => boolean | Promise<boolean>, timeout = 20_000): Promise<void> {
  const deadline = performance.now() + timeout;
  for (;;) {
    const began = performance.now();
    if (await condition()) return;
    const now = performance.now();
    if (now > deadline) throw new Error(`not within ${timeout} ms: ${what}`);
    // A question that takes long takes the processor from what it waits for.
    const pause = Math.min(Math.max(now - began, MIN_PAUSE), MAX_PAUSE);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

/** Runs all the cleanups, last first, also when one of them fails. */
export class Cleanups {
  readonly #steps: (() => void | Promise<void>)[] = [];

  add(step: () => void | Promise<void>): void {
    this.#steps.push(step);
  }

  async run(): Promise<void> {
    const errors: unknown[] = [];
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, 'cleanup failed');
  }
}
