/** Waiting for something to become true, with a deadline and a reason when it does not. */

const INTERVAL = 20;

/** @throws after `timeout` ms, naming `what` was awaited */
export async function waitFor<T>(what: string, timeout: number, look: () => T | Promise<T>): Promise<Exclude<T, false | undefined | null>> {
  const deadline = performance.now() + timeout;
  for (;;) {
    const value = await look();
    if (value !== false && value !== undefined && value !== null) return value as Exclude<T, false | undefined | null>;
    if (performance.now() > deadline) throw new Error(`waited ${timeout} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, INTERVAL));
  }
}

/** The same without giving way to anything else: for cleaning up while the process ends. */
export function waitSync(what: string, timeout: number, look: () => boolean): void {
  const deadline = performance.now() + timeout;
  const cell = new Int32Array(new SharedArrayBuffer(4));
  while (!look()) {
    if (performance.now() > deadline) throw new Error(`waited ${timeout} ms in vain for ${what}`);
    Atomics.wait(cell, 0, 0, INTERVAL);
  }
}
