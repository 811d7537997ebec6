/**
 * Locks below RUNTIME/lock. A lock is flock(2) on our own open file description.
 * Node has no flock, so flock(1) takes it for us on the descriptor that it
 * inherits, and exits: the description, which is ours, keeps the lock, and the
 * kernel frees it with our death, by whatever signal. Our descriptor is
 * close-on-exec, so no daemon that we start can hold on to it.
 */
import { spawn } from 'node:child_process';
import { closeSync, constants, existsSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { WatchkeeperError } from '../../core/errors.js';
import { escapeControl } from '../../core/escape.js';
import { formatDuration } from '../../core/duration.js';
import type { Clock } from '../../ports/clock.js';
import type { Lock, LockResult, Locks } from '../../ports/locks.js';
import { ensureDirectory } from '../state/directories.js';
import { unwritable } from '../state/unwritable.js';

const FLOCK = '/usr/bin/flock';
/** Our word for "held by somebody else", as flock(1) exits with 1 for much. */
const CONFLICT = 75;
/** ms beyond the timeout after which flock(1) itself is held to hang. */
const FLOCK_PATIENCE = 2000;
const MOST_TEXT = 1024;

interface Holder {
  readonly purpose: string;
  readonly pid: number;
  /** monotonic ms */
  readonly since: number;
}

export class HostLocks implements Locks {
  readonly #directory: string;

  /** @throws nothing yet: the directory is made with the first lock */
  constructor(
    runtime: string,
    private readonly clock: Clock,
    private readonly flock: string = FLOCK,
  ) {
    this.#directory = join(runtime, 'lock');
  }

  /** @throws WatchkeeperError STATE_UNWRITABLE; INTERNAL for a name that is no file name, or without flock(1) */
  async acquire(name: string, options: { shared?: boolean; timeout: number; purpose: string }): Promise<LockResult> {
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(name)) {
      throw new WatchkeeperError('INTERNAL', 'cannot lock', `${escapeControl(JSON.stringify(name), 80)} is no name of a lock`, 'reporting this as a bug');
    }
    if (!existsSync(this.flock)) {
      throw new WatchkeeperError('STATE_UNWRITABLE', 'cannot lock', `${this.flock} is missing`, 'apt-get install util-linux');
    }
    const fd = this.#open(name);
    try {
      const status = await this.#take(fd, options.shared === true, Math.max(0, options.timeout));
      if (status === CONFLICT) {
        const heldBy = this.#holder(fd);
        closeSync(fd);
        return { ok: false, heldBy };
      }
      if (status !== 0) {
        throw new WatchkeeperError('STATE_UNWRITABLE', `cannot lock ${join(this.#directory, name)}`, `${this.flock} ended with ${status}`, 'the same again');
      }
      this.#sign(fd, options.purpose);
      return { ok: true, lock: heldLock(fd) };
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  #open(name: string): number {
    ensureDirectory(this.#directory, 0o700);
    const path = join(this.#directory, name);
    try {
      return openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
    } catch (cause) {
      throw unwritable(`cannot open the lock ${path}`, this.#directory, cause);
    }
  }

  /** flock(1)'s exit status; a signal's name where one ended it. */
  #take(fd: number, shared: boolean, timeout: number): Promise<number | string> {
    const seconds = (timeout / 1000).toFixed(3);
    // A group of its own: Ctrl-C on the terminal is for us to handle.
    const child = spawn(this.flock, ['-E', String(CONFLICT), '-w', seconds, shared ? '-s' : '-x', '3'], {
      stdio: ['ignore', 'ignore', 'ignore', fd],
      env: { LC_ALL: 'C' },
      detached: true,
    });
    return new Promise((resolve, reject) => {
      const guard = this.clock.after(timeout + FLOCK_PATIENCE, () => child.kill('SIGKILL'));
      child.on('error', (error) => {
        guard.cancel();
        reject(error);
      });
      child.on('exit', (status, signal) => {
        guard.cancel();
        resolve(status ?? signal ?? 'nothing');
      });
    });
  }

  #sign(fd: number, purpose: string): void {
    const holder: Holder = { purpose: purpose.slice(0, MOST_TEXT / 4), pid: process.pid, since: Math.round(this.clock.monotonic()) };
    try {
      ftruncateSync(fd);
      writeSync(fd, `${JSON.stringify(holder)}\n`, 0);
    } catch (error) {
      // A full disk: the lock holds all the same, only a loser is told less.
      if (!(error instanceof Error && 'code' in error)) throw error;
    }
  }

  #holder(fd: number): string {
    const buffer = Buffer.alloc(MOST_TEXT);
    const text = buffer.toString('utf8', 0, readSync(fd, buffer, 0, MOST_TEXT, 0));
    const holder = parseHolder(text);
    if (holder === undefined) return 'somebody who has not signed the lock yet';
    const held = formatDuration(Math.max(0, this.clock.monotonic() - holder.since));
    return `${escapeControl(holder.purpose, 200)} (pid ${holder.pid}) since ${held}`;
  }
}

function heldLock(fd: number): Lock {
  let held = true;
  return {
    release: () => {
      if (!held) return;
      held = false;
      closeSync(fd);
    },
  };
}

function parseHolder(text: string): Holder | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined; // half written
    throw error;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  if (!('purpose' in value && 'pid' in value && 'since' in value)) return undefined;
  const { purpose, pid, since } = value;
  if (typeof purpose !== 'string' || typeof pid !== 'number' || typeof since !== 'number') return undefined;
  return { purpose, pid, since };
}
