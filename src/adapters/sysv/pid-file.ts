/**
 * Pid files: claims of whoever may write them. Read in bounds, written and
 * removed without following a link anywhere, never chowned.
 */
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { escapeControl } from '../../core/escape.js';
import { errorCode } from '../host/error-code.js';
import { openDirectoryOf, type OpenDirectory } from '../host/safe-directory.js';

const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
/** A pid, a newline, and room for the second line that some daemons write. */
const MOST_BYTES = 1024;
/** Above the kernel's PID_MAX_LIMIT there is no process. */
const MOST_PID = 4 * 1024 * 1024;

export type PidFileContent =
  | { readonly kind: 'pid'; readonly pid: number; /** wall ms of the last write */ readonly writtenAt: number }
  | { readonly kind: 'absent' }
  /** There, but no use: rubbish, a directory, a link … */
  | { readonly kind: 'unusable'; readonly reason: string };

export function readPidFile(path: string): PidFileContent {
  return inDirectory<PidFileContent>(path, (directory) => readEntry(directory.entry, path), (code, reason) =>
    code === 'ENOENT' ? { kind: 'absent' } : { kind: 'unusable', reason: `${path}: ${reason}` },
  );
}

/** The same where only root can put anything, there and on the way. */
export function readOwnPidFile(path: string): PidFileContent {
  // Before a start it mostly is not there, and an exception costs ten times as much as this look.
  return fs.existsSync(path) ? readEntry(path, path) : { kind: 'absent' };
}

function readEntry(entry: string, path: string): PidFileContent {
  let fd: number;
  try {
    // Non-blocking: the open of a FIFO would wait for a writer.
    fd = fs.openSync(entry, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined) throw error;
    if (code === 'ENOENT') return { kind: 'absent' };
    return { kind: 'unusable', reason: code === 'ELOOP' ? `${path} is a symbolic link` : `${path} cannot be read: ${code}` };
  }
  try {
    const stat = fs.fstatSync(fd);
    if (!stat.isFile()) return { kind: 'unusable', reason: `${path} is not a regular file` };
    const buffer = Buffer.alloc(MOST_BYTES);
    const text = buffer.toString('latin1', 0, fs.readSync(fd, buffer, 0, MOST_BYTES, 0));
    const pid = parsePid(text);
    if (pid === undefined) return { kind: 'unusable', reason: `${path} holds no pid but ${escapeControl(JSON.stringify(text.slice(0, 40)), 60)}` };
    return { kind: 'pid', pid, writtenAt: stat.mtimeMs };
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined) throw error;
    return { kind: 'unusable', reason: `${path} cannot be read: ${code}` };
  } finally {
    fs.closeSync(fd);
  }
}

/** The first line is a decimal number, as start-stop-daemon(8) and everybody writes it. */
export function parsePid(text: string): number | undefined {
  const match = /^[ \t]*([0-9]{1,10})[ \t\r]*(?:\n|$)/.exec(text);
  const pid = Number(match?.[1]);
  return match !== null && pid > 0 && pid <= MOST_PID ? pid : undefined;
}

/** undefined: it is gone, or was never there; otherwise why it is still there. */
export function removePidFile(path: string): string | undefined {
  return inDirectory<string | undefined>(
    path,
    (directory) => {
      try {
        fs.unlinkSync(directory.entry);
        return undefined;
      } catch (error) {
        const code = errorCode(error);
        if (code === undefined) throw error;
        if (code === 'ENOENT') return undefined;
        return `${path} cannot be removed: ${code === 'EISDIR' ? 'it is a directory' : code}`;
      }
    },
    (code, reason) => (code === 'ENOENT' ? undefined : `${path} cannot be removed: ${reason}`),
  );
}

/** Whole or not at all, by rename. undefined: done; otherwise why not. */
export function writePidFile(path: string, pid: number): string | undefined {
  return inDirectory<string | undefined>(
    path,
    (directory) => {
      const temporary = directory.neighbour(`.watchkeeper.${randomBytes(6).toString('hex')}`);
      try {
        const fd = fs.openSync(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o644);
        try {
          fs.writeSync(fd, `${pid}\n`);
          fs.fchmodSync(fd, 0o644);
        } finally {
          fs.closeSync(fd);
        }
        fs.renameSync(temporary, directory.entry);
        return undefined;
      } catch (error) {
        const code = errorCode(error);
        if (code === undefined) throw error;
        fs.rmSync(temporary, { force: true });
        return `${path} cannot be written: ${code}`;
      }
    },
    (_code, reason) => `${path} cannot be written: ${reason}`,
  );
}

function inDirectory<T>(path: string, use: (directory: OpenDirectory) => T, refuse: (code: string, reason: string) => T): T {
  const opened = openDirectoryOf(path);
  if (!opened.ok) return refuse(opened.code, opened.reason);
  try {
    return use(opened.directory);
  } finally {
    opened.directory.close();
  }
}
