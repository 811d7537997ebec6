/**
 * The watcher's unit has a sandbox for a watcher that watches. One that starts
 * daemons itself would hand it on to them, so it takes the sandbox back by a
 * drop-in that lasts until the boot, and has its unit restarted; and the other
 * way round, once systemd starts the daemons again.
 */
import { readFileSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { SYSTEMD_RUNS } from '../adapters/systemd/detect.js';
import { ownUnit } from '../adapters/systemd/successor.js';
import { Systemctl } from '../adapters/systemd/systemctl.js';
import { errorCode } from '../adapters/host/error-code.js';
import { readBounded } from '../adapters/state/bounded-file.js';
import { ensureDirectory } from '../adapters/state/directories.js';
import { writeAtomic } from '../adapters/state/atomic-file.js';
import { WatchkeeperError } from '../core/errors.js';
import { LEAVE_DROP_IN, leaveSandboxDropIn, SANDBOX_VARIABLE } from '../core/watcher-sandbox.js';
import { type Clock, sleep } from '../ports/clock.js';
import type { Log } from '../ports/log.js';
import type { Runner } from '../ports/runner.js';
import type { Detection } from '../ports/service-manager.js';

const MOST_TEXT = 16 * 1024;
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
 * Returns where the unit's sandbox fits what is to be done here. Else systemd
 * ends us for another watcher, and whoever waits for our start waits for that one.
 *
 * @throws WatchkeeperError SANDBOXED
 */
export async function settleSandbox(detection: Detection, { environment, runner, clock, log }: SandboxParts): Promise<void> {
  const isSandboxed = environment[SANDBOX_VARIABLE] !== undefined;
  const watches = detection.kind === 'systemd';
  if (isSandboxed === watches) return;
  const unit = ownUnit({ environment, pid: process.pid, membership: readFileSync('/proc/self/cgroup', 'utf8') });
  if (unit === undefined) {
    if (isSandboxed) throw sandboxed(detection, 'systemd has not started this process as the main one of a unit');
    return; // an operator's shell, an init script
  }
  const path = join(SYSTEMD_RUNS, `${unit}.d`, LEAVE_DROP_IN);
  const there = readBounded(path, MOST_TEXT, () => undefined);
  if (isSandboxed) {
    const text = leaveSandboxDropIn(detection.reason);
    if (there === text && (await isRead(unit, path, runner))) throw sandboxed(detection, `${path} is in force, and yet ${SANDBOX_VARIABLE} is set`);
    ensureDirectory(dirname(path), 0o755);
    writeAtomic(path, text, { durable: false, mode: 0o644 });
  } else {
    if (there === undefined) return; // without a sandbox by its own unit
    rmSync(path, { force: true });
    removeEmpty(dirname(path));
  }
  const why = isSandboxed ? `daemons that the watcher starts would inherit the sandbox of ${unit}` : `the watcher of ${unit} starts no daemons any more`;
  log.info({ unit, why: detection.reason, dropIn: path }, `${why}: restarts it ${isSandboxed ? 'without' : 'with'} its sandbox`);
  const systemctl = new Systemctl(runner);
  for (const order of [() => systemctl.reloadManager(QUICK), () => systemctl.enqueueRestart(unit, QUICK)]) {
    const { ok, stderr } = await order();
    if (!ok) throw sandboxed(detection, `systemd does not restart ${unit}: ${stderr.trim()}`);
  }
  await sleep(clock, PATIENCE);
  throw sandboxed(detection, `systemd has not restarted ${unit} within ${PATIENCE / 1000} s`);
}

async function isRead(unit: string, path: string, runner: Runner): Promise<boolean> {
  const [files] = await new Systemctl(runner).showFiles([unit]);
  return files !== undefined && files.dropIns.includes(path) && !files.needsReload;
}

function sandboxed({ reason }: Detection, why: string): WatchkeeperError {
  return new WatchkeeperError('SANDBOXED', `cannot start daemons in the sandbox of the watcher's unit (${reason})`, why, 'systemctl daemon-reload, systemctl restart watchkeeper; or group.target in the configuration, and watchkeeper units install');
}

function removeEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
  }
}
