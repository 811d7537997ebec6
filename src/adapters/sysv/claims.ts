/**
 * Claims on disk, in two files for each daemon, as they have two writers:
 * RUNTIME/pids/NAME, a plain pid that start-stop-daemon writes in the very
 * process that then becomes the daemon, and RUNTIME/claims/NAME, where we add
 * start time and boot, so that no other process can ever pass for it.
 *
 * RUNTIME/claims/NAME also tells what is not running: `none` after a stop. It says
 * `starting`, or is missing, between the decision and the claim. Only then may the
 * processes' markers be asked (find.ts): a child that outlived its daemon carries
 * the same marker and must not be taken for the daemon.
 */
import { closeSync, constants, existsSync, fstatSync, lstatSync, openSync, readSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { isValidName } from '../../core/daemon.js';
import type { ProcessIdentity } from '../../core/process-identity.js';
import type { Claims } from '../../ports/claims.js';
import { errorCode } from '../host/error-code.js';
import { bootId } from '../host/proc.js';
import { writeAtomic } from '../state/atomic-file.js';
import { ensureDirectory } from '../state/directories.js';
import { readOwnPidFile, removePidFile } from './pid-file.js';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;

/** What the record says; `unknown`: there is none. */
export type ClaimState = 'claimed' | 'starting' | 'none' | 'unknown';

export type Claimed = NonNullable<ReturnType<Claims['read']>>;

export class HostClaims implements Claims {
  readonly #begun = new Set<string>();
  readonly #buffer = Buffer.alloc(256);
  readonly #pids: string;
  readonly #claims: string;
  #ready = false;

  constructor(runtime: string) {
    this.#pids = join(runtime, 'pids');
    this.#claims = join(runtime, 'claims');
  }

  /** Where a program that writes a pid file by itself is to put it. */
  pidPath(name: string): string {
    return `${this.#pids}/${checked(name)}`;
  }

  read(name: string): Claimed | undefined {
    return this.look(name).claimed;
  }

  state(name: string): ClaimState {
    return this.look(name).state;
  }

  /** `full`: what we wrote down ourselves, also where a newer plain pid stands beside it. */
  look(name: string): { readonly state: ClaimState; readonly claimed: Claimed | undefined; readonly full: Claimed | undefined } {
    const record = this.#read(name);
    const full = record === undefined ? undefined : parseFull(record);
    const plain = readOwnPidFile(this.pidPath(name));
    const state = full !== undefined ? 'claimed' : record?.text === NONE ? 'none' : record?.text === starting() ? 'starting' : 'unknown';
    // Another pid than ours: a start of which only the first half was written down.
    const half = plain.kind === 'pid' && (full === undefined || (full.pid !== plain.pid && plain.writtenAt >= full.writtenAt));
    return { state, claimed: half ? { pid: plain.pid, startTicks: undefined, writtenAt: plain.writtenAt } : full, full };
  }

  /** Notes that a start is under way; the old claim is void. @throws WatchkeeperError STATE_UNWRITABLE */
  begin(name: string): void {
    this.#begun.add(name);
    // On the way of each restart: to remove says as much as `starting`, and costs less, above all
    // on a disk, where the file system flushes what is renamed over something.
    if (!this.#removed(name)) this.#note(name, starting());
  }

  /** Whether this very process has begun a start of it. */
  hasBegun(name: string): boolean {
    return this.#begun.has(name);
  }

  /** @throws WatchkeeperError STATE_UNWRITABLE */
  write(name: string, process: ProcessIdentity): void {
    // Of one that somebody else started, in a directory where nothing was begun yet.
    if (!this.#ready) this.#ensureDirectories();
    writeAtomic(this.#claimPath(name), `${process.pid} ${process.startTicks} ${process.bootId}\n`, { durable: false, mode: 0o600 });
  }

  /** Leaves a note that nothing runs. @throws WatchkeeperError STATE_UNWRITABLE */
  remove(name: string): void {
    this.#note(name, NONE);
  }

  #note(name: string, text: string): void {
    this.#ensureDirectories();
    writeAtomic(this.#claimPath(name), text, { durable: false, mode: 0o600 });
    // Nobody but us can put a link there, or on the way.
    const pidPath = this.pidPath(name);
    if (lstatSync(pidPath, { throwIfNoEntry: false }) !== undefined) removePidFile(pidPath);
  }

  /** false: there was none, or it can't be removed. */
  #removed(name: string): boolean {
    if (!this.#ready) return false;
    const pidPath = this.pidPath(name);
    if (unlink(this.#claimPath(name)) !== 'done') return false;
    // Mostly there is none, and an exception costs more than this look.
    return lstatSync(pidPath, { throwIfNoEntry: false }) === undefined || unlink(pidPath) !== 'failed';
  }

  /** Checked once, and made again where somebody removed them: on the way of each start. */
  #ensureDirectories(): void {
    const directories = [this.#pids, this.#claims];
    if (this.#ready && directories.every((directory) => existsSync(directory))) return;
    for (const directory of directories) ensureDirectory(directory, 0o700);
    this.#ready = true;
  }

  #claimPath(name: string): string {
    return `${this.#claims}/${checked(name)}`;
  }

  #read(name: string): ClaimRecord | undefined {
    let fd: number;
    try {
      // O_NONBLOCK: a FIFO there must not hang us.
      fd = openSync(this.#claimPath(name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    } catch (error) {
      if (errorCode(error) !== undefined) return undefined;
      throw error;
    }
    try {
      const text = this.#buffer.toString('latin1', 0, readSync(fd, this.#buffer, 0, this.#buffer.length, 0));
      return { text, writtenAt: fstatSync(fd).mtimeMs };
    } catch (error) {
      if (errorCode(error) !== undefined) return undefined; // a directory, by somebody's mistake
      throw error;
    } finally {
      closeSync(fd);
    }
  }
}

function unlink(path: string): 'done' | 'absent' | 'failed' {
  try {
    unlinkSync(path);
    return 'done';
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    return errorCode(error) === 'ENOENT' ? 'absent' : 'failed';
  }
}

interface ClaimRecord {
  readonly text: string;
  readonly writtenAt: number;
}

function parseFull({ text, writtenAt }: ClaimRecord): Claimed | undefined {
  const match = /^(\d{1,10}) (\d{1,16}) (\S{1,64})\n$/.exec(text);
  // Of another boot: the runtime directory was not emptied, but the processes are gone.
  return match?.[3] === bootId() ? { pid: Number(match[1]), startTicks: Number(match[2]), writtenAt } : undefined;
}

const NONE = 'none\n';

function starting(): string {
  return `starting ${bootId()}\n`;
}

/** A name from the catalogue always is valid; this is the last door before the file system. */
function checked(name: string): string {
  if (!isValidName(name)) throw new Error(`internal error: ${JSON.stringify(name.slice(0, 80))} is no daemon's name`);
  return name;
}
