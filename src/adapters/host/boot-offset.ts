/**
 * How far the wall clock is ahead of the time since boot: the smallest offset
 * seen in this boot, kept in RUNTIME/clock, which a boot empties. See
 * process-table.ts for what it is good for.
 */
import { join } from 'node:path';
import { WatchkeeperError } from '../../core/errors.js';
import { writeAtomic } from '../state/atomic-file.js';
import { readBounded } from '../state/bounded-file.js';
import { bootId, sinceBoot } from './proc.js';

/** ms; smaller differences are slewing and rounding, not worth a write. */
const NOTEWORTHY = 1000;
const MAX_SIZE = 100;

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
    const [boot, offset] = (readBounded(this.#path, MAX_SIZE, () => undefined) ?? '').trim().split(' ');
    const value = Number(offset);
    return boot === bootId() && Number.isFinite(value) && offset !== undefined ? value : undefined;
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
