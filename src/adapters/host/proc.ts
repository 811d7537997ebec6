/** What /proc says of one process. A process may end at any moment: undefined then. */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { uptime } from 'node:os';
import { errorCode } from './error-code.js';

export interface ProcStat {
  readonly state: string;
  readonly parent: number;
  readonly session: number;
  readonly startTicks: number;
}

/**
 * proc_pid_stat(5). The second field, the program's name, may hold spaces, `)`
 * and newlines; none of the later fields can, so the last `) ` ends it.
 */
export function parseStat(text: string): ProcStat | undefined {
  const end = text.lastIndexOf(') ');
  if (end < 0) return undefined;
  const fields = text.slice(end + 2).split(' ');
  const [state, parent, session, startTicks] = [fields[0], Number(fields[1]), Number(fields[3]), Number(fields[19])];
  if (state === undefined || !Number.isInteger(startTicks)) return undefined;
  return { state, parent, session, startTicks };
}

/** A zombie has ended, only nobody has asked how yet. */
export function hasEnded(stat: ProcStat): boolean {
  return stat.state === 'Z' || stat.state === 'X' || stat.state === 'x';
}

const GONE = new Set(['ENOENT', 'ESRCH', 'EACCES', 'EPERM', 'ENOTDIR']);

/** undefined: no such process, or not ours to read. */
export function readProc(pid: number, file: 'status' | 'cmdline' | 'environ'): Buffer | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`);
  } catch (error) {
    if (GONE.has(errorCode(error) ?? '')) return undefined;
    throw error;
  }
}

/** Longer than any line of /proc/PID/stat: 52 numbers and a name of at most 64 bytes. */
const statBuffer = Buffer.alloc(2048);

/** Includes zombies. By hand, not readFileSync: passes over all processes are on the way of each restart. */
export function readStat(pid: number): ProcStat | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(`/proc/${pid}/stat`, 'r');
    return parseStat(statBuffer.toString('latin1', 0, readSync(fd, statBuffer, 0, statBuffer.length, 0)));
  } catch (error) {
    if (GONE.has(errorCode(error) ?? '')) return undefined;
    throw error;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

export interface ProcCredentials {
  readonly realUid: number;
  readonly effectiveUid: number;
  /** Differs from the pid where the "pid" is a thread's. */
  readonly threadGroup: number;
}

export function readCredentials(pid: number): ProcCredentials | undefined {
  const text = readProc(pid, 'status')?.toString('latin1');
  // The name on the first line has its newlines escaped, so it can't fake these lines.
  const uids = text === undefined ? null : /^Uid:\t(\d+)\t(\d+)\t/m.exec(text);
  const group = text === undefined ? null : /^Tgid:\t(\d+)$/m.exec(text);
  if (uids === null || group === null) return undefined;
  return { realUid: Number(uids[1]), effectiveUid: Number(uids[2]), threadGroup: Number(group[1]) };
}

export function readCommandLine(pid: number): readonly string[] {
  const text = readProc(pid, 'cmdline')?.toString('utf8') ?? '';
  return (text.endsWith('\0') ? text.slice(0, -1) : text).split('\0');
}

/** The value of a variable at the process's start; undefined where it has none or we may not look. */
export function readVariable(pid: number, name: string): string | undefined {
  const text = readProc(pid, 'environ')?.toString('utf8');
  if (text === undefined) return undefined;
  const prefix = `${name}=`;
  return text.split('\0').find((entry) => entry.startsWith(prefix))?.slice(prefix.length);
}

let bootIdOnce: string | undefined;
const BOOT_ID = '/proc/sys/kernel/random/boot_id';

/**
 * As process 1 sees it, where we may look: a container may have one of its own,
 * mounted over the kernel's, which a sandbox of systemd's then hides from us.
 */
export function bootId(): string {
  bootIdOnce ??= (readHead(`/proc/1/root${BOOT_ID}`, 64) ?? readFileSync(BOOT_ID)).toString('latin1').trim();
  return bootIdOnce;
}

/** ms since boot, time asleep included, as start times of processes are counted; libuv has it from /proc/uptime. */
export function sinceBoot(): number {
  return uptime() * 1000;
}

/** The first `size` bytes of a file; undefined where it can't be read. */
export function readHead(path: string, size: number): Buffer | undefined {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    if (errorCode(error) !== undefined) return undefined;
    throw error;
  }
  try {
    const buffer = Buffer.alloc(size);
    return buffer.subarray(0, readSync(fd, buffer, 0, size, 0));
  } catch (error) {
    if (errorCode(error) !== undefined) return undefined;
    throw error;
  } finally {
    closeSync(fd);
  }
}
