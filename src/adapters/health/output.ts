/**
 * Whether a text has come up in a daemon's output. Reads on from where the last
 * look ended, asynchronously and in pieces, so that a flood blocks nobody.
 */
import * as fs from 'node:fs/promises';
import { constants, statSync } from 'node:fs';
import type { LookResult } from '../../core/health.js';
import { quoted } from '../../core/printable.js';
import { errorCode } from '../host/error-code.js';

const PIECE = 64 * 1024;
/** For one look; the next one goes on there. */
const MOST_PER_LOOK = 16 * 1024 * 1024;

/** 0 where there is no file yet. */
export function sizeOf(path: string): number {
  try {
    return statSync(path).size;
  } catch (error) {
    if (errorCode(error) !== undefined) return 0;
    throw error;
  }
}

export class OutputSearch {
  readonly #text: Buffer;
  /** The end of what was read, as long as the beginning of a hit may be. */
  #rest = Buffer.alloc(0);
  #found = false;

  /** @param position where the daemon's own output begins */
  constructor(
    private readonly path: string,
    text: string,
    private position: number,
  ) {
    this.#text = Buffer.from(text, 'utf8');
  }

  async look(): Promise<LookResult> {
    const shown = quoted(this.#text.toString('utf8').slice(0, 80));
    // What was said once was said, also where the file is cut meanwhile.
    if (!this.#found) {
      const problem = await this.#read();
      // Where no file is there is no text either; what cannot be read might have it.
      if (problem !== undefined) return { healthy: problem === 'ENOENT' ? true : undefined, reason: `${this.path} has nothing to be read: ${problem}` };
    }
    return this.#found ? { healthy: false, reason: `${this.path} says ${shown}` } : { healthy: true, reason: `${this.path} is free of ${shown}` };
  }

  async #read(): Promise<string | undefined> {
    let handle: fs.FileHandle | undefined;
    try {
      handle = await fs.open(this.path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      const stat = await handle.stat();
      if (!stat.isFile()) return 'it is not a regular file';
      if (stat.size < this.position) {
        // Cut by the cap on its size (or by logrotate's copytruncate): it begins anew.
        this.position = 0;
        this.#rest = Buffer.alloc(0);
      }
      const end = Math.min(stat.size, this.position + MOST_PER_LOOK);
      const buffer = Buffer.alloc(PIECE);
      while (this.position < end && !this.#found) {
        const { bytesRead } = await handle.read(buffer, 0, Math.min(PIECE, end - this.position), this.position);
        if (bytesRead === 0) break;
        this.position += bytesRead;
        const piece = Buffer.concat([this.#rest, buffer.subarray(0, bytesRead)]);
        this.#found = piece.includes(this.#text);
        this.#rest = Buffer.from(piece.subarray(Math.max(0, piece.length - this.#text.length + 1)));
      }
      return undefined;
    } catch (error) {
      const code = errorCode(error);
      if (code === undefined) throw error;
      return code;
    } finally {
      await handle?.close();
    }
  }
}
