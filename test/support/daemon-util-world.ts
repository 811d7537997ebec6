/** A configuration of its own with real daemons, and the built daemon-util on it, called as cluster software calls it. */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { removeGroups } from './control-groups.js';
import { Cleanups, eventually } from './eventually.js';
import { makeTestDaemon, type Behaviour, type TestDaemon } from './test-daemon.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BUNDLE = join(ROOT, 'dist/watchkeeper.cjs');
const DAEMON = join(ROOT, 'test/fixtures/daemon');
export const IS_ROOT = process.geteuid?.() === 0;

export interface Result {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Begun {
  readonly pid: number;
  readonly ended: Promise<Result>;
  kill(signal: NodeJS.Signals): void;
}

/** Does nothing where the build is of the present sources. */
export function buildOnce(): void {
  const built = spawnSync(process.execPath, [join(ROOT, 'scripts/dev/build.mjs')], { encoding: 'utf8' });
  if (built.status !== 0) throw new Error(`the build failed: ${built.stdout}${built.stderr}`);
}

export class DaemonUtilWorld {
  readonly cleanups = new Cleanups();
  readonly directory: string;
  readonly state: string;
  readonly runtime: string;
  readonly config: string;
  readonly #program: string;
  readonly #daemons = new Map<string, { daemon: TestDaemon; keys: Record<string, unknown> }>();
  environment: Record<string, string> = {};

  constructor() {
    // Not below /tmp where we are root: root runs nothing from there.
    this.directory = mkdtempSync(join(IS_ROOT ? '/var/lib' : tmpdir(), 'wk-du-'));
    this.cleanups.add(() => rmSync(this.directory, { recursive: true, force: true }));
    chmodSync(this.directory, 0o755);
    this.state = join(this.directory, 'state');
    this.runtime = join(this.directory, 'run');
    this.cleanups.add(() => removeGroups(this.runtime));
    this.config = join(this.directory, 'wk.yaml');
    this.#program = join(this.directory, 'daemon');
    copyFileSync(DAEMON, this.#program);
    chmodSync(this.#program, 0o755);
    mkdirSync(join(this.directory, 'd'));
  }

  /** @param keys as in the configuration file, beside what makes the test daemon run */
  add(name: string, behaviour: Behaviour = {}, keys: Record<string, unknown> = {}): TestDaemon {
    const daemon = makeTestDaemon({ program: this.#program, directory: join(this.directory, 'd'), behaviour, overrides: { name } });
    this.cleanups.add(() => daemon.destroy());
    this.#daemons.set(name, { daemon, keys });
    return daemon;
  }

  /** Further keys of a daemon that was added. */
  change(name: string, keys: Record<string, unknown>): void {
    const known = this.#daemons.get(name);
    if (known === undefined) throw new Error(`no daemon ${name} was added`);
    this.#daemons.set(name, { ...known, keys: { ...known.keys, ...keys } });
  }

  /** JSON is YAML. */
  write(top: Record<string, unknown> = {}, group: Record<string, unknown> = {}): void {
    const daemons = [...this.#daemons].map(([name, { daemon, keys }]): [string, unknown] => {
      const { executable, readiness } = daemon.spec;
      return [name, { executable, arguments: daemon.spec.arguments, readiness, stopTimeout: '5s', startTimeout: '5s', ...keys }];
    });
    const paths = { runtime: this.runtime, state: this.state, log: join(this.directory, 'log') };
    const roles = { master: { description: 'the master' } };
    writeFileSync(this.config, JSON.stringify({ paths, lockTimeout: '10s', group: { name: 'test', roles, ...group }, daemons: Object.fromEntries(daemons), ...top }));
  }

  /** Runs to the end, a pipe that stays open for stdin. */
  run(...argv: string[]): Promise<Result> {
    return this.begin(...argv).ended;
  }

  /** `watchkeeper run`, up to the moment when it has control and answers. */
  async watch(): Promise<{ readonly pid: number; kill(signal: NodeJS.Signals): void; readonly ended: Promise<unknown> }> {
    const child = spawn(process.execPath, [BUNDLE, 'watchkeeper', 'run', '--config', this.config], { cwd: '/', env: { PATH: '/usr/bin:/bin' }, stdio: 'ignore' });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    this.cleanups.add(async () => {
      child.kill('SIGKILL');
      await ended;
    });
    await eventually('the watcher answers', async () => (await this.run('--verbose', 'status')).stderr.includes('via the watcher'), 20_000);
    return { pid: child.pid ?? 0, ended, kill: (signal) => void child.kill(signal) };
  }

  /** The same, by a process of its own that ends with it. */
  runByAnother(...argv: string[]): Promise<Result> {
    return this.#begin('/bin/sh', ['-c', '"$@"; exit $?', 'sh', process.execPath, BUNDLE, 'daemon-util', ...argv]).ended;
  }

  begin(...argv: string[]): Begun {
    return this.#begin(process.execPath, [BUNDLE, 'daemon-util', ...argv]);
  }

  #begin(program: string, words: readonly string[]): Begun {
    const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', WATCHKEEPER_CONFIG: this.config, ...this.environment };
    const child = spawn(program, words, { cwd: '/', env, stdio: ['pipe', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const ended = new Promise<Result>((resolve, reject) => {
      const guard = setTimeout(() => child.kill('SIGKILL'), 30_000);
      child.on('error', reject);
      child.on('close', (status, signal) => {
        clearTimeout(guard);
        resolve({ status, signal, stdout, stderr });
      });
    });
    const kill = (signal: NodeJS.Signals): void => {
      child.kill(signal);
    };
    this.cleanups.add(() => kill('SIGKILL'));
    return { pid: child.pid ?? 0, ended, kill };
  }
}
