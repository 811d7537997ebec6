/**
 * Makes the directories that we keep things in, in a way that nobody can turn
 * against us: no component is followed blindly (OpenRC CVE-2018-21269), none
 * belongs to somebody else, and none may be written by others.
 *
 * Each component is opened relative to the descriptor of its parent (by
 * /proc/self/fd, as Node has no openat), so that what was checked is what is used.
 */
import * as fs from 'node:fs';
import { isAbsolute } from 'node:path';

import { WatchkeeperError } from '../../core/errors.js';
import { errorCode, unwritable } from './unwritable.js';

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = fs.constants;
const STICKY = 0o1000;
const GROUP_OR_OTHERS_WRITE = 0o022;
const MAX_LINKS = 16;

/**
 * Makes `path` and what is missing above it (0755), or checks what is there:
 * each component is root's or ours and, unless sticky like /tmp, not writable
 * by others; the last one is ours alone. Symbolic links of root or of us are
 * followed (/var/run), others are refused. An existing mode is left as it is.
 *
 * @param mode of the last component, where it is made here
 * @throws WatchkeeperError STATE_UNWRITABLE
 */
export function ensureDirectory(path: string, mode: 0o700 | 0o711 | 0o755): void {
  if (!isAbsolute(path)) throw refuse(path, 'the path is not absolute', 'an absolute path in the configuration');
  const pending = path.split('/').filter((part) => part !== '' && part !== '.');
  let links = 0;
  let at = '/';
  let fd = fs.openSync('/', O_RDONLY | O_DIRECTORY);
  try {
    for (let name = pending.shift(); name !== undefined; name = pending.shift()) {
      const here = `/proc/self/fd/${fd}/${name}`;
      const link = readLink(here, path);
      if (link !== undefined) {
        links += 1;
        if (links > MAX_LINKS) throw refuse(path, 'too many symbolic links', `ls -l ${at}`);
        pending.unshift(...link.split('/').filter((part) => part !== '' && part !== '.'));
        if (isAbsolute(link)) {
          fs.closeSync(fd);
          fd = fs.openSync('/', O_RDONLY | O_DIRECTORY);
          at = '/';
        }
        continue;
      }
      at = at === '/' ? `/${name}` : `${at}/${name}`;
      const next = openOrMake(here, at, pending.length === 0 ? mode : 0o755);
      fs.closeSync(fd);
      fd = next;
      check(fs.fstatSync(fd), at, pending.length === 0);
    }
  } finally {
    fs.closeSync(fd);
  }
}

/** Where a trustworthy link leads; undefined: not a link, or nothing there. */
function readLink(here: string, path: string): string | undefined {
  const stat = fs.lstatSync(here, { throwIfNoEntry: false });
  if (stat?.isSymbolicLink() !== true) return undefined;
  const target = fs.readlinkSync(here);
  if (!isTrusted(stat.uid)) throw refuse(path, `a symbolic link to ${target} on the way belongs to uid ${stat.uid}`, `namei -l ${path}`);
  return target;
}

function openOrMake(here: string, at: string, mode: number): number {
  let made = false;
  try {
    fs.mkdirSync(here, { mode });
    made = true;
  } catch (cause) {
    // EROFS and EACCES may come before EEXIST: whether it is there is what the open tells.
    const code = errorCode(cause);
    if (code !== 'EEXIST' && !fs.existsSync(here)) throw unwritable(`cannot make ${at}`, at, cause);
  }
  try {
    const fd = fs.openSync(here, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (made) fs.fchmodSync(fd, mode); // the umask may have taken bits away
    return fd;
  } catch (cause) {
    const code = errorCode(cause);
    if (code === 'ENOTDIR' || code === 'ELOOP') throw refuse(at, 'it is not a directory', `ls -ld ${at}`);
    throw unwritable(`cannot open ${at}`, at, cause);
  }
}

function check(stat: fs.Stats, at: string, last: boolean): void {
  const ours = last ? stat.uid === effectiveUid() : isTrusted(stat.uid);
  if (!ours) {
    const whose = last ? `uid ${effectiveUid()}, which runs this` : 'root or to us';
    throw refuse(at, `it belongs to uid ${stat.uid}, not to ${whose}`, `ls -ld ${at}`);
  }
  const open = (stat.mode & GROUP_OR_OTHERS_WRITE) !== 0;
  if (open && (last || (stat.mode & STICKY) === 0)) {
    throw refuse(at, `others may write there (mode ${(stat.mode & 0o7777).toString(8)})`, `chmod go-w ${at}`);
  }
}

function isTrusted(uid: number): boolean {
  return uid === 0 || uid === effectiveUid();
}

function effectiveUid(): number {
  return process.geteuid?.() ?? 0;
}

function refuse(path: string, why: string, hint: string): WatchkeeperError {
  return new WatchkeeperError('STATE_UNWRITABLE', `cannot use the directory ${path}`, why, hint);
}
