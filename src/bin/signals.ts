/** The signals that a watcher lives by. */
import { constants } from 'node:os';

export interface Signals {
  /** To be called once what it has to end is there. @returns the name of the signal that ends us; settles once */
  end(inContainer: boolean): Promise<string>;
  /** Called at once where a SIGHUP came before. */
  onReload(callback: () => void): void;
}

/**
 * ms. Closer together than a person can mean it: npm repeats the terminal's
 * Ctrl-C, and the kernel sends a parent's death signal once for each of its threads.
 */
const REPEAT_WINDOW = 300;

/**
 * The second SIGINT or SIGTERM of a kind ends us at once; the daemons stay up. As
 * the main process of a container, where our end is the end of everything, only
 * the second SIGINT does (Ctrl-C), and SIGQUIT is one more word for SIGTERM.
 *
 * SIGUSR1 and SIGUSR2 do nothing: by default one opens Node's debugger on a TCP
 * port, and the other ends us. So the first thing that a watcher does is to
 * listen; for what comes before, see scripts/run-node.sh.
 *
 * The listeners stay in place all the time: libraries that listen too (the live
 * table's cursor) kill the process where they find themselves alone.
 */
export function listenForSignals(): Signals {
  for (const signal of ['SIGPIPE', 'SIGUSR1', 'SIGUSR2'] as const) process.on(signal, () => undefined);
  let callback: (() => void) | undefined;
  let early = false;
  process.on('SIGHUP', () => {
    if (callback === undefined) early = true;
    else callback();
  });
  return {
    end: listenForTheEnd,
    onReload: (reload) => {
      callback = reload;
      if (early) reload();
    },
  };
}

function listenForTheEnd(inContainer: boolean): Promise<string> {
  return new Promise<string>((resolve) => {
    const ends = inContainer ? (['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) : (['SIGTERM', 'SIGINT'] as const);
    for (const signal of ends) {
      let heard: number | undefined;
      process.on(signal, () => {
        const now = performance.now();
        if (heard !== undefined && (now - heard < REPEAT_WINDOW || (inContainer && signal !== 'SIGINT'))) return;
        if (heard !== undefined) process.exit(128 + constants.signals[signal]);
        heard = now;
        resolve(signal);
      });
    }
  });
}
