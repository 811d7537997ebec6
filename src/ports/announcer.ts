/** Tells the service manager that runs the watcher itself how it is: sd_notify(3). */
export interface Announcer {
  ready(status: string): void;
  status(text: string): void;
  reloading(): void;
  stopping(): void;
  /** ms between two pings that keep us alive; undefined: no watchdog is set. */
  readonly watchdogInterval: number | undefined;
  /** To be called only after a completed turn of the loop. */
  watchdog(): void;
}
