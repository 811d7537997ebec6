/**
 * Every container of this run, so that none outlives it: undone when the test
 * stops it, else when the process ends by itself, by a signal or by an error;
 * and what a run killed by -9 left behind, the next run sweeps up.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { cgroupNames, removeCgroups } from './cgroups.js';
import { unmountTree } from './mounts.js';

/** Root's own directory, unlike /tmp. */
const BASE = '/run/watchkeeper-tests';
const NAME = /^wkt-([0-9]+)-([0-9]+)-[0-9]+$/;

const live = new Set<string>();
let counter = 0;
let prepared = false;

/** A name that no other run uses: it holds our pid and start time. */
export function newName(): string {
  if (!prepared) {
    prepared = true;
    mkdirSync(BASE, { recursive: true, mode: 0o700 });
    sweep();
    cleanUpAtEnd();
  }
  counter += 1;
  const name = `wkt-${process.pid}-${startTicks(process.pid) ?? 0}-${counter}`;
  live.add(name);
  return name;
}

export function directoryOf(name: string): string {
  return join(BASE, name);
}

/** Undoes everything that was made under this name; nothing of it may be left. */
export function destroy(name: string): void {
  removeCgroups(name);
  const directory = directoryOf(name);
  if (existsSync(directory)) {
    unmountTree(directory);
    rmSync(directory, { recursive: true, force: true });
  }
  live.delete(name);
}

/** Field 22 of proc_pid_stat(5); undefined: no such process. */
export function startTicks(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(') ') + 2).split(' ')[19]);
  } catch {
    return undefined;
  }
}

function sweep(): void {
  for (const name of new Set([...readdirSync(BASE), ...cgroupNames()])) {
    const [, pid, ticks] = NAME.exec(name) ?? [];
    if (pid !== undefined && startTicks(Number(pid)) !== Number(ticks)) destroy(name);
  }
}

function cleanUpAtEnd(): void {
  const all = () => {
    for (const name of [...live]) {
      try {
        destroy(name);
      } catch (error) {
        // The process is ending: telling it is all that is left, and the others come next.
        console.error(`cannot clean up container ${name}:`, error);
      }
    }
  };
  process.on('exit', all);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      all();
      process.exit(128 + { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 }[signal]);
    });
  }
}
