/** Serialises those who act on the same daemon; the loser learns who was first. */
import type { DaemonSpec } from '../core/daemon.js';
import { failed } from '../core/outcome.js';
import type { Outcome } from '../core/outcome.js';
import type { Lock, Locks } from '../ports/locks.js';

export type Locked<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly name: string; readonly outcome: Outcome };

/**
 * Runs `action` while holding `daemon.NAME` of each spec. Taken in the order of
 * their names, so that two that want the same daemons can't wait for each other;
 * everything is let go before a failure is returned.
 *
 * @param timeout ms to wait for each lock
 */
export async function withDaemonLocks<T>(
  locks: Locks,
  specs: readonly DaemonSpec[],
  options: { readonly timeout: number; readonly purpose: string },
  action: () => Promise<T>,
): Promise<Locked<T>> {
  const held: Lock[] = [];
  try {
    for (const name of specs.map((spec) => spec.name).sort()) {
      const result = await locks.acquire(`daemon.${name}`, options);
      if (!result.ok) {
        const outcome = failed('locked', `${result.heldBy} is at work on it`, 'the same again when that has ended');
        return { ok: false, name, outcome };
      }
      held.push(result.lock);
    }
    return { ok: true, value: await action() };
  } finally {
    for (const lock of held.reverse()) lock.release();
  }
}
