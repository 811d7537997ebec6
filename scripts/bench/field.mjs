/** The ground of one measurement: a directory, the daemon's program, and the FIFO by which each daemon tells that it runs. */
import { spawnSync } from 'node:child_process';
import { chmodSync, constants, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

const TICKS_PER_SECOND = 100;
const PAGE = 4096;

/** ms of CLOCK_MONOTONIC, which the daemons' own times are of. */
export const now = () => Number(process.hrtime.bigint()) / 1e6;
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Field {
  /** By daemon: {pid, at} of its latest start. */
  runs = new Map();
  starts = 0;
  #listeners = new Set();

  constructor() {
    // Root runs nothing from a directory like /tmp.
    this.directory = mkdtempSync(path.join(process.geteuid() === 0 ? '/var/lib' : os.tmpdir(), 'wk-bench-'));
    chmodSync(this.directory, 0o755);
    // As /run is: on a disk, ext4 flushes each file that is renamed over another.
    this.runtime = mkdtempSync(path.join(process.geteuid() === 0 && existsSync('/dev/shm') ? '/dev/shm' : this.directory, 'wk-bench-'));
    chmodSync(this.runtime, 0o755);
    this.fifo = path.join(this.directory, 'fifo');
    this.program = path.join(this.directory, 'daemon');
    mkdirSync(path.join(this.runtime, 'pids'));
    must('mkfifo', ['-m', '600', this.fifo]);
    this.#makeProgram();
    // Open for writing too: it never ends while no daemon writes.
    const fd = openSync(this.fifo, constants.O_RDWR | constants.O_NONBLOCK);
    this.socket = new net.Socket({ fd, readable: true, writable: false });
    let rest = '';
    this.socket.setEncoding('latin1').on('data', (text) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#hear(line);
    });
  }

  #makeProgram() {
    const source = new URL('daemon.c', import.meta.url).pathname;
    const built = existsSync('/usr/bin/cc') ? spawnSync('/usr/bin/cc', ['-O2', '-static', '-o', this.program, source]) : { status: 1 };
    if (built.status === 0) return;
    // Slower by a shell's start, for us as well as for whom we are compared with.
    writeFileSync(this.program, '#!/bin/sh\necho "$2 $$ 0" > "$1"\nexec sleep 1000000\n', { mode: 0o755 });
  }

  #hear(line) {
    const [id, pid, ns] = line.split(' ');
    this.starts += 1;
    const at = Number(ns) > 0 ? Number(ns) / 1e6 : now();
    this.runs.set(id, { pid: Number(pid), at });
    for (const listener of [...this.#listeners]) listener(id, at);
  }

  /** The next start of a daemon: ms of CLOCK_MONOTONIC. */
  nextStart(id, timeout = 15_000) {
    return this.#until(`${id} starts`, timeout, (resolve) => (heard, at) => heard === id && resolve(at));
  }

  /** That so many starts have been heard: the time of the last of them. */
  startsReach(count, timeout = 60_000) {
    if (this.starts >= count) return Promise.resolve(Math.max(...[...this.runs.values()].map(({ at }) => at)));
    return this.#until(`${count} starts, of which there were ${this.starts}`, timeout, (resolve) => (_id, at) => this.starts >= count && resolve(at));
  }

  #until(what, timeout, make) {
    return new Promise((resolve, reject) => {
      const done = (at) => {
        clearTimeout(guard);
        this.#listeners.delete(listener);
        resolve(at);
      };
      const guard = setTimeout(() => {
        this.#listeners.delete(listener);
        reject(new Error(`waited ${timeout} ms in vain for: ${what}`));
      }, timeout);
      const listener = make(done);
      this.#listeners.add(listener);
    });
  }

  livePids() {
    return [...this.runs.values()].map(({ pid }) => pid).filter((pid) => isAlive(pid));
  }

  /** Ends what is left, and forgets it. */
  clear() {
    for (const pid of this.livePids()) process.kill(pid, 'SIGKILL');
    this.runs.clear();
    this.starts = 0;
  }

  remove() {
    this.clear();
    this.socket.destroy();
    for (const directory of [this.runtime, this.directory]) rmSync(directory, { recursive: true, force: true });
  }
}

function must(program, argv) {
  const { status, stderr } = spawnSync(program, argv, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${argv.join(' ')}: ${stderr}`);
}

/** A zombie has ended. */
export function isAlive(pid) {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}

/** CPU seconds of a process so far. */
export function cpuSeconds(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(') ') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** MB. */
export function memory(pid) {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
  const rss = Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]) * PAGE;
  return { rss: rss / 1e6, pss: (Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? NaN) * 1024) / 1e6 };
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length === 0 ? NaN : (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
}
