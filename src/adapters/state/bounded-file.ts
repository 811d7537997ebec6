/** Small files of ours, read with the suspicion that somebody else put them there. */
import * as fs from 'node:fs';

import { errorCode } from './unwritable.js';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;

/** Told of a record that can't be used, with the file's name in the text. */
export type Warn = (text: string) => void;

/** Nobody else has a turn between the read and the text. */
let shared = Buffer.alloc(0);

/** undefined: no such file, or none that may be believed; the latter is reported. */
export function readBounded(path: string, maxSize: number, warn: Warn): string | undefined {
  let fd: number;
  try {
    // O_NONBLOCK: a FIFO planted there must not hang us.
    fd = fs.openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (cause) {
    const code = errorCode(cause) ?? String(cause);
    if (code !== 'ENOENT') warn(`${path} cannot be read: ${code}`);
    return undefined;
  }
  try {
    const stat = fs.fstatSync(fd);
    const refusal = unfit(stat, maxSize);
    if (refusal !== undefined) {
      warn(`${path} is not used: ${refusal}`);
      return undefined;
    }
    if (shared.length < maxSize) shared = Buffer.alloc(maxSize);
    return shared.toString('utf8', 0, fs.readSync(fd, shared, 0, maxSize, 0));
  } catch (cause) {
    warn(`${path} cannot be read: ${errorCode(cause) ?? String(cause)}`);
    return undefined;
  } finally {
    fs.closeSync(fd);
  }
}

function unfit(stat: fs.Stats, maxSize: number): string | undefined {
  if (!stat.isFile()) return 'it is not a regular file';
  if (stat.size > maxSize) return `it has ${stat.size} bytes`;
  if (stat.uid !== 0 && stat.uid !== process.geteuid?.()) return `it belongs to uid ${stat.uid}`;
  return undefined;
}
