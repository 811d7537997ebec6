/** What was seen of a daemon, whoever looked. */
import type { ExitStatus } from './exit-status.js';
import type { ProcessIdentity } from './process-identity.js';

export type ObservedState = 'stopped' | 'starting' | 'running' | 'stopping' | 'failed';

/** A unit that has failed, with nothing queued that would start it: its service manager has given it up, or was told to stop it. */
export interface LeftDown {
  /** Monotonic ms since boot; tells one failure from the next. */
  readonly failedAt: number;
  /** Why it counts as stopped on purpose, as far as this failure goes; undefined: nobody asked for its end. */
  readonly stopped: string | undefined;
  /** Why it can't be started as things are now: "it is masked". */
  readonly barred: string | undefined;
  /** Nothing starts it at boot. */
  readonly disabled: boolean;
}

export interface Observation {
  readonly state: ObservedState;
  /** Its main process, proven to be the daemon's; undefined where there is none. */
  readonly process: ProcessIdentity | undefined;
  /** Why we say so: "pid file names pid 12, which is /usr/bin/other", "Result=start-limit-hit". */
  readonly reason: string;
  /** Restarts that the service manager counted (NRestarts); undefined where it counts none. */
  readonly restarts: number | undefined;
  readonly lastExit: ExitStatus | undefined;
  /** Tells one run of its main process from the next; undefined: not known, or it never ran. */
  readonly run?: number;
  /** It has ended, and its service manager lets a delay pass before it starts it again. */
  readonly awaitsRestart?: boolean;
  /** A start is refused whatever it does now: its unit is masked, or gone. */
  readonly barred?: true;
  /** Only of a service manager that restarts by itself. */
  readonly leftDown?: LeftDown;
  /** The service manager's own words, for status and doctor: ActiveState, SubState, Job … */
  readonly details: Readonly<Record<string, string>>;
}

/** A daemon that is up or on its way up must not be started again. */
export function isAlive(observation: Observation): boolean {
  return observation.state === 'running' || observation.state === 'starting';
}
