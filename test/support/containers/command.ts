/** Runs a program of the host for a test: by argv, with a deadline, its output in memory. */
import { spawn } from 'node:child_process';

export interface CommandOptions {
  /** ms; then SIGKILL. */
  readonly timeout?: number;
  readonly input?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

export interface CommandResult {
  /** -1 where a signal ended it. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

const DEFAULT_TIMEOUT = 30_000;
/** ms from its end to the end of what it printed. */
const AFTER_EXIT = 5_000;
const MAX_OUTPUT = 64 * 1024 * 1024;
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export function runCommand(argv: readonly [string, ...string[]], options: CommandOptions = {}): Promise<CommandResult> {
  const [program, ...args] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { PATH, HOME: '/root', LC_ALL: 'C.UTF-8', ...options.environment },
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    let size = 0;
    const keep = (list: Buffer[]) => (chunk: Buffer) => {
      size += chunk.length;
      if (size <= MAX_OUTPUT) list.push(chunk);
    };
    child.stdout.on('data', keep(out));
    child.stderr.on('data', keep(err));
    // A program that does not read its input is no failure of ours.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
    const timeout = options.timeout ?? DEFAULT_TIMEOUT;
    const timer = setTimeout(() => child.kill('SIGKILL'), timeout);
    // What it left behind may hold its pipes open for ever.
    child.on('exit', () => {
      setTimeout(() => {
        child.stdout.destroy();
        child.stderr.destroy();
      }, AFTER_EXIT).unref();
    });
    child.on('error', (cause) => {
      clearTimeout(timer);
      reject(new Error(`cannot run ${program}`, { cause }));
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const stderr = Buffer.concat(err).toString() + (signal === null ? '' : `\n(ended by ${signal}, deadline ${timeout} ms)`);
      resolve({ status: code ?? -1, stdout: Buffer.concat(out).toString(), stderr });
    });
  });
}

/** @throws if it does not exit with 0 */
export async function mustRun(argv: readonly [string, ...string[]], options: CommandOptions = {}): Promise<string> {
  const result = await runCommand(argv, options);
  if (result.status !== 0) {
    throw new Error(`${argv.join(' ')} ended with ${result.status}: ${result.stderr.slice(-2000)}${result.stdout.slice(-2000)}`);
  }
  return result.stdout;
}
