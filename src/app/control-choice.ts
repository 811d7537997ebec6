/**
 * Who carries out a request: the running watcher, or this process.
 *
 * Without systemd two that start and stop the same daemons would undo each
 * other's work, so the watcher holds the lock `control` exclusively for its
 * whole life, and a daemon-util that acts by itself holds it shared. Who can't
 * have it asks the watcher; it may just be starting, so it is asked again for a
 * while. Under systemd there is nothing to fight over: no lock.
 */
import { WatchkeeperError } from '../core/errors.js';
import { sleep } from '../ports/clock.js';
import type { Clock } from '../ports/clock.js';
import type { Controller } from '../ports/controller.js';
import type { Lock, Locks } from '../ports/locks.js';
import type { ServiceManagerKind } from '../ports/service-manager.js';

export interface ControlChoiceParts {
  /** undefined: no watcher answers. */
  readonly findWatcher: () => Promise<Controller | undefined>;
  readonly direct: () => Controller;
  readonly locks: Locks;
  readonly clock: Clock;
  readonly kind: ServiceManagerKind;
  /** ms to wait for a watcher that holds control but does not answer yet. */
  readonly timeout: number;
  /** Told to others that find us holding control. */
  readonly purpose: string;
}

export interface ChosenControl {
  readonly controller: Controller;
  /** "no watcher answers, so directly" */
  readonly reason: string;
  readonly release: () => void;
}

/** One try for the lock; between two tries the watcher is asked. */
const LOCK_TRY = 100;
const PAUSE = 50;

/** @throws WatchkeeperError WATCHER_SILENT */
export async function chooseControl(parts: ControlChoiceParts): Promise<ChosenControl> {
  const deadline = parts.clock.monotonic() + parts.timeout;
  for (;;) {
    const watcher = await parts.findWatcher();
    if (watcher !== undefined) return chosen(watcher, 'the watcher answers', undefined);
    if (parts.kind === 'systemd') return chosen(parts.direct(), 'no watcher answers; systemd takes the orders directly', undefined);
    const result = await parts.locks.acquire('control', { shared: true, timeout: LOCK_TRY, purpose: parts.purpose });
    if (result.ok) return chosen(parts.direct(), 'no watcher has control', result.lock);
    if (parts.clock.monotonic() >= deadline) {
      throw new WatchkeeperError('WATCHER_SILENT', 'cannot get control', `${result.heldBy} has it, and does not answer`, 'watchkeeper status; if it hangs, restart the watcher: the daemons stay up');
    }
    await sleep(parts.clock, PAUSE);
  }
}

/** For questions only: nothing is locked. */
export async function chooseReader(parts: Pick<ControlChoiceParts, 'findWatcher' | 'direct'>): Promise<ChosenControl> {
  const watcher = await parts.findWatcher();
  return watcher === undefined ? chosen(parts.direct(), 'no watcher answers', undefined) : chosen(watcher, 'the watcher answers', undefined);
}

function chosen(controller: Controller, reason: string, lock: Lock | undefined): ChosenControl {
  return { controller, reason, release: () => lock?.release() };
}
