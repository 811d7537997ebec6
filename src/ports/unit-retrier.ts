/** One more attempt for a unit that its service manager has given up. */
import type { DaemonSpec } from '../core/daemon.js';

export type RetryOutcome =
  /** Its start was asked for; what comes of it will be seen. */
  | { readonly kind: 'asked' }
  /** It is no longer that failure: somebody or something has changed it meanwhile. */
  | { readonly kind: 'changed'; readonly reason: string }
  /** It was stopped on purpose, in a way that only shows now. */
  | { readonly kind: 'stopped'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string };

export interface UnitRetrier {
  /**
   * Looks once more, clears the failure and asks for a start, without waiting for its end.
   * @param failedAt LeftDown.failedAt of the failure that is meant
   */
  retry(spec: DaemonSpec, failedAt: number): Promise<RetryOutcome>;
  /** Its failure, its restarts and its start limit are over. @returns why they could not be cleared */
  forget(spec: DaemonSpec): Promise<string | undefined>;
}
