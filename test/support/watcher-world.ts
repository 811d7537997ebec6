/** A watcher of the built bundle on real daemons, asked as an operator asks it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { openSync, closeSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { DaemonStatus } from '../../src/core/daemon-status.js';
import type { RoleStatus } from '../../src/core/role.js';
import { DaemonUtilWorld, type Result } from './daemon-util-world.js';
import { eventually } from './eventually.js';

const BUNDLE = fileURLToPath(new URL('../../dist/watchkeeper.cjs', import.meta.url));
/** Node's own options for a watcher, as the front gives them. */
const NODE_ARGUMENTS = nodeArguments(readFileSync(new URL('../../scripts/run-node.sh', import.meta.url), 'utf8'));

function nodeArguments(front: string): readonly string[] {
  const words = /exec "\$node" (--inspect[^"]+) "\$bundle"/.exec(front)?.[1];
  if (words === undefined) throw new Error('scripts/run-node.sh has no options of Node for a watcher');
  return words.split(/[\s\\]+/);
}

/** The watcher as its front runs it, with a CommonJS file that Node runs before it. */
export function watcherPreloadedWith(file: string): [string, ...string[]] {
  return [process.execPath, ...NODE_ARGUMENTS, `--require=${file}`, BUNDLE, 'watchkeeper'];
}

export interface RunningWatcher {
  readonly pid: number;
  readonly ended: Promise<number | null>;
  kill(signal: NodeJS.Signals): void;
}

export interface StatusJson {
  readonly schemaVersion: number;
  readonly watcher: { readonly pid: number; readonly restartOwner: string; readonly staleConfiguration: boolean; readonly waitsForRestart: readonly string[] } | null;
  readonly roles: readonly RoleStatus[];
  readonly daemons: Readonly<Record<string, Omit<DaemonStatus, 'name'>>>;
}

export class WatcherWorld extends DaemonUtilWorld {
  /** All that the watchers of this world wrote to stdout and stderr. */
  get output(): string {
    return readFileSync(this.#log, 'utf8');
  }

  readonly #log = join(this.directory, 'watcher.out');

  /** `watchkeeper run`; returns at once. @param program the bundle, or a front of it */
  spawnWatcher(args: readonly string[] = [], environment: Record<string, string> = {}, program: readonly [string, ...string[]] = [process.execPath, BUNDLE, 'watchkeeper']): RunningWatcher {
    const out = openSync(this.#log, 'a');
    const child = spawn(program[0], [...program.slice(1), 'run', '--config', this.config, ...args], {
      cwd: '/',
      env: { PATH: '/usr/bin:/bin', ...environment },
      stdio: ['ignore', out, out],
    });
    closeSync(out);
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    this.cleanups.add(async () => {
      child.kill('SIGKILL');
      await ended;
    });
    return { pid: child.pid ?? 0, ended, kill: (signal) => void child.kill(signal) };
  }

  /** `watchkeeper run`, up to the moment when it answers. */
  async startWatcher(...how: Parameters<WatcherWorld['spawnWatcher']>): Promise<RunningWatcher> {
    const watcher = this.spawnWatcher(...how);
    const answers = async (): Promise<boolean> => {
      const { stdout, status } = await this.watchkeeper('status', '--json');
      return status === 0 && (JSON.parse(stdout) as StatusJson).watcher?.pid === watcher.pid;
    };
    await eventually('the watcher answers', answers, 60_000).catch((error: unknown) => {
      throw new Error(`${String(error)}; it said: ${this.output.slice(-2000)}`);
    });
    return watcher;
  }

  async status(...names: string[]): Promise<StatusJson> {
    const { stdout, stderr, status } = await this.watchkeeper('status', '--json', ...names);
    if (status !== 0) throw new Error(`watchkeeper status: ${stderr}`);
    return JSON.parse(stdout) as StatusJson;
  }

  async roles(): Promise<readonly RoleStatus[]> {
    return (await this.status()).roles;
  }

  async observed(name: string): Promise<string> {
    return (await this.status(name)).daemons[name]?.observed ?? 'unknown';
  }

  async running(name: string, timeout = 30_000): Promise<void> {
    await eventually(`${name} runs`, async () => (await this.observed(name)) === 'running', timeout);
  }

  /** Runs to the end. */
  watchkeeper(...argv: string[]): Promise<Result> {
    return collect(this.spawnWatchkeeper(...argv));
  }

  spawnWatchkeeper(...argv: string[]): ChildProcess {
    const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8', WATCHKEEPER_CONFIG: this.config, ...this.environment };
    const child = spawn(process.execPath, [BUNDLE, 'watchkeeper', ...argv], { cwd: '/', env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.cleanups.add(() => void child.kill('SIGKILL'));
    return child;
  }
}

function collect(child: ChildProcess): Promise<Result> {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    const guard = setTimeout(() => child.kill('SIGKILL'), 30_000);
    child.on('error', reject);
    child.on('close', (status, signal) => {
      clearTimeout(guard);
      resolve({ status, signal, stdout, stderr });
    });
  });
}
