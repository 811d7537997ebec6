/**
 * Notifications through scripts/notify-listener: one small process of Perl,
 * started when the first daemon needs it, ended by the end of its stdin. Where
 * it dies it is started again, and every socket bound again at its path.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

import type { DaemonSpec } from '../../core/daemon.js';
import { WatchkeeperError } from '../../core/errors.js';
import { escapeControl } from '../../core/escape.js';
import { parseNotifyMessage, watchdogOf } from '../../core/notify-message.js';
import type { Clock } from '../../ports/clock.js';
import type { Log } from '../../ports/log.js';
import type { Notifications, NotifyState, OpenedSocket } from '../../ports/notifications.js';
import { shield } from '../host/inherited-descriptors.js';
import type { Accounts } from '../host/user.js';
import { ensureDirectory } from '../state/directories.js';
import { Ear } from './ear.js';
import { readLines } from './lines.js';

export const PERL = '/usr/bin/perl';
/** sun_path of unix(7), without its NUL. */
const MAX_SOCKET_PATH = 107;
/** ms for a socket to be bound: it takes one. */
const BIND_TIMEOUT = 5000;
/** ms for all that was said to be read: it takes one. */
const HEARING = 200;
const FIRST_RESTART = 100;
const LAST_RESTART = 30_000;

export interface ListenerOptions {
  /** RUNTIME */
  readonly runtime: string;
  /** scripts/notify-listener; undefined: not found beside us */
  readonly program: string | undefined;
  readonly clock: Clock;
  readonly accounts: Accounts;
  readonly log: Log;
  readonly perl?: string;
}

type Helper = ChildProcessByStdio<Writable, Readable, Readable>;

export class NotifyListener implements Notifications {
  readonly #ears = new Map<string, Ear>();
  readonly #directory: string;
  #helper: Helper | undefined;
  #restartDelay = FIRST_RESTART;
  #generation = 0;
  readonly #hearings = new Map<number, () => void>();
  #released = false;

  constructor(private readonly options: ListenerOptions) {
    this.#directory = join(options.runtime, 'notify');
  }

  /** Of the helper, for tests and doctor. */
  get pid(): number | undefined {
    return this.#helper?.pid;
  }

  open(spec: DaemonSpec, mainPid: (pid: number) => void): Promise<OpenedSocket> {
    return this.#listen(spec, mainPid, false);
  }

  resume(spec: DaemonSpec, mainPid: (pid: number) => void): Promise<OpenedSocket> {
    return this.#listen(spec, mainPid, true);
  }

  state(name: string): NotifyState | undefined {
    const ear = this.#ears.get(name);
    return ear?.bound === true ? ear.state : undefined;
  }

  async next(name: string, timeout: number): Promise<void> {
    await this.#ears.get(name)?.next(timeout);
  }

  heardOut(): Promise<void> {
    const helper = this.#helper;
    if (helper === undefined) return Promise.resolve();
    this.#generation += 1;
    const mark = this.#generation;
    return new Promise((resolve) => {
      const done = (): void => {
        timer.cancel();
        this.#hearings.delete(mark);
        resolve();
      };
      const timer = this.options.clock.after(HEARING, done);
      this.#hearings.set(mark, done);
      helper.stdin.write(`drain ${mark}\n`);
    });
  }

