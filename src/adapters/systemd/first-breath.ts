/**
 * systemd calls a service of Type=simple started when it has forked, before it is
 * even known whether there is a program to become. Here its first moments are
 * waited for.
 */
import { readlinkSync } from 'node:fs';

import type { ProcessIdentity } from '../../core/process-identity.js';
import { type Clock, sleep } from '../../ports/clock.js';
import { errorCode } from '../host/error-code.js';

/** ms that a fork of systemd may take to become the program; more on a machine that is past help. */
const BECOMING = 2_000;
const LOOK = 5;
/** ms for the program to find that it can't work: a bad option, a missing file. */
const BREATH = 50;
/** systemd's own, on the way to the program; the second one since 255. */
const SYSTEMD = /\/systemd(?:-executor)?(?: \(deleted\))?$/;

/** @returns whether it lives afterwards */
export async function livesOn(process: ProcessIdentity, isAlive: (process: ProcessIdentity) => boolean, clock: Clock): Promise<boolean> {
  const deadline = clock.monotonic() + BECOMING;
  while (isAlive(process) && isStillSystemd(process.pid) && clock.monotonic() < deadline) await sleep(clock, LOOK);
  if (!isAlive(process)) return false;
  await sleep(clock, BREATH);
  return isAlive(process);
}

function isStillSystemd(pid: number): boolean {
  try {
    return SYSTEMD.test(readlinkSync(`/proc/${pid}/exe`));
  } catch (error) {
    // It has ended, or is a kernel's own.
    if (errorCode(error) !== undefined) return false;
    throw error;
  }
}
