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
  /**
   * undefined: no watcher runs.
   * @throws WatchkeeperError WATCHER_SILENT where one runs and hangs
   */
  readonly findWatcher: () => Promise<Controller | undefined>;
  /** Both only asked where no watcher answers: they cost a look at systemd. */
  readonly direct: () => Promise<Controller>;
  readonly kind: () => Promise<ServiceManagerKind>;
  readonly locks: Locks;
  readonly clock: Clock;
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
    const { watcher, refusal } = await ask(parts.findWatcher);
    if (watcher !== undefined) return chosen(watcher, 'the watcher answers', undefined);
    if ((await parts.kind()) === 'systemd') return chosen(await parts.direct(), `${why(refusal)}; systemd takes orders without it`, undefined);
    if (refusal !== undefined) throw refusal;
    const result = await parts.locks.acquire('control', { shared: true, timeout: LOCK_TRY, purpose: parts.purpose });
    if (result.ok) return await locked(parts.direct, result.lock);
    if (parts.clock.monotonic() >= deadline) {
      throw new WatchkeeperError('WATCHER_SILENT', 'cannot get control', `${result.heldBy} has it, and does not answer`, 'watchkeeper status; if it hangs, restart the watcher: the daemons stay up');
    }
    await sleep(parts.clock, PAUSE);
  }
}

/**
 * For questions only: nothing is locked, and a watcher that hangs is done
 * without. One that we may not ask is not, except under systemd: what else there
 * is to see is not for us either, and half of it could make a wrong answer.
 */
export async function chooseReader(parts: Pick<ControlChoiceParts, 'findWatcher' | 'direct' | 'kind'>): Promise<ChosenControl> {
  const { watcher, refusal } = await ask(parts.findWatcher);
  if (watcher !== undefined) return chosen(watcher, 'the watcher answers', undefined);
  if (refusal !== undefined && refusal.code !== 'WATCHER_SILENT' && (await parts.kind()) !== 'systemd') throw refusal;
  return chosen(await parts.direct(), why(refusal), undefined);
}

async function ask(findWatcher: ControlChoiceParts['findWatcher']): Promise<{ watcher?: Controller | undefined; refusal?: WatchkeeperError }> {
  try {
    return { watcher: await findWatcher() };
  } catch (error) {
    if (error instanceof WatchkeeperError) return { refusal: error };
    throw error;
  }
}

function why(refusal: WatchkeeperError | undefined): string {
  return refusal === undefined ? 'no watcher runs' : refusal.message;
}

async function locked(direct: () => Promise<Controller>, lock: Lock): Promise<ChosenControl> {
  try {
    return chosen(await direct(), 'no watcher has control', lock);
  } catch (error) {
    lock.release();
    throw error;
  }
}

function chosen(controller: Controller, reason: string, lock: Lock | undefined): ChosenControl {
  return { controller, reason, release: () => lock?.release() };
}
