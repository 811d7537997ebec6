/** The file that takes a daemon's stdout and stderr, and its last lines for a message. */
import * as fs from 'node:fs';
import { escapeControl } from '../../core/escape.js';
import { errorCode } from '../host/error-code.js';
import { openDirectoryOf } from '../host/safe-directory.js';

const { O_RDONLY, O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
/** Enough for a stack trace, whose last line says what a refusal is known by. */
const TAIL_BYTES = 16_384;
const TAIL_LINES = 3;
const TAIL_CHARACTERS = 400;

export type OpenOutput =
  /** `offset`: its size before this start, where the daemon's own lines begin. Close `fd` once the child has it. */
  | { readonly ok: true; readonly fd: number; readonly offset: number }
  | { readonly ok: false; readonly reason: string };

/**
 * Refuses what somebody may have put there to have root write elsewhere: links,
 * hard links, FIFOs, devices.
 */
export function openOutput(path: string): OpenOutput {
  const opened = openDirectoryOf(path);
  if (!opened.ok) return { ok: false, reason: `the output file ${path} cannot be opened: ${opened.reason}` };
  let fd: number;
  try {
    fd = fs.openSync(opened.directory.entry, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o640);
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined) throw error;
    return { ok: false, reason: `the output file ${path} cannot be opened: ${code === 'ELOOP' ? 'it is a symbolic link' : code}` };
  } finally {
    opened.directory.close();
  }
  const stat = fs.fstatSync(fd);
  if (stat.isFile() && stat.nlink === 1) return { ok: true, fd, offset: stat.size };
  fs.closeSync(fd);
  return { ok: false, reason: `the output file ${path} is ${stat.isFile() ? 'a hard link to another file' : 'not a regular file'}` };
}

/** What was written since `offset`: its end, as it is. */
export function outputSince(path: string | undefined, offset: number): string {
  return path === undefined ? '' : readTail(path, offset);
}

/** "; its last output: …" with the last lines, or nothing. */
export function lastOutput(text: string): string {
  const lines = text.split('\n').map((line) => line.trim()).filter((line) => line !== '');
  if (lines.length === 0) return '';
  return `; its last output: ${escapeControl(lines.slice(-TAIL_LINES).join(' | '), TAIL_CHARACTERS)}`;
}

/** 0 where nothing can be seen; a link counts as such, as it is not followed either. */
function sizeOf(path: string): number {
  try {
    return fs.lstatSync(path, { throwIfNoEntry: false })?.size ?? 0;
  } catch (error) {
    if (errorCode(error) !== undefined) return 0;
    throw error;
  }
}

function readTail(path: string, offset: number): string {
  // On the way of each restart: most daemons say nothing.
  if (sizeOf(path) <= offset) return '';
  const opened = openDirectoryOf(path);
  if (!opened.ok) return '';
  try {
    const fd = fs.openSync(opened.directory.entry, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      const { size } = fs.fstatSync(fd);
      const from = Math.max(offset, size - TAIL_BYTES);
      const buffer = Buffer.alloc(TAIL_BYTES);
      return buffer.toString('utf8', 0, fs.readSync(fd, buffer, 0, TAIL_BYTES, from));
    } finally {
      fs.closeSync(fd);
    }
  } catch (error) {
    // It only adds to a message about something else.
    if (errorCode(error) !== undefined) return '';
    throw error;
  } finally {
    opened.directory.close();
  }
}
