/**
 * Makes daemons out of test/fixtures/daemon for any service manager on a real
 * system, and watches them without trusting anything of src.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DaemonSpec } from '../../src/core/daemon.js';
import { daemonSpec } from './daemon-spec.js';
import { liveProcesses, type ProcProcess } from './proc.js';

/** What the daemon does wrong, or differently. */
export interface Behaviour {
  /** ms until it accepts connections; 0 by default. */
  readonly readyAfter?: number | 'never';
  /** Ends by itself. */
  readonly exits?: { readonly status: number; readonly after: number; readonly message?: string };
  readonly ignoresStopSignal?: boolean;
  /** ms between the stop signal and its end. */
  readonly stopTakes?: number;
  /** Children that outlive it unless they are killed. */
  readonly children?: number;
  readonly stubbornChildren?: boolean;
  /** Its first process exits with 0 at once; what remains is not the manager's child. */
  readonly forksAway?: boolean;
  /** Proper daemonizing: the first process exits once the daemon is ready. */
  readonly daemonizes?: boolean;
  readonly floods?: number;
  readonly title?: string;
  readonly becomes?: string;
  /** Answers connections as an HTTP server, with the status in its file http-status. */
  readonly http?: boolean;
  /** Says READY=1 by sd_notify(3), with this status. */
  readonly notifies?: string;
  /** Pings its watchdog, unless it has a file no-ping. */
  readonly watchdog?: boolean;
  /** ms more that it asks for again and again while it starts. */
  readonly extends?: number;
  /** ms more that it asks for again and again while it stops. */
  readonly extendsStop?: number;
  /** With forksAway: the child is named as the main process in time. */
  readonly namesMain?: boolean;
  /** Bytes of memory that it takes. */
  readonly eats?: number;
}

export interface TestDaemon {
  readonly spec: DaemonSpec;
  /** Where it writes, and looks for what it is to do. */
  readonly directory: string;
  /** Live main processes, as the kernel tells. More than one is a fault. */
  mains(): readonly number[];
  /** Live forked children. */
  children(): readonly number[];
  /** How often its program began. */
  starts(): number;
  /** Its arguments at the last start. */
  lastArguments(): readonly string[];
  lastEnvironment(): Readonly<Record<string, string>>;
  /** How often it got the reload signal. */
  reloads(): number;
  /** It accepts connections. */
  isReady(): boolean;
  /** SIGKILL to everything of it. */
  destroy(): void;
}

export interface TestDaemonOptions {
  /** test/fixtures/daemon, or a copy of it. */
  readonly program: string;
  /** A directory of the test's own, short (socket paths end at 108 bytes). */
  readonly directory: string;
  readonly behaviour?: Behaviour;
  readonly overrides?: Partial<DaemonSpec>;
}

function lines(path: string): number {
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').length - 1 : 0;
}

function records(path: string): readonly string[] {
  return existsSync(path) ? readFileSync(path, 'utf8').split('\0') : [];
}

export function makeTestDaemon(options: TestDaemonOptions): TestDaemon {
  const { program, behaviour = {}, overrides = {} } = options;
  const token = randomBytes(6).toString('hex');
  const name = overrides.name ?? `wk-${token}`;
  const dir = join(options.directory, token);
  mkdirSync(dir);
  chmodSync(dir, 0o777); // the daemon may run as another user
  const socket = join(dir, 's');
  const words = [`id=${token}`, `dir=${dir}`, `listen=${socket}`];
  const add = (key: string, value: string | number | boolean | undefined): void => {
    if (value !== undefined && value !== false) words.push(`${key}=${value === true ? 1 : value}`);
  };
  add('ready-after', behaviour.readyAfter);
  add('exit', behaviour.exits?.status);
  add('after', behaviour.exits?.after);
  add('message', behaviour.exits?.message);
  add('ignore-term', behaviour.ignoresStopSignal);
  add('stop-takes', behaviour.stopTakes);
  add('children', behaviour.children);
  add('stubborn', behaviour.stubbornChildren);
  add('fork-away', behaviour.forksAway);
  add('flood', behaviour.floods);
  add('title', behaviour.title);
  add('become', behaviour.becomes);
  add('http', behaviour.http);
  add('notify', behaviour.notifies);
  add('watchdog', behaviour.watchdog);
  add('extend', behaviour.extends);
  add('extend-stop', behaviour.extendsStop);
  add('main-pid', behaviour.namesMain);
  add('eat', behaviour.eats);
  if (overrides.pidFileWriter === 'daemon') add('pid-file', overrides.pidFile);
  const spec = daemonSpec({
    name,
    executable: program,
    arguments: words,
    backgroundArguments: behaviour.daemonizes === true ? ['daemonize=1'] : [],
    background: behaviour.daemonizes === true ? 'daemonizes' : 'stays',
    readiness: { kind: 'unix', path: socket },
    ...overrides,
  });
  /** By pid and start: one that is dying has lost its arguments already, but is not dead yet, for us as for the kernel. */
  const known = new Map<string, readonly string[]>();
  const mine = (): readonly ProcProcess[] =>
    liveProcesses()
      .map((process) => (process.argv.length > 0 ? process : { ...process, argv: known.get(`${process.pid} ${process.startTicks}`) ?? [] }))
      .filter((process) => process.argv.some((word) => word.includes(`id=${token}`)))
      .map((process) => {
        known.set(`${process.pid} ${process.startTicks}`, process.argv);
        return process;
      });
  const isChild = (argv: readonly string[]): boolean => argv[0]?.startsWith('test-daemon-child') === true;
  return {
    spec,
    directory: dir,
    mains: () => mine().filter((process) => process.argv[1] === spec.executable).map((process) => process.pid),
    children: () => mine().filter((process) => isChild(process.argv)).map((process) => process.pid),
    starts: () => lines(join(dir, 'starts')),
    lastArguments: () => records(join(dir, 'argv')),
    lastEnvironment: () =>
      Object.fromEntries(records(join(dir, 'environ')).map((record) => [record.slice(0, record.indexOf('=')), record.slice(record.indexOf('=') + 1)])),
    reloads: () => lines(join(dir, 'reloads')),
    isReady: () => existsSync(join(dir, 'ready')),
    destroy: () => {
      for (const { pid } of mine()) {
        try {
          process.kill(pid, 'SIGKILL');
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
        }
      }
    },
  };
}
