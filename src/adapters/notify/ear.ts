/** What is heard of one life of one daemon. */
import type { DaemonSpec } from '../../core/daemon.js';
import type { NotifyMessage } from '../../core/notify-message.js';
import type { Clock, Timer } from '../../ports/clock.js';
import type { NotifyState } from '../../ports/notifications.js';

export class Ear {
  /** Of the socket that counts: set at each bind. */
  generation = 0;
  bound = false;
  state: NotifyState;
  #answer: ((why: string | undefined) => void) | undefined;
  readonly #waiting = new Set<() => void>();

  constructor(
    readonly spec: DaemonSpec,
    private readonly mainPid: (pid: number) => void,
    private readonly clock: Clock,
    runs: boolean,
  ) {
    this.state = {
      // When one that runs already got ready, we were not there to hear.
      ready: runs,
      lastPing: clock.monotonic(),
      triggered: false,
      watchdogInterval: undefined,
      status: null,
      busyUntil: 0,
      extendedUntil: 0,
      extendedAt: 0,
      heard: false,
    };
  }

  /** Resolves with undefined once it is bound, or with why it is not. */
  awaitBound(timeout: number): Promise<string | undefined> {
    return new Promise((resolve) => {
      const timer = this.clock.after(timeout, () => this.refuse(`the notify-listener gave no answer within ${timeout} ms`));
      this.#answer = (why) => {
        this.#answer = undefined;
        timer.cancel();
        resolve(why);
      };
    });
  }

  confirm(): void {
    this.bound = true;
    // While nobody listened no ping could come: its time begins anew.
    this.state = { ...this.state, lastPing: this.clock.monotonic() };
    this.#answer?.(undefined);
  }

  refuse(why: string): void {
    this.#answer?.(why);
    this.#wake();
  }

  lost(): void {
    this.bound = false;
  }

  take(message: NotifyMessage): void {
    const now = this.clock.monotonic();
    const { startTimeout, stopTimeout } = this.spec;
    const { state } = this;
    // Nobody judged it while it was busy, so its time begins anew with the end of that.
    const busyNoMore = message.ready && state.busyUntil > 0;
    const busyUntil = message.stopping ? now + stopTimeout : message.reloading ? now + startTimeout : message.ready ? 0 : state.busyUntil;
    this.state = {
      ready: state.ready || message.ready,
      lastPing: message.watchdog === 'ping' || busyNoMore ? now : state.lastPing,
      triggered: message.watchdog === undefined ? state.triggered : message.watchdog === 'trigger',
      watchdogInterval: message.watchdogInterval ?? state.watchdogInterval,
      status: message.status ?? state.status,
      busyUntil,
      extendedUntil: message.extendTimeout === undefined ? state.extendedUntil : now + message.extendTimeout,
      extendedAt: message.extendTimeout === undefined ? state.extendedAt : now,
      heard: true,
    };
    // Before READY=1 of the same datagram is acted upon: it is said of that process.
    if (message.mainPid !== undefined) this.mainPid(message.mainPid);
    this.#wake();
  }

  next(timeout: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        timer.cancel();
        this.#waiting.delete(done);
        resolve();
      };
      const timer: Timer = this.clock.after(timeout, done);
      this.#waiting.add(done);
    });
  }

  #wake(): void {
    for (const done of [...this.#waiting]) done();
  }
}
