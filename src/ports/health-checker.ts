/** Looks at daemons that run, by whatever method a health check names. */
import type { DaemonSpec, HealthCheck } from '../core/daemon.js';
import type { LookResult } from '../core/health.js';
import type { ProcessIdentity } from '../core/process-identity.js';

/** One check over one life of a daemon's process; keeps what it saw before (CPU time, how far the output was read). */
export interface HealthLook {
  /**
   * One look; ends within the check's `timeout` from the moment when its turn
   * came (costly looks wait for one another). Never rejects.
   */
  look(): Promise<LookResult>;
  /** ms that a look that is due has to be put off, as the daemon said that it reloads or stops; 0: it has not. */
  putOff(): number;
  /** ms to the next look where the method knows better than the check's interval (the watchdog: when its time is up). */
  nextIn?(): number | undefined;
  /** Nobody waits for a result any more. */
  end(): void;
}

export interface HealthChecker {
  /** It is about to be started: what counts from its start (its output) begins now. */
  launching(spec: DaemonSpec): void;
  /**
   * @param begin monotonic ms from which things count: when it became ready, or
   * was found
   */
  prepare(spec: DaemonSpec, check: HealthCheck, process: ProcessIdentity, begin: number): HealthLook;
}