  release(): void {
    this.#released = true;
    this.#helper?.stdin.end();
    for (const ear of this.#ears.values()) ear.refuse('the watcher ends');
  }

  async #listen(spec: DaemonSpec, mainPid: (pid: number) => void, runs: boolean): Promise<OpenedSocket> {
    const { clock } = this.options;
    const path = join(this.#directory, `${spec.name}.sock`);
    const problem = this.#obstacle(path);
    if (problem !== undefined) return { ok: false, reason: `cannot listen for the notifications of ${spec.name}: ${problem}` };
    const ear = new Ear(spec, mainPid, clock, runs);
    this.#ears.get(spec.name)?.refuse('a newer process is listened to');
    this.#ears.set(spec.name, ear);
    const answer = ear.awaitBound(BIND_TIMEOUT);
    if (this.#helper === undefined) this.#start();
    else this.#bind(ear);
    const why = await answer;
    if (why !== undefined) return { ok: false, reason: `cannot listen for the notifications of ${spec.name}: ${why}` };
    const watchdog = watchdogOf(spec);
    return { ok: true, environment: { NOTIFY_SOCKET: path, ...(watchdog === undefined ? {} : { WATCHDOG_USEC: String(watchdog * 1000) }) } };
  }

  #obstacle(path: string): string | undefined {
    const { perl = PERL, program } = this.options;
    if (this.#released) return 'the watcher ends';
    if (!existsSync(perl)) return `${perl} is missing, which Debian's perl-base has`;
    if (program === undefined || !existsSync(program)) return 'the program notify-listener is missing beside Watchkeeper';
    if (Buffer.byteLength(path) > MAX_SOCKET_PATH) return `the path ${path} is too long for a socket (${MAX_SOCKET_PATH} bytes)`;
    try {
      // Its sockets are for others to reach, its names for nobody to list.
      ensureDirectory(this.#directory, 0o711);
      return undefined;
    } catch (error) {
      if (error instanceof WatchkeeperError) return error.message;
      throw error;
    }
  }

  #start(): void {
    const { perl = PERL, program = '', log } = this.options;
    const stdio = shield(['pipe', 'pipe', 'pipe']) as ['pipe', 'pipe', 'pipe'];
    const helper: Helper = spawn(perl, ['-T', program, this.#directory], { cwd: '/', env: { LC_ALL: 'C' }, detached: true, shell: false, stdio });
    this.#helper = helper;
    let words = '';
    helper.stderr.on('data', (chunk: Buffer) => (words = `${words}${chunk.toString('latin1')}`.slice(0, 400)));
    // EPIPE: its end is told below.
    helper.stdin.on('error', () => undefined);
    readLines(helper.stdout, (line) => this.#heard(line));
    helper.on('error', (error) => (words = error.message));
    helper.once('close', () => this.#ended(helper, words));
    if (helper.pid !== undefined) log.debug({ pid: helper.pid }, 'listens for notifications');
    for (const ear of this.#ears.values()) this.#bind(ear);
  }

  #ended(helper: Helper, words: string): void {
    if (this.#helper !== helper) return;
    this.#helper = undefined;
    for (const ear of this.#ears.values()) ear.lost();
    if (this.#released) return;
    this.options.log.warn({ said: escapeControl(words.trim(), 300), again: this.#restartDelay }, 'the notify-listener has ended; watchdogs wait for the next one');
    this.options.clock.after(this.#restartDelay, () => {
      if (!this.#released && this.#helper === undefined) this.#start();
    });
    this.#restartDelay = Math.min(2 * this.#restartDelay, LAST_RESTART);
  }

  #bind(ear: Ear): void {
    this.#generation += 1;
    ear.generation = this.#generation;
    const owner = this.#owner(ear.spec);
    if (owner === undefined) ear.refuse('its user is not known');
    else this.#helper?.stdin.write(`open ${ear.spec.name} ${ear.generation} ${owner}\n`);
  }

  /** The user that the daemon runs as: nobody else can write to its socket. */
  #owner({ user, processUser }: DaemonSpec): number | '-' | undefined {
    const name = processUser ?? user;
    return name === undefined || process.geteuid?.() !== 0 ? '-' : this.options.accounts.user(name)?.uid;
  }

  #heard(line: string): void {
    const said = JSON.parse(line) as { readonly drained?: number; readonly bound?: string; readonly refused?: string; readonly name?: string; readonly generation: number; readonly why?: string; readonly hex?: string };
    if (said.drained !== undefined) {
      this.#hearings.get(said.drained)?.();
      return;
    }
    const ear = this.#ears.get(said.bound ?? said.refused ?? said.name ?? '');
    // What a predecessor said, or was bound for, is void.
    if (ear?.generation !== said.generation) return;
    if (said.bound !== undefined) {
      this.#restartDelay = FIRST_RESTART;
      ear.confirm();
    } else if (said.refused !== undefined) {
      ear.refuse(escapeControl(said.why ?? '', 200));
    } else {
      const message = parseNotifyMessage(Buffer.from(said.hex ?? '', 'hex').toString('utf8'));
      if (message !== undefined) ear.take(message);
    }
  }
}
