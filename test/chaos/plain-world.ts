/** A machine without systemd: this process keeps a watcher running as inittab(5) would. Runs in namespaces of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync, closeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { connectWatcher } from '../../src/adapters/control-socket/client.js';
import type { NamedOutcome } from '../../src/ports/controller.js';
import { eventually } from '../support/eventually.js';
import { groupMembers, groupsOf } from '../support/control-groups.js';
import { typed } from './operator.js';
import { ownsPidMax, PID_MAX } from './options.js';
import { OrderFile, type KillOrder } from './orders.js';
import { Respawn } from './respawn.js';
import { filesLeft, mountReadOnlyTwin, mountSmall, readOnlyTwin, Site } from './site.js';
import type { Answer, Verb, World } from './world.js';

const BUNDLE = fileURLToPath(new URL('../../dist/watchkeeper.cjs', import.meta.url));
const FAULT_POINTS = fileURLToPath(new URL('fixtures/fault-points.cjs', import.meta.url));
/** ms without a word of the watcher; frozen it is for less. */
const SILENCE = 15_000;
const RESPAWN = 20;

export class PlainWorld implements World {
  readonly kind = 'plain';
  readonly formats = ['desired', 'tasks', 'pauses.json', 'memory', 'state', 'claims', 'watcher'];
  readonly lastPid = '/proc/sys/kernel/ns_last_pid';
  readonly site: Site;
  readonly orders: OrderFile;
  readonly #config: string;
  readonly #output: string;
  #child: ChildProcess | undefined;
  readonly #respawn = new Respawn(RESPAWN, () => this.#spawn());
  #wanted = true;

  /** @param directory on the machine's own disk, where the log of the storm remains */
  constructor(directory: string, daemons: number, isBusy: boolean) {
    const world = join(directory, 'world');
    const paths = { state: join(world, 'state'), runtime: join(world, 'run'), log: join(world, 'log') };
    mkdirSync(world);
    mountSmall(world, '256m');
    for (const path of Object.values(paths)) {
      mkdirSync(path);
      mountSmall(path, '3m');
      mountReadOnlyTwin(path);
    }
    if (ownsPidMax()) writeFileSync('/proc/sys/kernel/pid_max', String(PID_MAX));
    this.site = new Site(world, paths, join(directory, 'observations'), daemons);
    this.#config = join(world, 'wk.yaml');
    this.orders = new OrderFile(join(world, 'orders'));
    this.#output = join(directory, 'watcher.out');
    writeFileSync(this.#config, JSON.stringify({ paths, lockTimeout: '10s', heartbeatInterval: isBusy ? '1s' : '30s', group: { name: 'chaos' }, daemons: this.site.daemons(), tasks: isBusy ? this.site.tasks() : {} }));
    this.#spawn();
  }

  watcher(): number | undefined {
    return this.#child?.pid;
  }

  async killWatcher(absent: number): Promise<void> {
    this.#respawn.hold(absent);
    const child = this.#child;
    if (child === undefined) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  async ask(verb: Verb, name: string, choice: number): Promise<Answer> {
    if (choice % 4 === 0 || this.#child === undefined) return this.#command([verb, name], []);
    try {
      const client = await connectWatcher(this.site.paths.runtime, SILENCE);
      if (client === undefined) return await this.#command([verb, name], []);
      const request = { names: [name], by: 'chaos' };
      const outcomes = verb === 'stop' ? await client.stop(request) : await client[verb]({ ...request, oneShotArguments: {} });
      return answerOf(name, outcomes);
    } catch (error) {
      return { result: 'none', detail: String(error) };
    }
  }

  askAndDie(verb: Verb, name: string, order: KillOrder): Promise<Answer> {
    const orders = new OrderFile(join(this.site.directory, `orders-${order.id}`));
    orders.arm(order);
    return this.#command([verb, name], ['--require', FAULT_POINTS], { CHAOS_ORDERS: orders.path });
  }

  pauseOrResume(what: 'pause' | 'resume', name: string): Promise<Answer> {
    return this.#command([what, name], [], {}, 'watchkeeper');
  }

  endAbsence(): void {
    this.#respawn.release();
  }

  special(): Promise<undefined> {
    throw new Error('without systemd there is none of its faults');
  }

  /** The watcher itself goes on with whatever is wanted. */
  lastJob(): undefined {
    return undefined;
  }

  async takeDown(): Promise<void> {
    // What the last one of the storm left is swept up by the one after it.
    await this.#end();
    this.#wanted = true;
    this.#spawn();
    await eventually('one more watcher answers', async () => (await connectWatcher(this.site.paths.runtime, SILENCE)) !== undefined, 60_000);
    await this.#end();
  }

  async #end(): Promise<void> {
    this.#wanted = false;
    this.#respawn.cancel();
    const child = this.#child;
    if (child === undefined) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    const guard = setTimeout(() => child.kill('SIGKILL'), 30_000);
    await ended;
    clearTimeout(guard);
  }

  leftovers(): readonly string[] {
    const { state, runtime } = this.site.paths;
    const groups = groupsOf(runtime);
    const members = groups === undefined || !existsSync(groups) ? [] : readdirSync(groups, { withFileTypes: true }).filter((entry) => entry.isDirectory()).filter(({ name }) => groupMembers(join(groups, name)).length > 0);
    const paths = Object.values(this.site.paths) as readonly string[];
    const own = new Set([this.site.directory, ...paths, ...paths.map(readOnlyTwin)]);
    return [
      ...filesLeft([state, runtime]),
      ...members.map(({ name }) => `processes in the control group ${name}`),
      ...mounts().filter((point) => point.startsWith(this.site.directory) && !own.has(point)).map((point) => `mount ${point}`),
    ];
  }

  #spawn(): void {
    const out = openSync(this.#output, 'a');
    const child = spawn(process.execPath, ['--require', FAULT_POINTS, BUNDLE, 'watchkeeper', 'run', '--config', this.#config], {
      cwd: '/',
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', CHAOS_ORDERS: this.orders.path, CHAOS_LOG: this.site.observations },
      stdio: ['ignore', out, out],
    });
    closeSync(out);
    this.#child = child;
    child.once('exit', () => {
      this.#child = undefined;
      if (this.#wanted) this.#respawn.ended();
    });
  }

  #command(words: readonly string[], options: readonly string[], environment: Record<string, string> = {}, program = 'daemon-util'): Promise<Answer> {
    const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8', WATCHKEEPER_CONFIG: this.#config, CHAOS_LOG: this.site.observations, ...environment };
    return typed(process.execPath, [...options, BUNDLE, program, ...words], env);
  }
}

export function answerOf(name: string, outcomes: readonly NamedOutcome[]): Answer {
  const outcome = outcomes.find((one) => one.name === name)?.outcome;
  if (outcome === undefined) return { result: 'none', detail: 'no outcome' };
  if (outcome.kind === 'ok') return { result: 'done', detail: outcome.detail };
  return { result: 'refused', detail: outcome.reason };
}

function mounts(): readonly string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8').split('\n').map((line) => line.split(' ')[4] ?? '');
}
