/**
 * Claims on disk, in two files for each daemon, as they have two writers:
 * RUNTIME/pids/NAME, a plain pid that start-stop-daemon writes in the very
 * process that then becomes the daemon, and RUNTIME/claims/NAME, where we add
 * start time and boot, so that no other process can ever pass for it.
 *
 * RUNTIME/claims/NAME also tells what is not running: `starting` between the
 * decision and the claim, `none` after a stop. Only where it says `starting`, or
 * is missing, may the processes' markers be asked (find.ts): a child that outlived
 * its daemon carries the same marker and must not be taken for the daemon.
 */
import { existsSync, lstatSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isValidName } from '../../core/daemon.js';
import type { ProcessIdentity } from '../../core/process-identity.js';
import type { Claims } from '../../ports/claims.js';
import { errorCode } from '../host/error-code.js';
import { bootId } from '../host/proc.js';
import { writeAtomic } from '../state/atomic-file.js';
import { ensureDirectory } from '../state/directories.js';
import { readPidFile, removePidFile } from './pid-file.js';

/** What the record says; `unknown`: there is none. */
export type ClaimState = 'claimed' | 'starting' | 'none' | 'unknown';

export type Claimed = NonNullable<ReturnType<Claims['read']>>;

export class HostClaims implements Claims {
  readonly #begun = new Set<string>();
  #ready = false;

  constructor(private readonly runtime: string) {}

  /** Where a program that writes a pid file by itself is to put it. */
  pidPath(name: string): string {
    return join(this.runtime, 'pids', checked(name));
  }

  read(name: string): Claimed | undefined {
    const full = this.#readFull(name);
    const plain = readPidFile(this.pidPath(name));
    if (plain.kind !== 'pid') return full;
    // Another pid than ours: a start of which only the first half was written down.
    if (full === undefined || (full.pid !== plain.pid && plain.writtenAt >= full.writtenAt)) {
      return { pid: plain.pid, startTicks: undefined, writtenAt: plain.writtenAt };
    }
    return full;
  }

  state(name: string): ClaimState {
    const text = this.#readText(name)?.text;
    if (text === undefined) return 'unknown';
    if (text === NONE) return 'none';
    return text === starting() ? 'starting' : this.#readFull(name) === undefined ? 'unknown' : 'claimed';
  }

  /** Notes that a start is under way; the old claim is void. @throws WatchkeeperError STATE_UNWRITABLE */
  begin(name: string): void {
    this.#begun.add(name);
    this.#note(name, starting());
  }

  /** Whether this very process has begun a start of it. */
  hasBegun(name: string): boolean {
    return this.#begun.has(name);
  }

  /** @throws WatchkeeperError STATE_UNWRITABLE */
  write(name: string, process: ProcessIdentity): void {
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

  /** Checked once, and made again where somebody removed them: on the way of each start. */
  #ensureDirectories(): void {
    const directories = ['pids', 'claims'].map((directory) => join(this.runtime, directory));
    if (this.#ready && directories.every((directory) => existsSync(directory))) return;
    for (const directory of directories) ensureDirectory(directory, 0o700);
    this.#ready = true;
  }

  #claimPath(name: string): string {
    return join(this.runtime, 'claims', checked(name));
  }

  #readFull(name: string): Claimed | undefined {
    const record = this.#readText(name);
    const match = record === undefined ? null : /^(\d{1,10}) (\d{1,16}) (\S{1,64})\n$/.exec(record.text);
    // Of another boot: the runtime directory was not emptied, but the processes are gone.
    if (record === undefined || match?.[3] !== bootId()) return undefined;
    return { pid: Number(match[1]), startTicks: Number(match[2]), writtenAt: record.writtenAt };
  }

  #readText(name: string): { readonly text: string; readonly writtenAt: number } | undefined {
    const path = this.#claimPath(name);
    try {
      return { text: readFileSync(path, 'latin1'), writtenAt: statSync(path).mtimeMs };
    } catch (error) {
      if (errorCode(error) !== undefined) return undefined;
      throw error;
    }
  }
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
