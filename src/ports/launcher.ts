/** Starts a daemon in the foreground as a child of this process. */
import type { DaemonSpec } from '../core/daemon.js';
import type { ExitStatus } from '../core/exit-status.js';
import type { Outcome } from '../core/outcome.js';
import type { ProcessIdentity } from '../core/process-identity.js';
import type { Refusal } from '../core/refusal.js';

export interface Explanation {
  /** To be put after describeExit: why it refused, last output, that it forked away; or "". */
  readonly detail: string;
  /** Where its output says why. */
  readonly refusal: Refusal | undefined;
}

export interface Child {
  readonly process: ProcessIdentity;
  /** Settles once, never rejects. */
  readonly exited: Promise<ExitStatus>;
  /** What more is known of its end, or of a start that does not come to one. */
  readonly explain?: (exit: ExitStatus) => Explanation;
}

export interface LaunchRequest {
  readonly spec: DaemonSpec;
  /** The complete arguments, one-shot arguments included. */
  readonly arguments: readonly string[];
  /** Added to the daemon's environment. */
  readonly environment: Readonly<Record<string, string>>;
}

export type Launch =
  | { readonly ok: true; readonly child: Child }
  | { readonly ok: false; readonly outcome: Extract<Outcome, { kind: 'failed' }> };

export interface Launcher {
  readonly kind: 'start-stop-daemon' | 'built-in' | 'fake';
  /**
   * Returns as soon as the process exists: readiness is the caller's to check.
   * The child leads a session of its own, survives us, and its output goes to
   * `spec.outputFile` or /dev/null, never to a pipe of ours.
   */
  launch(request: LaunchRequest): Launch;
}
