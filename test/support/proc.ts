/** What the kernel says of processes, read without any code of src: the tests' own eyes. */
import { readdirSync, readFileSync } from 'node:fs';

export interface ProcProcess {
  readonly pid: number;
  readonly argv: readonly string[];
  readonly state: string;
  readonly ppid: number;
  readonly session: number;
  readonly uid: number;
  readonly startTicks: number;
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return ''; // the process ended meanwhile
  }
}

export function procProcess(pid: number): ProcProcess | undefined {
  const stat = readOrEmpty(`/proc/${pid}/stat`);
  const status = readOrEmpty(`/proc/${pid}/status`);
  if (stat === '' || status === '') return undefined;
  const fields = stat.slice(stat.lastIndexOf(') ') + 2).split(' ');
  return {
    pid,
    argv: readOrEmpty(`/proc/${pid}/cmdline`).split('\0').slice(0, -1),
    state: fields[0] ?? '',
    ppid: Number(fields[1]),
    session: Number(fields[3]),
    uid: Number(/^Uid:\s+(\d+)/m.exec(status)?.[1] ?? -1),
    startTicks: Number(fields[19]),
  };
}

/** Alive ones only: a zombie has ended. */
export function liveProcesses(): readonly ProcProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => procProcess(Number(name)))
    .filter((process): process is ProcProcess => process !== undefined && !/[ZXx]/.test(process.state));
}

export function isLive(pid: number): boolean {
  const process = procProcess(pid);
  return process !== undefined && !/[ZXx]/.test(process.state);
}
