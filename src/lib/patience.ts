/** Deadlines and abort signals: they bound how long a caller waits, never leave half of an effect. */
import { failed } from '../core/outcome.js';
import { formatDuration } from '../core/duration.js';
import { daemonOutcome } from './answers.js';
import type { Failed, Patience } from './types.js';

/** Longer than any daemon's own time-outs, and short enough for a timer of Node's. */
const LONGEST = 2 ** 31 - 1;

/**
 * @param begin not called where the signal is aborted already
 * @param refused what the call answers with instead, made of the failure
 */
export async function patiently<T>(patience: Patience, begin: () => Promise<T>, refused: (failure: Failed) => T): Promise<T> {
  const { deadline, signal } = patience;
  if (deadline !== undefined && !(deadline > 0)) return refused(failure('timeout', `the deadline of ${deadline} ms has passed before anything was begun`));
  if (signal?.aborted === true) return refused(failure('canceled', 'it was called off before anything was begun'));
  const work = begin();
  if (deadline === undefined && signal === undefined) return work;
  return new Promise<T>((resolve, reject) => {
    const stop = (answer: Failed): void => {
      settle();
      resolve(refused(answer));
    };
    const timer =
      deadline === undefined || deadline > LONGEST
        ? undefined
        : setTimeout(() => stop(failure('timeout', `not done within ${formatDuration(deadline)}; what was begun goes on`)), deadline);
    const onAbort = (): void => stop(failure('canceled', 'it was called off; what was begun goes on'));
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    work.then(
      (value) => {
        settle();
        resolve(value);
      },
      (error: unknown) => {
        settle();
        // A bug of ours; an expected refusal is a value.
        reject(error instanceof Error ? error : new Error(String(error)));
      },
    );
  });
}

function failure(code: 'timeout' | 'canceled', reason: string): Failed {
  const outcome = daemonOutcome(failed(code, reason, 'asking for the status'));
  if (outcome.kind !== 'failed') throw new Error('a failure is a failure');
  return outcome;
}
