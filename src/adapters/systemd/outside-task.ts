/** A task's program outside our sandbox: its pid is the first line of its output, its end is told by the systemd-run beside it. */
import type { ChildProcess } from 'node:child_process';

import type { ExitStatus } from '../../core/exit-status.js';
import type { ProcessIdentity } from '../../core/process-identity.js';
import type { Cancel, ProcessTable } from '../../ports/process-table.js';
import type { OnLine, TaskStart } from '../../ports/task-launcher.js';
import { outsideEnd, outsideTrouble, type Prepared } from './outside.js';

const MOST_SAID = 4096;

/** Takes the first line for itself. */
export class PidFirst {
  readonly pid: Promise<number>;
  #tell: ((pid: number) => void) | undefined;

  constructor(private readonly onLine: OnLine) {
    this.pid = new Promise((resolve) => (this.#tell = resolve));
  }

  readonly line: OnLine = (line) => {
    if (this.#tell === undefined) this.onLine(line);
    else this.#tell(Number(line));
    this.#tell = undefined;
  };
}

export interface OutsideTask {
  /** systemd-run, with a pipe for its stderr. */
  readonly child: ChildProcess;
  readonly prepared: Prepared;
  readonly pid: Promise<number>;
  readonly output: Cancel;
  /** Settles when the last of its output was read, or is not waited for any more. */
  readonly drained: () => Promise<void>;
  readonly processes: Pick<ProcessTable, 'identify' | 'onExit'>;
}

export async function startedOutside({ child, prepared, pid, output, drained, processes }: OutsideTask): Promise<TaskStart> {
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString('utf8')).slice(-MOST_SAID);
  });
  // A watcher that ends waits for a task only as long as it chooses to.
  child.unref();
  (child.stderr as { unref?: () => void } | null)?.unref?.();
  const over = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      said = `cannot run ${child.spawnfile}: ${error.message}`;
      resolve();
    });
    child.once('close', () => resolve());
  });
  // What ended at once may still have said its pid.
  const known = await Promise.race([pid, over.then(drained)]);
  prepared.clear();
  if (known === undefined) {
    output.cancel();
    return { ok: false, reason: outsideTrouble(said) };
  }
  const process = processes.identify(known) ?? { pid: known, startTicks: 0, bootId: '' };
  const exited = over.then(async (): Promise<ExitStatus> => {
    const end = outsideEnd(said);
    if (end.kind === 'unknown') await gone(process, processes);
    await drained();
    return end;
  });
  return { ok: true, process, exited, output };
}

/** systemd-run was killed, or the bus went away under it: the program goes on, and is watched as one that was adopted. */
function gone(process: ProcessIdentity, processes: OutsideTask['processes']): Promise<void> {
  return new Promise((resolve) => {
    processes.onExit(process, () => resolve());
  });
}
