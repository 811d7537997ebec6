/** Runner on Node: a process group of its own, a deadline that kills all of it, bounded output. */
import { spawn, type ChildProcess } from 'node:child_process';
import { isAbsolute } from 'node:path';
import type { ExitStatus } from '../../core/exit-status.js';
import type { Clock } from '../../ports/clock.js';
import type { Runner, RunOptions, RunResult } from '../../ports/runner.js';
import { errorCode, isShortage } from './error-code.js';
import { shield } from './inherited-descriptors.js';
import { withKeptDeadline } from './kept-deadline.js';
import { asUser, MINIMAL_ENVIRONMENT } from './spawn-as.js';
import type { Accounts } from './user.js';

const MOST_OUTPUT = 64 * 1024;
/** ms that the kernel gets to carry out SIGKILL; a process in uninterruptible sleep takes longer. */
const KILL_PATIENCE = 2000;
/** ms for the last output after the program's end; somebody it left behind may hold the pipe open. */
const DRAIN = 100;
const NOT_SPAWNED = 127;
/** timeout(1) could not go on, and says why, as far as it is itself that has failed. */
const KEEPER_FAILED = 125;
const KEEPER_LACKS = 'timeout: fork';

/** EAGAIN: no process more for this user or control group. */
function lacksToFork(code: string | undefined): boolean {
  return code === 'EAGAIN' || isShortage(code);
}

/** Keeps the first bytes and drops the rest, so that the program never blocks on us. */
class Capture {
  readonly #chunks: Buffer[] = [];
  #size = 0;

  add(chunk: Buffer): void {
    const part = chunk.subarray(0, MOST_OUTPUT - this.#size);
    if (part.length === 0) return;
    this.#chunks.push(part);
    this.#size += part.length;
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }
}

export class HostRunner implements Runner {
  constructor(
    private readonly clock: Clock,
    private readonly accounts: Accounts,
  ) {}

  async run(argv: readonly [string, ...string[]], options: RunOptions): Promise<RunResult> {
    if (!isAbsolute(argv[0])) return notSpawned(`${argv[0]} is not an absolute path`);
    const command = asUser(argv, options, this.accounts);
    if (!command.ok) return notSpawned(command.reason);
    const [program, ...rest] = options.evenWithoutUs === true ? withKeptDeadline(command.argv, options.timeout) : command.argv;
    let child: ChildProcess;
    try {
      child = spawn(program, rest, {
        ...command.credentials,
        detached: true,
        shell: false,
        cwd: options.workingDirectory ?? '/',
        env: { ...(options.environment ?? MINIMAL_ENVIRONMENT) },
        stdio: shield([options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe']),
      });
    } catch (error) {
      return notSpawned(`cannot run ${argv[0]}: ${error instanceof Error ? error.message : String(error)}`, errorCode(error));
    }
    return this.#follow(child, options);
  }

  #follow(child: ChildProcess, options: RunOptions): Promise<RunResult> {
    const { clock } = this;
    return new Promise((resolve) => {
      const stdout = new Capture();
      const stderr = new Capture();
      let timedOut = false;
      let exit: ExitStatus | undefined;
      let lacking = false;
      let settled = false;
      const finish = (): void => {
        if (settled) return;
        settled = true;
        timer.cancel();
        options.abort?.removeEventListener('abort', expire);
        child.stdout?.destroy();
        child.stderr?.destroy();
        child.unref();
        const words = stderr.text();
        lacking ||= options.evenWithoutUs === true && exit?.kind === 'exited' && exit.status === KEEPER_FAILED && words.startsWith(KEEPER_LACKS);
        resolve({ exit: exit ?? { kind: 'unknown' }, timedOut, ...(lacking ? { lacking } : {}), stdout: stdout.text(), stderr: words });
      };
      const expire = (): void => {
        if (exit !== undefined) return;
        timedOut = true;
        killGroup(child.pid);
        timer.cancel();
        timer = clock.after(KILL_PATIENCE, finish);
      };
      let timer = clock.after(options.timeout, expire);
      options.abort?.addEventListener('abort', expire, { once: true });
      if (options.abort?.aborted === true) expire();
      child.stdout?.on('data', (chunk: Buffer) => stdout.add(chunk));
      child.stderr?.on('data', (chunk: Buffer) => stderr.add(chunk));
      if (options.input !== undefined) {
        // A program that does not read its input ends with EPIPE for us: its right.
        child.stdin?.on('error', () => undefined);
        child.stdin?.end(options.input);
      }
      child.on('error', (error) => {
        exit = { kind: 'exited', status: NOT_SPAWNED };
        lacking = lacksToFork(errorCode(error));
        stderr.add(Buffer.from(`cannot run ${child.spawnfile}: ${errorCode(error) ?? error.message}`));
        finish();
      });
      child.on('exit', (status, signal) => {
        exit = signal === null ? { kind: 'exited', status: status ?? 0 } : { kind: 'killed', signal };
        timer.cancel();
        timer = clock.after(DRAIN, finish);
      });
      child.on('close', finish);
    });
  }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error;
  }
}

function notSpawned(reason: string, code = ''): RunResult {
  return { exit: { kind: 'exited', status: NOT_SPAWNED }, timedOut: false, ...(lacksToFork(code) ? { lacking: true } : {}), stdout: '', stderr: reason };
}
