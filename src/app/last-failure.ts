/** Why the last attempt on a daemon came to nothing, for the answer to whoever asked for it. */
import type { FailureCode, Outcome } from '../core/outcome.js';
import { asRefusal, type Refusal } from '../core/refusal.js';
import type { PhaseKind, SupervisionEvent } from '../core/supervision-state.js';
import type { Explanation } from '../ports/launcher.js';

export type Failed = Extract<Outcome, { kind: 'failed' }>;

export class LastFailure {
  code: FailureCode = 'failed';
  /** Where the daemon's own output, or whoever launched it, says why. */
  refusal: Refusal | undefined;

  /** Of the stop that failed last, until another one begins or it is launched. */
  stop: Failed | undefined;

  /** @param phase that it comes in */
  note(event: SupervisionEvent, phase: PhaseKind): void {
    if (event.kind === 'launch-failed') this.code = event.code;
    if (event.kind === 'not-ready') this.code = this.refusal?.code ?? 'not-ready';
    if (event.kind === 'exited' && phase !== 'stopping') this.code = this.refusal?.code ?? 'failed';
  }

  /** @returns the words of it */
  learn(explanation: Explanation | undefined): string {
    this.refusal = explanation?.refusal;
    return explanation?.detail ?? '';
  }

  /** @returns the event of it */
  stopping(outcome: Failed): SupervisionEvent {
    this.stop = outcome;
    this.code = outcome.code;
    this.refusal = undefined;
    return { kind: 'stop-failed', reason: outcome.reason };
  }

  /** @returns the event of it */
  launch(outcome: Outcome | undefined, why: string): SupervisionEvent {
    const failure = outcome?.kind === 'failed' ? outcome : { code: 'internal' as const, reason: why };
    this.refusal = outcome?.kind === 'failed' ? asRefusal(outcome) : undefined;
    return { kind: 'launch-failed', code: failure.code, reason: failure.reason, retry: true };
  }
}
