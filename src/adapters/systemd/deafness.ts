/**
 * systemd is deaf for a moment while it executes itself anew (daemon-reexec, as
 * an upgrade of it does). That is no reason to fail what somebody asks for: it is
 * asked again, a few seconds long.
 */
import { escapeControl } from '../../core/escape.js';
import { failed, type Outcome } from '../../core/outcome.js';
import { type Clock, sleep } from '../../ports/clock.js';
import { type ActResult, SystemdSilent } from './systemctl.js';
import { wasLost } from './vocabulary.js';

/** ms in which it may be deaf, and between two tries. */
const DEAFNESS = 5_000;
const AGAIN = 250;

/** @throws SystemdSilent it has not answered in all that time */
export async function heard<T>(clock: Clock, ask: () => Promise<T>): Promise<T> {
  const deadline = clock.monotonic() + DEAFNESS;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof SystemdSilent) || clock.monotonic() > deadline) throw error;
      await sleep(clock, AGAIN);
    }
  }
}

/** An order that was lost on its way is given again: a second one for the same joins the job of the first, or has nothing to do. */
export async function obeyed(clock: Clock, order: () => Promise<ActResult>): Promise<ActResult> {
  const deadline = clock.monotonic() + DEAFNESS;
  for (;;) {
    const result = await order();
    if (result.ok || !wasLost(result.stderr) || clock.monotonic() > deadline) return result;
    await sleep(clock, AGAIN);
  }
}

/** Where systemd does not answer, every daemon of the call has the same outcome. */
export async function orSilent(count: number, work: () => Promise<readonly Outcome[]>): Promise<readonly Outcome[]> {
  try {
    return await work();
  } catch (error) {
    const outcome = silence(error);
    return Array.from({ length: count }, () => outcome);
  }
}

/** @throws what is not systemd's silence */
export function silence(error: unknown): Outcome {
  if (!(error instanceof SystemdSilent)) throw error;
  return failed('timeout', `systemd does not answer: ${escapeControl(error.message, 300)}`, 'try: systemctl status');
}
