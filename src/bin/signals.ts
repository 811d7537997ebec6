/** The signals that a watcher lives by. */
export interface Signals {
  /** The name of the signal that ends us; settles once. */
  readonly end: Promise<string>;
  onReload(callback: () => void): void;
}

export function listenForSignals(): Signals {
  const end = new Promise<string>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
  });
  // A terminal that goes away must not end the supervision.
  const callbacks: (() => void)[] = [];
  process.on('SIGHUP', () => callbacks.forEach((callback) => callback()));
  process.on('SIGPIPE', () => undefined);
  return { end, onReload: (callback) => callbacks.push(callback) };
}
