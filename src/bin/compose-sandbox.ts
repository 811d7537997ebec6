/**
 * The watcher's unit has a sandbox for a watcher that watches. One that starts
 * daemons itself, or has nobody who runs the site's programs outside, would hand
 * it on to them, so it takes the sandbox back by a drop-in that lasts until the
 * boot, and has its unit restarted; and the other way round, once it fits again.
 */
import { existsSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';

import { SYSTEM_BUS_SOCKET } from '../adapters/systemd/bus.js';
import { readSandboxDropIn, sandboxDropIn } from '../adapters/systemd/sandbox-drop-in.js';
import { ownUnit } from '../adapters/systemd/successor.js';
import { Systemctl } from '../adapters/systemd/systemctl.js';
import { errorCode } from '../adapters/host/error-code.js';
import { ensureDirectory } from '../adapters/state/directories.js';
import { writeAtomic } from '../adapters/state/atomic-file.js';
import { WatchkeeperError } from '../core/errors.js';
import { leaveSandboxDropIn, SANDBOX_VARIABLE } from '../core/watcher-sandbox.js';
import { type Clock, sleep } from '../ports/clock.js';
import type { Log } from '../ports/log.js';
import type { Runner } from '../ports/runner.js';
import type { Detection } from '../ports/service-manager.js';

const QUICK = 20_000;
/** ms until systemd has ended us. */
const PATIENCE = 60_000;

export interface SandboxParts {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly runner: Runner;
  readonly clock: Clock;
  readonly log: Pick<Log, 'info'>;
}

/**
 * Returns the detection where the unit's sandbox fits what is to be done here. Else systemd
 * ends us for another watcher, and whoever waits for our start waits for that one.
 *
 * @throws WatchkeeperError SANDBOXED
 */
export async function settled(detection: Detection, { environment, runner, clock, log }: SandboxParts): Promise<Detection> {
  const isSandboxed = environment[SANDBOX_VARIABLE] !== undefined;
  const objection = whyNone(detection);
  if (isSandboxed === (objection === undefined)) return detection;
  const unit = ownUnit({ environment, pid: process.pid, membership: readFileSync('/proc/self/cgroup', 'utf8') });
  if (unit === undefined) {
    if (isSandboxed) throw sandboxed(objection, 'systemd has not started this process as the main one of a unit');
    return detection; // an operator's shell, an init script
  }
  const path = sandboxDropIn(unit);
  const there = readSandboxDropIn(unit);
  if (isSandboxed) {
    const text = leaveSandboxDropIn(objection ?? '');
    if (there === text && (await isRead(unit, path, runner))) throw sandboxed(objection, `${path} is in force, and yet ${SANDBOX_VARIABLE} is set`);
    ensureDirectory(dirname(path), 0o755);
    writeAtomic(path, text, { durable: false, mode: 0o644 });
  } else {
    if (there === undefined) return detection; // without a sandbox by its own unit
    rmSync(path, { force: true });
    removeEmpty(dirname(path));
  }
  const what = isSandboxed ? `what it starts would inherit the sandbox of ${unit}: restarts it without` : `nothing speaks against the sandbox of ${unit} any more: restarts it with that`;
  log.info({ unit, why: objection ?? detection.reason, dropIn: path }, what);
  const systemctl = new Systemctl(runner);
  for (const order of [() => systemctl.reloadManager(QUICK), () => systemctl.enqueueRestart(unit, QUICK)]) {
    const { ok, stderr } = await order();
    if (!ok) throw sandboxed(objection, `systemd does not restart ${unit}: ${stderr.trim()}`);
  }
  await sleep(clock, PATIENCE);
  throw sandboxed(objection, `systemd has not restarted ${unit} within ${PATIENCE / 1000} s`);
}

async function isRead(unit: string, path: string, runner: Runner): Promise<boolean> {
  const [files] = await new Systemctl(runner).showFiles([unit]);
  return files !== undefined && files.dropIns.includes(path) && !files.needsReload;
}

function whyNone({ kind, reason }: Detection): string | undefined {
  if (kind !== 'systemd') return `the watcher starts the daemons: ${reason}`;
  return existsSync(SYSTEM_BUS_SOCKET) ? undefined : `without ${SYSTEM_BUS_SOCKET} systemd-run cannot run the site's programs outside`;
}

/** @param objection what speaks against the sandbox; undefined: nothing, but it could not be taken up */
function sandboxed(objection: string | undefined, why: string): WatchkeeperError {
  const what = objection === undefined ? "cannot take up the sandbox of the watcher's unit" : `cannot run in the sandbox of the watcher's unit (${objection})`;
  return new WatchkeeperError('SANDBOXED', what, why, 'systemctl daemon-reload, systemctl restart watchkeeper; or group.target in the configuration, and watchkeeper units install');
}

function removeEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
  }
}
