/** What is known of who called `daemon-util`, whichever bundle answers. */
import { readStat } from '../adapters/host/proc.js';
import type { Means } from '../cli/daemon-util/command.js';
import { version } from './version.js';

export function callersMeans(): Pick<Means, 'version' | 'environment' | 'screen' | 'caller' | 'asker'> {
  return {
    version: version(),
    environment: process.env,
    // What a question needs neither of, and what takes as long as to read its answer.
    get screen() {
      return process.stderr.isTTY && process.env['TERM'] !== 'dumb' ? { stream: process.stderr, now: () => performance.now() } : undefined;
    },
    caller: `uid ${process.getuid?.() ?? '?'}, pid ${process.pid}`,
    get asker() {
      return asker();
    },
  };
}

/** The process that ran this one; one that has ended left us to process 1, or to another one that takes orphans in. */
function asker(): string | undefined {
  const { ppid } = process;
  const stat = ppid > 1 ? readStat(ppid) : undefined;
  return stat && `${ppid}/${stat.startTicks}`;
}
