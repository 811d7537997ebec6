/** Carries a plan out in a world, and writes down what it does. Judges nothing. */
import { spawn, type ChildProcess } from 'node:child_process';
import { appendFileSync, closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { connectWatcher } from '../../src/adapters/control-socket/client.js';
import { eventually } from '../support/eventually.js';
import { isLive, liveProcesses } from '../support/proc.js';
import { monotonic, pause } from './clock.js';
import { FAULTS } from './faults.js';
import { judge, type Expectations, type Verdict } from './invariants.js';
import { leftBehind } from './left-behind.js';
import { parseObservations, type Observation } from './observation.js';
import type { Fault } from './plan.js';
import type { Verb, World } from './world.js';

const OBSERVER = fileURLToPath(new URL('observer.ts', import.meta.url));
const STRANGERS = 4;
const MOST_PENDING = 40;
/** Faults without a watcher in sight; then it is waited for, or on a slow machine hardly any would meet one. */
const MOST_UNWATCHED = 6;
/** ms; whether it comes back at all is judged in the end. */
const LONGEST_WAIT = 20_000;

export class Storm {
  readonly #pending = new Map<Promise<void>, string>();
  readonly #asked = new Map<string, { readonly verb: Verb; readonly since: number }>();
  readonly #strangers = new Map<number, ChildProcess>();
  readonly #log: Observation[] = [];
  /** Bytes of the log that are in #log. */
  #read = 0;
  #observer: ChildProcess | undefined;
  #over = false;
  #phase = 'the begin';

  constructor(readonly world: World, readonly expectations: Expectations) {}

  tell(observation: Record<string, unknown>): void {
    appendFileSync(this.world.site.observations, `${JSON.stringify({ at: monotonic(), ...observation })}\n`);
  }

  /** From all that runs to nothing that is left, with what happens in between. */
  async rage(faults: () => Promise<void>): Promise<Verdict> {
    const { site } = this.world;
    this.#observe();
    this.#phase = 'the first start';
    for (let index = 0; index < STRANGERS; index += 1) this.stranger();
    await Promise.all(site.names.map((name) => this.ask('start', name, 1)));
    await eventually('all daemons run', () => liveProcesses().filter(({ argv }) => argv[1] === site.program).length >= site.names.length, 120_000);
    this.#phase = 'its faults';
    await faults();
    this.world.orders.set({ delay: 0 });
    this.tell({ e: 'calm' });
    this.#phase = 'requests that are repeated';
    if (this.world.kind === 'systemd') await this.#askAgain();
    this.#phase = 'the calm after it';
    await this.#calm();
    this.#phase = 'its end';
    await this.#takeDown();
    return this.verdict();
  }

  /** Where a storm is that does not come to its end. */
  whereabouts(): string {
    const asked = [...this.#asked].map(([name, { verb, since }]) => `${verb} ${name} for ${Math.round(monotonic() - since)} ms`);
    return `it is at ${this.#phase}; unanswered: ${asked.join(', ') || 'none'}; faults under way: ${[...this.#pending.values()].join(', ') || 'none'}`;
  }

  /** @param seconds from the first fault on; those of the plan that are left then are not tried, but for the first `atLeast` */
  async carryOut(plan: readonly Fault[], seconds: number, atLeast: number): Promise<void> {
    const until = monotonic() + seconds * 1000;
    let unwatched = 0;
    for (const fault of plan) {
      if (monotonic() > until && fault.step >= atLeast) break;
      void this.tryOne(fault);
      await pause(fault.pause);
      while (this.#pending.size > MOST_PENDING) await Promise.race(this.#pending.keys());
      unwatched = this.watched() !== undefined ? 0 : unwatched + 1;
      if (unwatched < MOST_UNWATCHED) continue;
      unwatched = 0;
      await eventually('a watcher is back', () => this.watched() !== undefined, LONGEST_WAIT).catch(() => undefined);
    }
    await Promise.all(this.#pending.keys());
  }

  /** One fault, until it is over. */
  tryOne(fault: Fault): Promise<void> {
    this.tell({ e: 'fault', step: fault.step, kind: fault.kind, detail: this.name(fault) });
    const work = (async () => {
      const missed = await FAULTS[fault.kind](this, fault);
      if (missed !== undefined) this.tell({ e: 'missed', step: fault.step, why: missed });
    })();
    const settled = work.finally(() => this.#pending.delete(settled));
    this.#pending.set(settled, `${fault.step} ${fault.kind}`);
    return settled;
  }

  verdict(): Verdict {
    return judge(this.observations(), this.expectations);
  }

  /** Only what has come since: it is asked for many times. */
  observations(): readonly Observation[] {
    const log = openSync(this.world.site.observations, 'r');
    try {
      const news = Buffer.alloc(fstatSync(log).size - this.#read);
      const length = readSync(log, news, 0, news.length, this.#read);
      const whole = news.subarray(0, length).lastIndexOf(0x0a) + 1;
      this.#read += whole;
      this.#log.push(...parseObservations(news.toString('utf8', 0, whole)));
    } finally {
      closeSync(log);
    }
    return this.#log.sort((a, b) => a.at - b.at);
  }

  name(fault: Fault): string {
    return this.world.site.names[fault.target] ?? 'd0';
  }

  /** Main processes of a daemon that live. */
  pids(name: string): readonly number[] {
    const { program } = this.world.site;
    return liveProcesses().filter(({ argv }) => argv[1] === program && argv.includes(`chaos=${name}`)).map(({ pid }) => pid);
  }

  /** @returns whether it was asked: of two at once for the same one nobody could say which came last */
  async ask(verb: Verb, name: string, choice: number, how?: () => ReturnType<World['ask']>): Promise<boolean> {
    if (this.#asked.has(name)) return false;
    this.#asked.set(name, { verb, since: monotonic() });
    try {
      this.tell({ e: 'ask', verb, name });
      const { result, detail } = await (how ?? (() => this.world.ask(verb, name, choice)))();
      this.tell({ e: 'answer', verb, name, result, detail });
      return true;
    } finally {
      this.#asked.delete(name);
    }
  }

  strangers(): readonly number[] {
    return [...this.#strangers.keys()];
  }

  /** A process that nobody may signal; ends when it is let go. @returns undefined: it could not be had */
  stranger(): ChildProcess {
    const { site } = this.world;
    const child = spawn(site.strangerProgram, [`log=${site.observations}`], { stdio: ['pipe', 'pipe', 'ignore'] });
    const { pid } = child;
    if (pid === undefined) throw new Error('cannot start a stranger');
    this.#strangers.set(pid, child);
    child.stdin.on('error', () => undefined);
    child.once('exit', (status, signal) => {
      if (this.#strangers.delete(pid)) this.tell({ e: 'stranger-lost', pid, how: signal ?? `status ${status ?? -1}` });
    });
    return child;
  }

  /** Ends a stranger without a signal. */
  async letGo(child: ChildProcess): Promise<void> {
    if (child.pid === undefined || !this.#strangers.has(child.pid)) return;
    const ended = new Promise<[number | null, NodeJS.Signals | null]>((resolve) => child.once('exit', (...how) => resolve(how)));
    const { pid } = child;
    this.#strangers.delete(pid);
    child.stdin?.end();
    const [status, signal] = await ended;
    if (status !== 0) this.tell({ e: 'stranger-lost', pid, how: signal ?? `status ${status ?? -1}` });
  }

  /** Whether somebody was killed at a fault point by the order of this id. */
  hasKilled(id: number): boolean {
    return this.observations().some((one) => one.e === 'killed-before' && one.id === id);
  }

  /** Until a daemon is where it is wanted, and a request that failed is repeated where nobody else would. */
  async settle(name: string): Promise<void> {
    const until = monotonic() + this.expectations.bound;
    // What was written down counts, so it must have been read; and whoever goes on with it must be there.
    const began = monotonic();
    await eventually('the observer has read the state files', () => this.observations().some((one) => one.e === 'read' && one.since > began), this.expectations.bound);
    await eventually('a watcher answers', async () => (await this.answers()) === 'yes', this.expectations.bound);
    if (this.world.kind === 'systemd') await this.#askAgain();
    while (this.verdict().misplaced.includes(name)) {
      if (monotonic() < until) await pause(50);
      else {
        this.tell({ e: 'misplaced', name, bound: this.expectations.bound });
        return;
      }
    }
  }

  /** "yes", or what is wrong with the watcher's answer. */
  async answers(): Promise<string> {
    try {
      const client = await connectWatcher(this.world.site.paths.runtime, 10_000);
      if (client === undefined) return 'nobody listens';
      const { daemons } = await client.statusAnswer();
      return Object.keys(daemons).length === this.world.site.names.length ? 'yes' : `it knows ${Object.keys(daemons).length} daemons`;
    } catch (error) {
      return String(error);
    }
  }

  /** The watcher, by its sign of life: one that begins has none yet. */
  watched(): number | undefined {
    try {
      const pid = Number(readFileSync(join(this.world.site.paths.runtime, 'watcher'), 'utf8').split(' ')[1]);
      return isLive(pid) ? pid : undefined;
    } catch {
      return undefined;
    }
  }

  #observe(): void {
    const { site } = this.world;
    const { state, runtime } = site.paths;
    this.#observer = spawn(process.execPath, ['--import=tsx/esm', OBSERVER, site.observations, state, runtime, site.program], { stdio: 'inherit' });
    this.#observer.once('exit', (status, signal) => {
      if (!this.#over) throw new Error(`the observer ended: ${signal ?? String(status)}`);
    });
  }

  /** As an operator does who was told that it failed: systemd is not told anything by what stands in our records. */
  async #askAgain(): Promise<void> {
    for (let round = 0; round < 5; round += 1) {
      const { open } = this.verdict();
      if (open.length === 0) return;
      await Promise.all(open.map(({ name, verb }) => this.ask(verb, name, 1)));
    }
  }

  /** Starts those, and only those, whom systemd leaves to an operator. */
  async bringBack(): Promise<void> {
    const { open, misplaced } = this.verdict();
    for (const name of misplaced) {
      const required = this.expectations.requires.get(name);
      if (required === undefined || this.pids(name).length > 0 || open.some((one) => one.name === name)) continue;
      const job = this.world.lastJob(name);
      const why = job === undefined ? undefined : leftBehind(job, required, this.observations());
      if (why === undefined) continue;
      this.tell({ e: 'left-behind', name, why });
      await this.ask('start', name, 1);
    }
  }

  async #calm(): Promise<void> {
    const { bound, stable, longestLook } = this.expectations;
    // Who comes up at the last moment must be seen to stay, by an observer that may have to wait for its turn.
    const deadline = monotonic() + bound + stable + longestLook;
    while (this.verdict().settledAt === undefined && monotonic() < deadline) {
      await this.bringBack();
      await pause(500);
    }
    let detail = await this.answers();
    // It may have been killed with the last fault, and what is respawned takes its time to begin.
    while (detail !== 'yes' && monotonic() < deadline) {
      await pause(200);
      detail = await this.answers();
    }
    this.tell({ e: 'answers', detail });
    this.tell({ e: 'take-down' });
  }

  async #takeDown(): Promise<void> {
    const { site } = this.world;
    await Promise.all(site.names.map((name) => this.ask('stop', name, 1)));
    await this.world.takeDown();
    await Promise.all([...this.#strangers.values()].map((child) => this.letGo(child)));
    // tsx has a child of its own in each of them.
    const own = new Set([process.pid, process.ppid, 1, this.#observer?.pid]);
    const parents = new Set([process.pid, this.#observer?.pid]);
    const foreign = (): readonly string[] =>
      liveProcesses()
        .filter(({ pid, argv, ppid }) => !own.has(pid) && !parents.has(ppid) && isOurs(argv, site.directory))
        .map(({ pid, argv, ppid }) => `process ${pid} of ${ppid}: ${argv.join(' ')}`);
    await eventually('all processes are gone', () => foreign().length === 0, 10_000).catch(() => undefined);
    for (const what of [...foreign(), ...this.world.leftovers()]) this.tell({ e: 'left', what });
    await pause(100);
    this.#over = true;
    const observer = this.#observer;
    if (observer !== undefined) {
      const ended = new Promise((resolve) => observer.once('exit', resolve));
      observer.kill('SIGTERM');
      await ended;
    }
    this.tell({ e: 'end' });
  }
}

/** Of the daemons, the watcher, and what it spawns; everybody else in a container is somebody's. */
function isOurs(argv: readonly string[], directory: string): boolean {
  return argv.some((word) => word.startsWith(directory) || /watchkeeper|notify-listener|start-stop-daemon|flock/.test(word));
}
