/**
 * Stops that whoever began them did not live to finish, where systemd starts and
 * stops: they stand as written, and the unit runs on. Which are meant is told by
 * time: a main process that began before the stop was written down was there
 * already, and what somebody has started since is left alone (core/desired-state.ts).
 */
import type { DaemonSpec } from '../core/daemon.js';
import { isAlive, type Observation } from '../core/observation.js';
import { inStartOrder } from '../core/order.js';
import { failed, ok, type Outcome } from '../core/outcome.js';
import type { Locks } from '../ports/locks.js';
import type { Log } from '../ports/log.js';
import type { ServiceManager } from '../ports/service-manager.js';
import { withDaemonLocks } from './daemon-locks.js';
import type { Wishes } from './wishes.js';

export interface CutOffStopParts {
  readonly manager: Pick<ServiceManager, 'observe' | 'stop'>;
  readonly wishes: Wishes;
  readonly locks: Locks;
  /** ms to wait for somebody who is at work on the same daemon. */
  readonly lockTimeout: number;
  /** Whether nothing is to be done to it by itself. */
  readonly isHindered: (name: string) => boolean;
  readonly log: Log;
}

const LEFT_ALONE = ok(false, 'it is as it should be');

/** What needs another one first. @returns names of those that were stopped */
export async function finishCutOffStops(all: readonly DaemonSpec[], parts: CutOffStopParts): Promise<readonly string[]> {
  const { wishes, locks, lockTimeout, log, manager } = parts;
  const down = [...inStartOrder(all)].reverse().filter((spec) => wishes.stopped(spec) !== undefined);
  const seen = down.length === 0 ? [] : await manager.observe(down);
  const stopped: string[] = [];
  for (const spec of down.filter((each, index) => isCutOff(each, seen[index], all, parts))) {
    const fields = { daemon: spec.name, reason: wishes.now(spec).reason };
    const locked = await withDaemonLocks(locks, [spec], { timeout: lockTimeout, purpose: 'the watcher, to finish a stop' }, () => finish(spec, all, parts));
    const outcome = locked.ok ? locked.value : locked.outcome;
    if (outcome.kind === 'failed') log.warn({ ...fields, why: outcome.reason, next: outcome.next }, `${spec.name}: a stop was cut off, and cannot be finished`);
    if (outcome.kind !== 'ok' || !outcome.changed) continue;
    log.info(fields, `${spec.name}: its stop was cut off, and is finished now`);
    stopped.push(spec.name);
  }
  return stopped;
}

/** Under its lock: whoever starts it says so under the same, and is believed. */
async function finish(spec: DaemonSpec, all: readonly DaemonSpec[], parts: CutOffStopParts): Promise<Outcome> {
  const [seen] = await parts.manager.observe([spec]);
  if (!isCutOff(spec, seen, all, parts)) return LEFT_ALONE;
  const [outcome] = await parts.manager.stop([spec]);
  return outcome ?? failed('internal', 'no outcome was told', 'watchkeeper events');
}

function isCutOff(spec: DaemonSpec, seen: Observation | undefined, all: readonly DaemonSpec[], { wishes, isHindered }: CutOffStopParts): boolean {
  // With a job systemd is at it already, whatever that is.
  if (seen?.process === undefined || !isAlive(seen) || seen.details['Job'] !== undefined) return false;
  return !isHindered(spec.name) && wishes.now(spec).desired === 'down' && wishes.isUnfinished(spec, seen.process, all);
}
