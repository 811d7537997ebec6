/**
 * fsync(2) beside other work: how many at once, and what of it is still to come.
 * It takes seconds on a busy disk, and for ever on a hung one.
 */
import * as fs from 'node:fs';
import { promisify } from 'node:util';

const fsync = promisify(fs.fsync);
/** Of libuv's four threads: looking up names, which health checks do, is done by the same. */
const AT_ONCE = 2;

let running = 0;
const waiting: (() => void)[] = [];
const underWay = new Set<Promise<unknown>>();
let isOver = false;

export async function flush(fd: number): Promise<void> {
  if (running === AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
  else running += 1;
  try {
    await fsync(fd);
  } finally {
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  }
}

/** To be counted among what is under way. */
export function counted<T>(writing: Promise<T>): Promise<T> {
  underWay.add(writing);
  const forget = (): void => void underWay.delete(writing);
  writing.then(forget, forget);
  return writing;
}

/**
 * To be called before another process may write the same files. Waits for what is
 * under way; what is not on the disk by then is given up, and never gets there.
 *
 * @param patience ms
 */
export async function endFlushing(patience: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => (timer = setTimeout(resolve, patience)));
  await Promise.race([over, Promise.allSettled(underWay)]);
  clearTimeout(timer);
  isOver = true;
}

/** Whether it is too late to put a file in place. */
export function isFlushingOver(): boolean {
  return isOver;
}
