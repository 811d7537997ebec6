/**
 * Descriptors that our own caller left open for us – a script's lock, a pipe of
 * cron's – and that a daemon must not keep for the rest of its life: a lock
 * would never be free again, a pipe would never end. Node opens all of its own
 * close-on-exec, so what is not has been inherited.
 */
import { openSync, readdirSync, readFileSync } from 'node:fs';
import { errorCode } from './error-code.js';

/** O_CLOEXEC as /proc/self/fdinfo prints it. */
const CLOSE_ON_EXEC = 0o2000000;

type Stdio = 'ignore' | 'pipe' | number;

/** /dev/null, kept open: it is on the way of each restart. */
let nothingOnce: number | undefined;

/** It never grows, and with 1000 daemons adopted a look at all descriptors costs more than a spawn. */
let inheritedOnce: readonly number[] | undefined;

/** @returns for child_process.spawn: the given ones, then /dev/null over each inherited descriptor */
export function shield(first: readonly [Stdio, Stdio, Stdio]): Stdio[] {
  const stdio: Stdio[] = [...first];
  inheritedOnce ??= inheritedDescriptors();
  for (const fd of inheritedOnce) {
    nothingOnce ??= openSync('/dev/null', 'r+');
    // libuv leaves descriptors from 3 on alone where it is told to ignore them.
    while (stdio.length < fd) stdio.push('ignore');
    stdio[fd] = nothingOnce;
  }
  return stdio;
}

/** In ascending order. */
function inheritedDescriptors(): readonly number[] {
  return readdirSync('/proc/self/fd')
    .map(Number)
    .filter((fd) => fd > 2 && !isCloseOnExec(fd))
    .sort((a, b) => a - b);
}

function isCloseOnExec(fd: number): boolean {
  try {
    const flags = /^flags:\s+([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1];
    return flags === undefined || (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) !== 0;
  } catch (error) {
    if (errorCode(error) !== undefined) return true; // the descriptor that listed the directory
    throw error;
  }
}
