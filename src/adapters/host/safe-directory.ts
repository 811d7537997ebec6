/**
 * Opens the directory of a file that others may have a hand in, so that nobody
 * can send us elsewhere: each component is opened relative to its parent's
 * descriptor (by /proc/self/fd, as Node has no openat) and never followed, except
 * for a symbolic link that root or we put where only root or we can (/var/run).
 */
import * as fs from 'node:fs';
import { errorCode } from './error-code.js';

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = fs.constants;
const GROUP_OR_OTHERS_WRITE = 0o022;
const STICKY = 0o1000;
const MOST_LINKS = 16;

export interface OpenDirectory {
  /** A path of the file that goes through the descriptor; only the last component is looked up. */
  readonly entry: string;
  /** Path of a neighbour in the same directory. */
  neighbour(name: string): string;
  close(): void;
}

export type DirectoryResult =
  | { readonly ok: true; readonly directory: OpenDirectory }
  /** `code`: ENOENT, EACCES …; ELOOP for a link that is not to be trusted */
  | { readonly ok: false; readonly code: string; readonly reason: string };

/** Close the result when done. */
export function openDirectoryOf(path: string): DirectoryResult {
  if (!path.startsWith('/') || path.includes('\0')) return { ok: false, code: 'EINVAL', reason: 'the path is not absolute' };
  const pending = path.split('/').filter((part) => part !== '' && part !== '.');
  const last = pending.pop();
  if (last === undefined || last === '..') return { ok: false, code: 'EINVAL', reason: 'the path names no file' };
  let fd = fs.openSync('/', O_RDONLY | O_DIRECTORY);
  let links = 0;
  for (let name = pending.shift(); name !== undefined; name = pending.shift()) {
    const step = enter(fd, name);
    if (step.kind === 'refused') {
      fs.closeSync(fd);
      return { ok: false, code: step.code, reason: step.reason };
    }
    if (step.kind === 'directory') {
      fs.closeSync(fd);
      fd = step.fd;
      continue;
    }
    links += 1;
    if (links > MOST_LINKS) {
      fs.closeSync(fd);
      return { ok: false, code: 'ELOOP', reason: 'too many symbolic links' };
    }
    pending.unshift(...step.target.split('/').filter((part) => part !== '' && part !== '.'));
    if (step.target.startsWith('/')) {
      fs.closeSync(fd);
      fd = fs.openSync('/', O_RDONLY | O_DIRECTORY);
    }
  }
  const base = `/proc/self/fd/${fd}`;
  return {
    ok: true,
    directory: { entry: `${base}/${last}`, neighbour: (name) => `${base}/${name}`, close: () => fs.closeSync(fd) },
  };
}

type Step =
  | { readonly kind: 'directory'; readonly fd: number }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'refused'; readonly code: string; readonly reason: string };

function enter(parent: number, name: string): Step {
  const here = `/proc/self/fd/${parent}/${name}`;
  try {
    return { kind: 'directory', fd: fs.openSync(here, O_RDONLY | O_DIRECTORY | O_NOFOLLOW) };
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined) throw error;
    // Linux says ENOTDIR for a link here, as O_DIRECTORY is asked first.
    if (code !== 'ELOOP' && code !== 'ENOTDIR') return { kind: 'refused', code, reason: `${name}: ${code}` };
  }
  const link = fs.lstatSync(here, { throwIfNoEntry: false });
  if (link?.isSymbolicLink() !== true) return { kind: 'refused', code: 'ENOTDIR', reason: `${name} is not a directory` };
  const around = fs.fstatSync(parent);
  const bendable = !isTrusted(around.uid) || ((around.mode & GROUP_OR_OTHERS_WRITE) !== 0 && (around.mode & STICKY) === 0);
  if (!isTrusted(link.uid) || bendable) {
    return { kind: 'refused', code: 'ELOOP', reason: `${name} is a symbolic link that others than root may have made` };
  }
  return { kind: 'link', target: fs.readlinkSync(here) };
}

function isTrusted(uid: number): boolean {
  return uid === 0 || uid === process.geteuid?.();
}
