/**
 * Descriptors that our own caller left open for us – a script's lock, a pipe of
 * cron's – and that a daemon must not keep for the rest of its life: a lock
 * would never be free again, a pipe would never end. Node opens all of its own
 * close-on-exec, so what is not has been inherited.
 */
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { errorCode } from './error-code.js';

/** O_CLOEXEC as /proc/self/fdinfo prints it. */
const CLOSE_ON_EXEC = 0o2000000;

export interface ShieldedStdio {
  /** For child_process.spawn: the given ones, then /dev/null over each inherited descriptor. */
  readonly stdio: ('ignore' | 'pipe' | number)[];
  /** Once the child has them. */
  close(): void;
}

/** It never grows, and with 1000 daemons adopted a look at all descriptors costs more than a spawn. */
let inheritedOnce: readonly number[] | undefined;

export function shield(first: readonly ['ignore' | 'pipe' | number, 'ignore' | 'pipe' | number, 'ignore' | 'pipe' | number]): ShieldedStdio {
  inheritedOnce ??= inheritedDescriptors();
  const inherited = inheritedOnce;
  const stdio: ('ignore' | 'pipe' | number)[] = [...first];
  if (inherited.length === 0) return { stdio, close: () => undefined };
  const nothing = openSync('/dev/null', 'r+');
  for (const fd of inherited) {
    // libuv leaves descriptors from 3 on alone where it is told to ignore them.
    while (stdio.length < fd) stdio.push('ignore');
    stdio[fd] = nothing;
  }
  return { stdio, close: () => closeSync(nothing) };
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
