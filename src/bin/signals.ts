/** The signals that a watcher lives by. */
import { constants } from 'node:os';

export interface Signals {
  /** The name of the signal that ends us; settles once. */
  readonly end: Promise<string>;
  onReload(callback: () => void): void;
}

/**
 * The second SIGINT or SIGTERM of a kind ends us at once; the daemons stay up.
 * The listeners stay in place all the time: libraries that listen too (the live
 * table's cursor) kill the process where they find themselves alone.
 */
export function listenForSignals(): Signals {
  const end = new Promise<string>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      let heard = false;
      process.on(signal, () => {
        if (heard) process.exit(128 + constants.signals[signal]);
        heard = true;
        resolve(signal);
      });
    }
  });
  const callbacks: (() => void)[] = [];
  process.on('SIGHUP', () => callbacks.forEach((callback) => callback()));
  process.on('SIGPIPE', () => undefined);
  return { end, onReload: (callback) => callbacks.push(callback) };
}
