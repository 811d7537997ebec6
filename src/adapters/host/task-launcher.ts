/**
 * Programs of tasks. Output goes through a FIFO that the program itself holds
 * open at both ends, not through a pipe of ours: when the watcher dies, nobody
 * gets SIGPIPE, and the next watcher reads on by the FIFO's name. stdout and
 * stderr share it, so their lines come in their order.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, constants, existsSync, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';

import type { ExitStatus } from '../../core/exit-status.js';
import type { Clock } from '../../ports/clock.js';
import type { Cancel, ProcessTable } from '../../ports/process-table.js';
import type { Runner } from '../../ports/runner.js';
import type { OnLine, TaskLaunch, TaskLauncher, TaskStart } from '../../ports/task-launcher.js';
import { type Outside, RUN_ENVIRONMENT } from '../systemd/outside.js';
import { PidFirst, startedOutside } from '../systemd/outside-task.js';
import { distrust, ROOT_ONLY } from '../sysv/trusted-path.js';
import { errorCode } from './error-code.js';
import { shield } from './inherited-descriptors.js';
import { withKeptDeadline } from './kept-deadline.js';
import { OutputLines } from './output-lines.js';
import { asUser, MINIMAL_ENVIRONMENT, SETPRIV } from './spawn-as.js';
import type { Accounts } from './user.js';

const MKFIFO = '/usr/bin/mkfifo';
const MKFIFO_TIMEOUT = 5000;
/** ms for the last output after the program's end; somebody it left behind may hold the FIFO open. */
const DRAIN = 100;
/** So many bytes are read at a stretch, then there is a pause: a program that floods waits, and we don't burn. */
const STRETCH = 256 * 1024;
const PAUSE = 100;
const { O_RDONLY, O_RDWR, O_NONBLOCK, O_NOFOLLOW } = constants;

export interface TaskLauncherParts {
  /** Of the FIFOs; ours alone. */
  readonly directory: string;
  readonly runner: Runner;
  readonly accounts: Accounts;
  readonly clock: Clock;
  readonly processes: Pick<ProcessTable, 'identify' | 'onExit'>;
  /** Where programs are not to inherit our sandbox. */
  readonly outside?: Outside;
}

export class HostTaskLauncher implements TaskLauncher {
  constructor(private readonly parts: TaskLauncherParts) {}

  async launch(request: TaskLaunch, onLine: OnLine): Promise<TaskStart> {
    const [program, ...rest] = request.argv;
    if (program === undefined) return { ok: false, reason: 'there is no program' };
    // spawn would say ENOENT, and mean the program.
    if (!existsSync(request.workingDirectory)) return { ok: false, reason: `its working directory ${request.workingDirectory} does not exist` };
    const objection = untrusted(program);
    if (objection !== undefined) return { ok: false, reason: objection };
    const command = asUser([program, ...rest], request, this.parts.accounts);
    if (!command.ok) return { ok: false, reason: command.reason };
    const argv = request.deadline === undefined ? command.argv : withKeptDeadline(command.argv, request.deadline);
    const environment = this.#environment(request);
    const { outside } = this.parts;
    if (outside !== undefined && command.credentials.uid !== undefined) return { ok: false, reason: `${SETPRIV} is missing` };
    const path = await this.#makeFifo(request.channel);
    if (typeof path !== 'string') return path;
    const prepared = outside?.prepare({ argv, environment, workingDirectory: request.workingDirectory, tellsPid: true, isFrequent: false, purpose: request.channel });
    // The reading end first, and not blocking; the program's is another description, and blocks.
    const reading = openSync(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
    const writing = openSync(path, O_RDWR | O_NOFOLLOW);
    const pidFirst = prepared === undefined ? undefined : new PidFirst(onLine);
    const output = new Output(reading, this.parts.clock, pidFirst?.line ?? onLine);
    const [executable, ...words] = prepared?.argv ?? argv;
    try {
      const child = spawn(executable, words, {
        ...command.credentials,
        detached: true,
        shell: false,
        cwd: prepared === undefined ? request.workingDirectory : '/',
        env: prepared === undefined ? environment : RUN_ENVIRONMENT,
        stdio: shield(['ignore', writing, prepared === undefined ? writing : 'pipe']),
      });
      if (prepared === undefined || pidFirst === undefined) return await this.#started(child, output);
      const { processes } = this.parts;
      return await startedOutside({ child, prepared, pid: pidFirst.pid, output, drained: () => output.drained(DRAIN), processes });
    } catch (error) {
      output.cancel();
      prepared?.clear();
      return { ok: false, reason: `cannot run ${program}: ${error instanceof Error ? error.message : String(error)}` };
    } finally {
      closeSync(writing);
    }
  }

  follow(channel: string, onLine: OnLine): Cancel {
    try {
      return new Output(openSync(this.#path(channel), O_RDONLY | O_NONBLOCK | O_NOFOLLOW), this.parts.clock, onLine);
    } catch (error) {
      if (errorCode(error) === undefined) throw error;
      return { cancel: () => undefined }; // cleared away: the run is watched without its output
    }
  }

  #path(channel: string): string {
    return join(this.parts.directory, `${channel}.out`);
  }

  /** A new one for each run: what an earlier one left behind may still write to its own. */
  async #makeFifo(channel: string): Promise<string | Extract<TaskStart, { ok: false }>> {
    const path = this.#path(channel);
    rmSync(path, { force: true });
    const made = await this.parts.runner.run([MKFIFO, '-m', '600', path], { timeout: MKFIFO_TIMEOUT });
    if (made.exit.kind === 'exited' && made.exit.status === 0) return path;
    return { ok: false, reason: `cannot make ${path} for its output: ${made.stderr.trim() || `${MKFIFO} failed`}` };
  }

  #environment(request: TaskLaunch): NodeJS.ProcessEnv {
    const user = this.parts.accounts.user(request.user ?? String(process.geteuid?.() ?? 0));
    const own = user === undefined ? {} : { HOME: user.home, USER: user.name, LOGNAME: user.name, SHELL: '/bin/sh' };
    return { ...MINIMAL_ENVIRONMENT, ...own, ...request.environment };
  }

