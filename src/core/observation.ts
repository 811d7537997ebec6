/** What was seen of a daemon, whoever looked. */
import type { ExitStatus } from './exit-status.js';
import type { ProcessIdentity } from './process-identity.js';

export type ObservedState = 'stopped' | 'starting' | 'running' | 'stopping' | 'failed';

export interface Observation {
  readonly state: ObservedState;
  /** Its main process, proven to be the daemon's; undefined where there is none. */
  readonly process: ProcessIdentity | undefined;
  /** Why we say so: "pid file names pid 12, which is /usr/bin/other", "Result=start-limit-hit". */
  readonly reason: string;
  /** Restarts that the service manager counted (NRestarts); undefined where it counts none. */
  readonly restarts: number | undefined;
  readonly lastExit: ExitStatus | undefined;
  /** The service manager's own words, for status and doctor: ActiveState, SubState, Job … */
  readonly details: Readonly<Record<string, string>>;
}

/** A daemon that is up or on its way up must not be started again. */
export function isAlive(observation: Observation): boolean {
  return observation.state === 'running' || observation.state === 'starting';
}
