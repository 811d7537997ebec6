/** A watcher as the main process of a pid namespace of its own, which is what a container is to it. */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { runCommand, type CommandResult } from './containers/command.js';
import { eventually } from './eventually.js';
import { WatcherWorld, type StatusJson } from './watcher-world.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const FRONT = join(ROOT, 'scripts/watchkeeper');
export const INIT = join(ROOT, 'scripts/container-init');
export const BUNDLE = join(ROOT, 'dist/watchkeeper.cjs');

export interface Namespace {
  /** On the host, of the namespace's process 1. */
  readonly leader: number;
  /** Its exit status, as the runtime of a container sees it. */
  readonly ended: Promise<number | null>;
  signal(signal: NodeJS.Signals): void;
  /** Runs a program inside, as `docker exec` does. */
  run(...argv: [string, ...string[]]): Promise<CommandResult>;
  /** On the host: live children of process 1, and those that nobody has reaped. */
  children(): readonly { readonly pid: number; readonly zombie: boolean }[];
}

export class ContainerWorld extends WatcherWorld {
  readonly #out = join(this.directory, 'container.out');

  get containerOutput(): string {
    return readFileSync(this.#out, 'utf8');
  }

  /** `argv` becomes process 1. */
  async enter(...argv: string[]): Promise<Namespace> {
    const out = openSync(this.#out, 'a');
    const unshare = spawn('/usr/bin/unshare', ['--pid', '--fork', '--mount-proc', '--kill-child', '--', ...argv], {
      cwd: '/',
      env: { PATH: `${join(process.execPath, '..')}:/usr/bin:/bin` },
      stdio: ['ignore', out, out],
    });
    closeSync(out);
    const ended = new Promise<number | null>((resolve) => unshare.once('exit', resolve));
    this.cleanups.add(async () => {
      unshare.kill('SIGKILL');
      await ended;
    });
    let leader = 0;
    await eventually('the namespace has a process 1', () => {
      leader = childrenOf(unshare.pid ?? 0)[0]?.pid ?? 0;
      return leader !== 0 || unshare.exitCode !== null;
    });
    return {
      leader,
      ended,
      signal: (signal) => void process.kill(leader, signal),
      run: (...words) => runCommand(['/usr/bin/nsenter', '-t', String(leader), '-p', '-m', '--', ...words], { timeout: 20_000 }),
      children: () => childrenOf(leader),
    };
  }

  /** `watchkeeper run` as process 1, up to the moment when it answers. */
  async container(): Promise<Namespace> {
    const namespace = await this.enter(FRONT, 'run', '--config', this.config);
    await eventually(`the watcher answers; ${this.#out}`, async () => (await this.statusInside(namespace)) !== undefined, 20_000);
    return namespace;
  }

  async statusInside(namespace: Namespace): Promise<StatusJson | undefined> {
    const result = await namespace.run(process.execPath, BUNDLE, 'watchkeeper', 'status', '--json', '--config', this.config);
    if (result.status !== 0) return undefined;
    const status = JSON.parse(result.stdout) as StatusJson;
    return status.watcher === null ? undefined : status;
  }

  async runningInside(namespace: Namespace, ...names: string[]): Promise<void> {
    await eventually(`${names.join(', ')} run`, async () => {
      const status = await this.statusInside(namespace);
      return names.every((name) => status?.daemons[name]?.observed === 'running');
    }, 15_000);
  }
}

function childrenOf(parent: number): readonly { pid: number; zombie: boolean }[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((name) => {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      const [state, ppid] = stat.slice(stat.lastIndexOf(') ') + 2).split(' ');
      return Number(ppid) === parent ? [{ pid: Number(name), zombie: state === 'Z' }] : [];
    } catch {
      return []; // it ended while we looked
    }
  });
}