  #started(child: ChildProcess, output: Output): Promise<TaskStart> {
    return new Promise((resolve) => {
      child.once('error', (error) => {
        output.cancel();
        resolve({ ok: false, reason: `cannot run ${child.spawnfile}: ${errorCode(error) ?? error.message}` });
      });
      const exited = new Promise<ExitStatus>((settle) => {
        child.once('exit', (status, signal) => {
          const exit: ExitStatus = signal === null ? { kind: 'exited', status: status ?? 0 } : { kind: 'killed', signal: signal };
          void output.drained(DRAIN).then(() => settle(exit));
        });
      });
      child.once('spawn', () => {
        // A watcher that ends waits for a task only as long as it chooses to.
        child.unref();
        // A child that has ended already is a zombie until its exit is read, after this; it has its start time still.
        const process = child.pid === undefined ? undefined : this.parts.processes.identify(child.pid);
        const identity = process ?? { pid: child.pid ?? 0, startTicks: 0, bootId: '' };
        resolve({ ok: true, process: identity, exited, output });
      });
    });
  }
}

/** Whoever the task runs as: root runs no program that others could have replaced. */
function untrusted(program: string): string | undefined {
  try {
    const objection = process.geteuid?.() === 0 ? distrust(program, ROOT_ONLY) : undefined;
    return objection === undefined ? undefined : `not run as root: ${objection}`;
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined) throw error;
    return code === 'ENOENT' ? `${program} does not exist` : `${program} can't be looked at (${code})`;
  }
}

/** The reading end. */
class Output implements Cancel {
  readonly #socket: Socket;
  readonly #lines: OutputLines;
  readonly #ended: Promise<void>;

  constructor(
    descriptor: number,
    private readonly clock: Clock,
    onLine: OnLine,
  ) {
    this.#lines = new OutputLines(onLine);
    let stretch = 0;
    this.#socket = new Socket({ fd: descriptor, readable: true, writable: false });
    this.#socket.unref();
    this.#socket.on('data', (chunk: Buffer) => {
      this.#lines.add(chunk);
      stretch += chunk.length;
      if (stretch < STRETCH) return;
      stretch = 0;
      this.#socket.pause();
      clock.after(PAUSE, () => this.#socket.resume());
    });
    // 'close' follows, and what was read until then is kept.
    this.#socket.on('error', () => undefined);
    this.#ended = new Promise((resolve) => {
      this.#socket.once('close', () => {
        this.#lines.end();
        resolve();
      });
    });
  }

  /** Resolves when all writers are gone, or after `patience` ms. */
  async drained(patience: number): Promise<void> {
    const timer = this.clock.after(patience, () => this.cancel());
    await this.#ended;
    timer.cancel();
  }

  cancel(): void {
    // Whoever cancels may ask at once for what was said so far.
    this.#lines.end();
    this.#socket.destroy();
  }
}
