/**
 * Reads a file that decides what runs as root: only if nobody but root could
 * have written it, or any directory on the way to it (gogs#1025, pnp4nagios#140).
 */
import * as fs from 'node:fs';
import { dirname } from 'node:path';

const STICKY = 0o1000;
const GROUP_OR_OTHERS_WRITE = 0o022;
const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = fs.constants;

/** Bytes; a catalogue of 1000 daemons takes a quarter. */
export const MAX_CONFIGURATION_FILE_SIZE = 1024 * 1024;

export interface FileStamp {
  readonly path: string;
  /** ms since the epoch */
  readonly modified: number;
  readonly size: number;
}

export type FileText =
  | { readonly ok: true; readonly text: string; readonly stamp: FileStamp }
  | { readonly ok: false; readonly missing: boolean; readonly message: string };

/** The file at an absolute path, as UTF-8 text. As root, and only then, its owner and mode matter. */
export function readTrusted(path: string): FileText {
  const refuse = (message: string): FileText => ({ ok: false, missing: false, message });
  let fd: number | undefined;
  try {
    // What is opened is what the links lead to now, without a link left in it.
    const real = fs.realpathSync(path);
    const distrust = mistrusted(path) ?? (real === path ? undefined : mistrusted(real));
    if (distrust !== undefined) return refuse(distrust);
    fd = fs.openSync(real, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
    const stat = fs.fstatSync(fd);
    if (!stat.isFile()) return refuse(`${stat.isDirectory() ? 'a directory' : 'no regular file'}; a file is needed`);
    if (stat.size > MAX_CONFIGURATION_FILE_SIZE) return refuse(`larger than ${MAX_CONFIGURATION_FILE_SIZE} bytes, the most that is read`);
    const distrusted = mistrustedStat(stat, real);
    if (distrusted !== undefined) return refuse(distrusted);
    const bytes = readAll(fd);
    const text = bytes.toString('utf8');
    if (!Buffer.from(text).equals(bytes)) return refuse('not UTF-8 text; save it as UTF-8');
    return { ok: true, text, stamp: { path, modified: stat.mtimeMs, size: stat.size } };
  } catch (error) {
    return unreadable(error);
  } finally {
    if (fd !== undefined) fs.closeSync(fd);
  }
}

/** At most one byte more than is allowed, however the file grows meanwhile. */
function readAll(fd: number): Buffer {
  const buffer = Buffer.alloc(MAX_CONFIGURATION_FILE_SIZE + 1);
  let length = 0;
  for (;;) {
    const count = fs.readSync(fd, buffer, length, buffer.length - length, null);
    length += count;
    if (count === 0 || length === buffer.length) return buffer.subarray(0, length);
  }
}

function unreadable(error: unknown): FileText {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  switch (code) {
    case 'ENOENT':
      return { ok: false, missing: true, message: 'the file does not exist' };
    case 'EACCES':
    case 'EPERM':
      return { ok: false, missing: false, message: 'permission denied; it must be readable for whoever runs this' };
    case 'ENOTDIR':
      return { ok: false, missing: true, message: 'what should be a directory on the way to it is none' };
    case 'ELOOP':
      return { ok: false, missing: false, message: 'its symbolic links run in a circle' };
    default:
      if (code === '') throw error;
      return { ok: false, missing: false, message: `it can't be read (${code})` };
  }
}

/** The file and each directory above it; undefined: all well, or we are not root. */
export function mistrusted(path: string): string | undefined {
  if (process.geteuid?.() !== 0) return undefined;
  for (let at = path; ; at = dirname(at)) {
    const problem = mistrustedStat(fs.lstatSync(at), at);
    if (problem !== undefined || at === '/') return problem;
  }
}

function mistrustedStat(stat: fs.Stats, at: string): string | undefined {
  if (process.geteuid?.() !== 0) return undefined;
  if (stat.uid !== 0) return `not to be trusted as root: ${at} belongs to uid ${stat.uid}; chown root ${at}`;
  if (stat.isSymbolicLink() || (stat.mode & GROUP_OR_OTHERS_WRITE) === 0) return undefined;
  // In a sticky directory (/tmp) others can't replace what is root's.
  if (stat.isDirectory() && (stat.mode & STICKY) !== 0) return undefined;
  return `not to be trusted as root: others may write to ${at} (mode ${(stat.mode & 0o7777).toString(8)}); chmod go-w ${at}`;
}
