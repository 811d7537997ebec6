/** Boards of every kind, for a front that has to tell them apart: real files, real processes, no timing. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { STATUS_STATES, type DaemonStatus } from '../../src/core/daemon-status.js';
import { procProcess } from './proc.js';

const BOOT_ID = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
const STALE_AFTER = 3_600_000;
export const REASON = 'killed by SIGKILL; "quoted" $(id) *';

export interface Claimed {
  readonly pid: number;
  readonly ticks: number;
}

export interface DaemonChanges {
  readonly version?: string;
  readonly as?: string;
  readonly owner?: string;
  readonly desired?: string;
  readonly restarts?: number | string;
  readonly nextTry?: number | string;
  readonly reason?: string;
  readonly end?: string;
}

export function claimed(pid: number): Claimed {
  const process = procProcess(pid);
  if (process === undefined) throw new Error(`there is no process ${pid}`);
  return { pid, ticks: process.startTicks };
}

export interface WatcherChanges {
  readonly version?: string;
  readonly ticks?: number;
  readonly boot?: string;
  /** ms */
  readonly age?: number;
  readonly end?: string;
}

/** RUNTIME/watcher and RUNTIME/state, as the watcher lays them out. */
export class HandMadeBoard {
  constructor(private readonly runtime: string) {}

  clear(): void {
    for (const name of ['watcher', 'state', 'start-all', 'wishes', 'wanted', 'records']) rmSync(join(this.runtime, name), { recursive: true, force: true });
  }

  watcher({ pid, ticks }: Claimed, changes: WatcherChanges = {}): void {
    const uptime = Math.round(Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1000);
    const words = [changes.version ?? '1', pid, changes.ticks ?? ticks, changes.boot ?? BOOT_ID, uptime - (changes.age ?? 0), STALE_AFTER];
    this.put('watcher', `${words.join(' ')}${changes.end ?? '\n'}`);
  }

  /** @param process undefined: none */
  daemon(name: string, observed: string, process: Claimed | undefined, changes: DaemonChanges = {}): void {
    const { version = '1', as = name, desired = 'up', owner = 'watcher', restarts = 3, nextTry = '-', reason = REASON, end = '\n' } = changes;
    const words = [version, as, observed, process === undefined ? 0 : 1, process?.pid ?? '-', process?.ticks ?? '-', desired, owner, restarts, nextTry, 123_456, reason];
    this.put(join('state', name), `${words.join(' ')}${end}`);
  }

  /** What the board says of it now, as Node has it. */
  status(name: string): DaemonStatus {
    const [, , observed, , pid, ticks, desired, , restarts, nextTry, , ...reason] = readFileSync(this.path(join('state', name)), 'utf8').slice(0, -1).split(' ');
    const now = Number(process.hrtime.bigint()) / 1e6;
    return {
      name,
      observed: STATUS_STATES.find((state) => state === observed) ?? 'failed',
      desired: desired === 'up' ? 'up' : 'down',
      ready: false,
      pid: pid === '-' ? null : Number(pid),
      uptime: pid === '-' ? null : now - Number(ticks) * 10,
      owner: 'watcher',
      restarts: Number(restarts),
      nextTry: nextTry === '-' ? null : Math.max(0, Number(nextTry) - now),
      reason: reason.join(' '),
      lastExit: null,
    };
  }

  /** Proof that the board has the last word of what is wanted. @param younger ms than the last record */
  wishes(younger: number): void {
    const at = Date.now() / 1000 - 3600;
    mkdirSync(this.path('records'), { recursive: true });
    symlinkSync(this.path('records'), this.path('wanted'));
    this.put('wishes', '1\n');
    utimesSync(this.path('records'), at, at);
    utimesSync(this.path('wishes'), at, at + younger / 1000);
  }

  put(name: string, content: string | Buffer): void {
    const path = join(this.runtime, name);
    mkdirSync(dirname(path), { recursive: true });
    rmSync(path, { recursive: true, force: true });
    writeFileSync(path, content);
  }

  /** Something else than a file lies there. */
  directory(name: string): void {
    rmSync(join(this.runtime, name), { recursive: true, force: true });
    mkdirSync(join(this.runtime, name), { recursive: true });
  }

  fifo(name: string): void {
    rmSync(join(this.runtime, name), { recursive: true, force: true });
    const { status } = spawnSync('/usr/bin/mkfifo', [join(this.runtime, name)]);
    if (status !== 0) throw new Error(`mkfifo ended with ${String(status)}`);
  }

  link(name: string, target: string): void {
    mkdirSync(dirname(join(this.runtime, name)), { recursive: true });
    rmSync(join(this.runtime, name), { recursive: true, force: true });
    symlinkSync(target, join(this.runtime, name));
  }

  path(name: string): string {
    return join(this.runtime, name);
  }
}
