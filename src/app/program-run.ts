/** One run of a task's or hook's program: its output's end kept, its deadline kept, all of its session ended when that has passed. */
import type { ExitStatus } from '../core/exit-status.js';
import type { ProcessIdentity } from '../core/process-identity.js';
import { describeEnd, MOST_LINES, type TaskRun } from '../core/task-run.js';
import type { Clock } from '../ports/clock.js';
import type { Cancel, ProcessTable } from '../ports/process-table.js';
import type { TaskLaunch, TaskLauncher } from '../ports/task-launcher.js';
import { within } from './within.js';

/** ms from SIGTERM to SIGKILL. */
const KILL_GRACE = 5000;
/** Lines of a run that are passed on to the log. */
const MOST_LOGGED = 100;

export interface ProgramParts {
  readonly clock: Clock;
  readonly launcher: TaskLauncher;
  readonly processes: Pick<ProcessTable, 'isAlive' | 'signal' | 'sessionMembers' | 'onExit'>;
}

/** The end of a run's output. */
export type Said = Pick<TaskRun, 'output' | 'omitted'>;
export type EndOfRun = Pick<TaskRun, 'result' | 'exit' | 'reason' | 'took' | 'output' | 'omitted'>;

export interface ProgramRun {
  readonly process: ProcessIdentity;
  /** Never rejects. */
  readonly ended: Promise<EndOfRun>;
  /** SIGTERM, then, `grace` ms later at most, SIGKILL to all of its session; resolves when both were sent, or it had ended. */
  terminate(grace?: number): Promise<void>;
  /** No longer watched; it goes on. @returns what it has said so far; what it says from now on is the next watcher's to read */
  release(): Said;
}

export type ProgramStart = { readonly ok: true; readonly run: ProgramRun } | { readonly ok: false; readonly reason: string };

/** @param tell each of the first lines of output */
export async function startProgram(launch: TaskLaunch, timeout: number, parts: ProgramParts, tell: (line: string) => void): Promise<ProgramStart> {
  const tail = new Tail(tell);
  const began = parts.clock.monotonic();
  const started = await parts.launcher.launch(launch, (line) => tail.add(line));
  if (!started.ok) return started;
  return { ok: true, run: supervised(started.process, started.exited, { began, timeout, tail, parts, watches: [started.output] }) };
}

export interface LeftRun extends Said {
  readonly process: ProcessIdentity;
  readonly channel: string;
  /** Monotonic ms */
  readonly began: number;
}

/** Goes on with a run that an earlier watcher started; how it ends can't be known. */
export function adoptProgram({ process, channel, began, ...said }: LeftRun, timeout: number, parts: ProgramParts, tell: (line: string) => void): ProgramRun {
  const tail = new Tail(tell, said);
  const output = parts.launcher.follow(channel, (line) => tail.add(line));
  const watches: Cancel[] = [output];
  const exited = new Promise<ExitStatus>((resolve) => {
    const seen = (): void => {
      output.cancel();
      resolve({ kind: 'unknown' });
    };
    watches.push(parts.processes.onExit(process, seen));
  });
  return supervised(process, exited, { began, timeout, tail, parts, watches });
}

interface Watched {
  readonly began: number;
  readonly timeout: number;
  readonly tail: Tail;
  readonly parts: ProgramParts;
  readonly watches: readonly Cancel[];
}

function supervised(process: ProcessIdentity, exited: Promise<ExitStatus>, { began, timeout, tail, parts, watches }: Watched): ProgramRun {
  const { clock } = parts;
  let timedOut = false;
  let over = false;
  const terminate = async (grace = KILL_GRACE): Promise<void> => {
    if (over) return;
    signalSession(process, 'SIGTERM', parts.processes);
    await within(clock, grace, exited);
    // Also what outlives its leader: its time is over as well.
    signalSession(process, 'SIGKILL', parts.processes);
  };
  const deadline: Cancel = clock.after(Math.max(0, began + timeout - clock.monotonic()), () => {
    timedOut = true;
    void terminate();
  });
  const ended = exited.then((exit): EndOfRun => {
    over = true;
    deadline.cancel();
    return { ...describeEnd(exit, timedOut, timeout), took: Math.round(clock.monotonic() - began), ...tail.kept() };
  });
  const release = (): Said => {
    deadline.cancel();
    for (const watch of watches) watch.cancel();
    return tail.kept();
  };
  return { process, ended, terminate, release };
}

function signalSession(leader: ProcessIdentity, signal: 'SIGTERM' | 'SIGKILL', processes: ProgramParts['processes']): void {
  for (const process of [leader, ...processes.sessionMembers(leader)]) processes.signal(process, signal);
}

/** The last lines; the first ones are told as they come. */
class Tail {
  readonly #lines: string[];
  #count: number;

  /** @param said under an earlier watcher */
  constructor(
    private readonly tell: (line: string) => void,
    said: Said = { output: [], omitted: 0 },
  ) {
    this.#lines = [...said.output];
    this.#count = said.output.length + said.omitted;
  }

  add(line: string): void {
    this.#count += 1;
    if (this.#count <= MOST_LOGGED) this.tell(line);
    if (this.#count === MOST_LOGGED + 1) this.tell('(more output is not logged; its last lines are in the history)');
    this.#lines.push(line);
    if (this.#lines.length > MOST_LINES) this.#lines.shift();
  }

  kept(): Said {
    return { output: [...this.#lines], omitted: this.#count - this.#lines.length };
  }
}
