/** Reads history files from their beginning without holding up the loop: a few ms of work at a time. */
import * as fs from 'node:fs';
import { promisify } from 'node:util';

import type { HistoryRecord } from '../../core/history.js';
import { parseHistoryLine } from './history-line.js';
import { errorCode } from './unwritable.js';

/** Bytes: some 1000 lines. */
const PORTION = 32 * 1024;

const read = promisify(fs.read);

/** A file as it is now: what is appended to it later, or becomes of its name, does not matter. */
export interface Kept {
  readonly fd: number;
  readonly size: number;
}

/** Those of them that are there. */
export function openKept(paths: readonly string[]): readonly Kept[] {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
  return paths.flatMap((path) => {
    try {
      const fd = fs.openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
      const stat = fs.fstatSync(fd);
      return [{ fd, size: stat.isFile() ? stat.size : 0 }];
    } catch (cause) {
      if (errorCode(cause) === 'ENOENT') return [];
      throw cause;
    }
  });
}

/** Closes them. */
export async function replay(kept: readonly Kept[], tell: (record: HistoryRecord) => void): Promise<void> {
  const portion = Buffer.alloc(PORTION);
  try {
    for (const { fd, size } of kept) {
      let half = '';
      for (let at = 0; at < size; ) {
        const { bytesRead } = await read(fd, portion, 0, Math.min(PORTION, size - at), at);
        if (bytesRead === 0) break;
        at += bytesRead;
        const lines = (half + portion.toString('latin1', 0, bytesRead)).split('\n');
        // A line of ours is short: what goes on for ever is not kept in memory.
        half = (lines.pop() ?? '').slice(0, PORTION);
        for (const line of lines) tellLine(line, tell);
      }
      tellLine(half, tell);
    }
  } finally {
    for (const { fd } of kept) fs.closeSync(fd);
  }
}

function tellLine(line: string, tell: (record: HistoryRecord) => void): void {
  const record = parseHistoryLine(line);
  if (record !== undefined) tell(record);
}
