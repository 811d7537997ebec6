/**
 * How far the wall clock is ahead of the time since boot: the smallest offset
 * seen in this boot, kept in RUNTIME/clock, which a boot empties. See
 * process-table.ts for what it is good for.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { WatchkeeperError } from '../../core/errors.js';
import { writeAtomic } from '../state/atomic-file.js';
import { errorCode } from './error-code.js';
import { bootId, sinceBoot } from './proc.js';

/** ms; smaller differences are slewing and rounding, not worth a write. */
const NOTEWORTHY = 1000;

export interface BootOffset {
  /** ms to add to a time since boot for the earliest wall-clock time that it may have had. */
  smallest(): number;
}

export class RecordedBootOffset implements BootOffset {
  readonly #path: string;
  #known: number | undefined;

  /** @param runtime directory; where it can't be written, only the present offset counts */
  constructor(runtime: string) {
    this.#path = join(runtime, 'clock');
  }

  smallest(): number {
    const present = Date.now() - sinceBoot();
    this.#known ??= this.#read();
    if (this.#known === undefined || present < this.#known - NOTEWORTHY) {
      this.#known = present;
      this.#write(present);
    }
    return Math.min(this.#known, present);
  }

  #read(): number | undefined {
    try {
      const [boot, offset] = readFileSync(this.#path, 'latin1').slice(0, 100).trim().split(' ');
      const value = Number(offset);
      return boot === bootId() && Number.isFinite(value) && offset !== undefined ? value : undefined;
    } catch (error) {
      if (errorCode(error) !== undefined) return undefined;
      throw error;
    }
  }

  #write(offset: number): void {
    try {
      writeAtomic(this.#path, `${bootId()} ${Math.round(offset)}\n`, { durable: false, mode: 0o644 });
    } catch (error) {
      // Somebody who may only look, or a full disk: the rule then knows the present offset only.
      if (!(error instanceof WatchkeeperError)) throw error;
    }
  }
}
