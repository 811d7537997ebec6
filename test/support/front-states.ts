/** Boards of every kind, for a front that has to tell them apart: real files, real processes, no timing. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { procProcess } from './proc.js';

const BOOT_ID = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
const STALE_AFTER = 3_600_000;
export const REASON = 'killed by SIGKILL; "quoted" $(id) *';

export interface Claimed {
  readonly pid: number;
  readonly ticks: number;
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
    for (const name of ['watcher', 'state', 'start-all']) rmSync(join(this.runtime, name), { recursive: true, force: true });
  }

  watcher({ pid, ticks }: Claimed, changes: WatcherChanges = {}): void {
    const uptime = Math.round(Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1000);
    const words = [changes.version ?? '1', pid, changes.ticks ?? ticks, changes.boot ?? BOOT_ID, uptime - (changes.age ?? 0), STALE_AFTER];
    this.put('watcher', `${words.join(' ')}${changes.end ?? '\n'}`);
  }

  /** @param process undefined: none */
  daemon(name: string, observed: string, process: Claimed | undefined, changes: { version?: string; as?: string; end?: string; owner?: string; desired?: string } = {}): void {
    const words = [changes.version ?? '1', changes.as ?? name, observed, process === undefined ? 0 : 1, process?.pid ?? '-', process?.ticks ?? '-', changes.desired ?? 'up', changes.owner ?? 'watcher', 3, '-', 123_456, REASON];
    this.put(join('state', name), `${words.join(' ')}${changes.end ?? '\n'}`);
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
