/** How long the disk is waited for. A hung one must not keep who waits, nor who is told that we are at it. */
import { WatchkeeperError } from '../core/errors.js';
import type { Clock } from '../ports/clock.js';
import { within } from './within.js';

/** ms, with what was said before. */
export const DISK_PATIENCE = 30_000;

/** @param what "what is wanted" */
export function diskIsSilent(what: string): WatchkeeperError {
  return new WatchkeeperError('STATE_UNWRITABLE', `cannot write down ${what}`, `the disk has not taken it within ${DISK_PATIENCE / 1000} s`, 'a look at dmesg and at the disk, then the same again; it may be on record all the same');
}

/** @throws WatchkeeperError STATE_UNWRITABLE, where it takes too long */
export async function patiently<T>(clock: Clock, what: string, writing: Promise<T>): Promise<T> {
  if (!(await within(clock, DISK_PATIENCE, writing))) throw diskIsSilent(what);
  return writing;
}
