/**
 * The file to which each supervised program appends a line as the first thing
 * that it does, "NANOSECONDS PID NAME S", and another one, with T, when it is
 * asked to end. Nanoseconds of CLOCK_MONOTONIC; pids of its own namespace.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** ms between two looks: it costs nothing that could be measured, and the times are in the file. */
const POLL = 4;

/** ms of CLOCK_MONOTONIC. */
export const now = (): number => Number(process.hrtime.bigint()) / 1e6;
export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export interface Run {
  readonly pid: number;
  readonly at: number;
}

export class Stamps {
  /** The latest start of each. */
  readonly runs = new Map<string, Run>();
  /** Times of all starts, by name, in order. */
  readonly starts = new Map<string, number[]>();
  started = 0;
  stopped = 0;
  lastStart = NaN;
  lastStop = NaN;
  #fd: number | undefined;
  #position = 0;
  #rest = '';

  constructor(private readonly file: string) {}

  read(): void {
    try {
      this.#fd ??= openSync(this.file, 'r');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw error;
    }
    const buffer = Buffer.alloc(Math.max(0, fstatSync(this.#fd).size - this.#position));
    this.#position += readSync(this.#fd, buffer, 0, buffer.length, this.#position);
    const lines = (this.#rest + buffer.toString('latin1')).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#line(line);
  }

  #line(line: string): void {
    const [ns, pid, name = '', kind] = line.split(' ');
    const at = Number(ns) / 1e6;
    if (kind === 'T') {
      this.stopped += 1;
      this.lastStop = at;
      return;
    }
    this.started += 1;
    this.lastStart = at;
    this.runs.set(name, { pid: Number(pid), at });
    this.starts.set(name, [...(this.starts.get(name) ?? []), at]);
  }

  /** false: not within `timeout` ms. */
  async until(is: () => boolean, timeout: number): Promise<boolean> {
    const deadline = now() + timeout;
    for (;;) {
      this.read();
      if (is()) return true;
      if (now() > deadline) return false;
      await sleep(POLL);
    }
  }

  /** ms from `since` to the next start of it; Infinity: none within the time. */
  async nextStart(name: string, after: Run, since: number, timeout: number): Promise<number> {
    await this.until(() => (this.runs.get(name)?.at ?? 0) > after.at, timeout);
    const at = this.runs.get(name)?.at ?? 0;
    return at > after.at ? at - since : Infinity;
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}
