/**
 * RUNTIME/watcher and RUNTIME/state/NAME: one line each, replaced by rename, so
 * that a reader (scripts/daemon-util) never sees half of one. Words are
 * separated by single spaces; `-` stands for none; the reason comes last.
 *
 *   watcher:     1 PID START_TICKS BOOT_ID HEARTBEAT_MS STALE_AFTER_MS
 *   state/NAME:  1 NAME OBSERVED READY PID START_TICKS DESIRED OWNER RESTARTS NEXT_TRY_MS PUBLISHED_MS REASON…
 *
 * Instants are CLOCK_MONOTONIC ms, which a shell can compare with /proc/uptime.
 */
import * as fs from 'node:fs';
import { join } from 'node:path';

import type { DaemonStatus } from '../../core/daemon-status.js';
import { escapeControl } from '../../core/escape.js';
import type { ProcessIdentity } from '../../core/process-identity.js';
import type { Clock } from '../../ports/clock.js';
import type { StateBoard } from '../../ports/state-board.js';
import { removeLeftoversBelow, writeAtomic } from './atomic-file.js';
import { readBounded } from './bounded-file.js';
import { ensureDirectory } from './directories.js';

const FORMAT = 1;
const MAX_REASON = 400;
const MAX_SIGN = 256;
const SIGN_OF_LIFE = /^1 ([1-9]\d{0,9}) (\d{1,15}) (\S{1,64}) \d+ \d+\n$/;
const FILE = { durable: false, mode: 0o600 } as const;

/**
 * What an earlier watcher left is removed: its lines would be as good as ours from
 * the first heartbeat on, though we may not have seen those daemons yet. Control
 * must be held by then.
 *
 * @param self       the watcher's own process
 * @param staleAfter ms without a heartbeat after which readers must not believe the board
 */
export function stateBoard(runtime: string, self: ProcessIdentity, clock: Clock, staleAfter: number): StateBoard {
  const directory = join(runtime, 'state');
  const watcherFile = join(runtime, 'watcher');
  ensureDirectory(runtime, 0o755);
  ensureDirectory(directory, 0o700);
  // Claims, memory, token: whoever was killed at them may have been the watcher before us.
  removeLeftoversBelow(runtime);
  const published = new Set<string>();
  let isSwept = false;
  const sweep = (): void => {
    for (const entry of fs.readdirSync(directory, { withFileTypes: true })) {
      if (entry.isDirectory() || published.has(entry.name)) continue;
      fs.rmSync(join(directory, entry.name), { force: true });
    }
    isSwept = true;
  };
  try {
    sweep();
  } catch {
    // Of a read-only file system: nobody believes them before there is a heartbeat, which tries again.
  }

  return {
    publish(status, process) {
      published.add(status.name);
      writeAtomic(join(directory, status.name), boardLine(status, process, clock.monotonic()), FILE);
    },
    withdraw(name) {
      published.delete(name);
      fs.rmSync(join(directory, name), { force: true });
    },
    heartbeat() {
      if (!isSwept) sweep();
      const words = [FORMAT, self.pid, self.startTicks, self.bootId, Math.round(clock.monotonic()), staleAfter];
      writeAtomic(watcherFile, `${words.join(' ')}\n`, FILE);
    },
    close() {
      fs.rmSync(watcherFile, { force: true });
      for (const name of published) fs.rmSync(join(directory, name), { force: true });
      published.clear();
    },
  };
}

export function boardLine(status: DaemonStatus, process: ProcessIdentity | undefined, now: number): string {
  const words = [
    FORMAT,
    status.name,
    status.observed,
    status.ready ? 1 : 0,
    process?.pid ?? '-',
    process?.startTicks ?? '-',
    status.desired,
    status.owner,
    status.restarts,
    status.nextTry === null ? '-' : Math.round(now + status.nextTry),
    Math.round(now),
    escapeControl(status.reason, MAX_REASON),
  ];
  return `${words.join(' ')}\n`;
}

/** Who wrote the board's sign of life last, whether or not it lives; undefined: nobody in sight. */
export function lastWatcher(runtime: string): ProcessIdentity | undefined {
  const [, pid, startTicks, bootId] = SIGN_OF_LIFE.exec(readBounded(join(runtime, 'watcher'), MAX_SIGN, () => undefined) ?? '') ?? [];
  return bootId === undefined ? undefined : { pid: Number(pid), startTicks: Number(startTicks), bootId };
}
