/**
 * Peers in containers of their own, by the adapters of the harness that is told
 * by --harness (its README says what an adapter is), ours and bare-node-ssd's
 * among them (peers/).
 */
import { execFile, spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import type { Ground, Peer } from './peer.mjs';
import { commandOf, insideNamespace } from './processes.mjs';
import { now, Stamps } from './stamps.mjs';

const HERE = path.dirname(fileURLToPath(import.meta.url));
/** The supervised program, and what the harness itself has inside. */
const NOT_OWN = new Set(['benchd', 'binit', 'bprobe']);
const CALL = '. ./lib.sh; load "$1"; shift; "$@"';
const TIMEOUT = 400_000;
/** Root file systems, built once. */
const HOME = process.env['BENCH_HOME'] ?? '/var/cache/watchkeeper-bench';

export class HarnessGround implements Ground {
  readonly leftOut: readonly string[] = [];
  readonly available: readonly string[];
  readonly directory: string;
  readonly #peers: HarnessPeer[] = [];
  readonly environment: NodeJS.ProcessEnv;

  constructor(harness: string) {
    for (const name of ['bin', 'roots', 'tmp']) mkdirSync(path.join(HOME, name), { recursive: true });
    this.directory = mkdtempSync(path.join(HOME, 'run-'));
    for (const name of ['lib.sh', 'rootfs.sh', 'src']) symlinkSync(path.join(harness, name), path.join(this.directory, name));
    for (const name of ['bin', 'roots', 'tmp']) symlinkSync(path.join(HOME, name), path.join(this.directory, name));
    mkdirSync(path.join(this.directory, 'adapters'));
    for (const directory of [path.join(harness, 'adapters'), path.join(HERE, 'peers')]) {
      for (const file of readdirSync(directory)) if (file.endsWith('.sh')) symlinkSync(path.join(directory, file), path.join(this.directory, 'adapters', file));
    }
    this.available = readdirSync(path.join(this.directory, 'adapters')).map((file) => file.replace(/\.sh$/, ''));
    const ours = path.join(this.directory, 'ours');
    const installed = spawnSync(path.join(HERE, '../install'), [ours], { encoding: 'utf8' });
    if (installed.status !== 0) throw new Error(`scripts/install: ${installed.stderr}`);
    this.environment = { PATH: process.env['PATH'], HOME: process.env['HOME'], BENCH_HOME: this.directory, OURS_DIST: ours, OURS_SOURCES: HERE, AUTOSTART: '0' };
  }

  /** Builds what they run in; some minutes the first time, and it needs a mirror of Debian. */
  async prepare(names: readonly string[]): Promise<void> {
    const roots = new Set<string>();
    for (const name of names) roots.add((await this.call(name, ['eval', 'echo $ADAPTER_ROOT'])).trim());
    await promisify(execFile)(path.join(this.directory, 'rootfs.sh'), [...roots], { env: this.environment, timeout: 1_200_000 });
  }

  async call(peer: string, argv: readonly string[], extra: NodeJS.ProcessEnv = {}): Promise<string> {
    const { stdout, stderr } = await promisify(execFile)('/bin/bash', ['-c', CALL, 'bash', peer, ...argv], { cwd: this.directory, env: { ...this.environment, ...extra }, timeout: TIMEOUT, maxBuffer: 1e8 }).catch((error: unknown) => {
      const { stdout = '', stderr = '', message } = error as { stdout?: string; stderr?: string; message: string };
      return { stdout, stderr: `${stderr}${message}\n` };
    });
    if (stderr !== '') appendFileSync(path.join(this.directory, 'log'), `${peer}: ${argv[0] ?? ''}: ${stderr}`);
    return stdout;
  }

  peer(name: string): Peer {
    const peer = new HarnessPeer(this, name);
    this.#peers.push(peer);
    return peer;
  }

  clear(): Promise<void> {
    for (const { name, isUp } of this.#peers) if (isUp) spawnSync('/bin/bash', ['-c', CALL, 'bash', name, 'cleanup'], { cwd: this.directory, env: this.environment });
    // Never across a mount that could not be undone.
    if (!readFileSync('/proc/self/mounts', 'latin1').includes(` ${this.directory}/`)) rmSync(this.directory, { recursive: true, force: true });
    return Promise.resolve();
  }
}

class HarnessPeer implements Peer {
  isUp = false;
  stamps = new Stamps('');

  constructor(private readonly ground: HarnessGround, readonly name: string) {}

  get #container(): string {
    return path.join(this.ground.directory, 'run', this.name);
  }

  #inside(file: string): string {
    return path.join(this.#container, 'root', file);
  }

  get #init(): number {
    return Number(readFileSync(path.join(this.#container, 'pid1'), 'utf8'));
  }

  async setUp(names: readonly string[]): Promise<void> {
    this.isUp = true;
    mkdirSync(path.join(this.ground.directory, 'run'), { recursive: true });
    await this.ground.call(this.name, ['setup', ...names]);
    this.stamps = new Stamps(this.#inside('bench/stamps'));
    writeFileSync(this.#inside('bench/empty.cjs'), '');
  }

  async #timed(...argv: readonly string[]): Promise<number> {
    await this.ground.call(this.name, argv);
    const [began] = readFileSync(this.#inside('bench/timed'), 'utf8').split(' ');
    return Number(began) / 1e6;
  }

  startAll(): Promise<number> {
    return this.#timed('start_all');
  }

  stopAll(): Promise<number> {
    return this.#timed('stop_all');
  }

  readonly startOne = async (name: string): Promise<void> => {
    await this.#timed('start_one', name);
  };

  get retryNow(): Peer['retryNow'] {
    return this.name === 'ours' ? (name) => this.#timed('retry_now', name) : undefined;
  }

  fix(): void {
    writeFileSync(this.#inside('bench/fixed'), '');
  }

  async status(times: number, empty: boolean): Promise<readonly number[] | undefined> {
    const argv = empty ? ['ct_cli', 'node', '/bench/empty.cjs'] : ['status_all'];
    const lines = (await this.ground.call(this.name, argv, { REPS: String(times) })).trim().split('\n');
    return lines.length < times ? undefined : lines.map((line) => Number(line.split(' ')[0]) / 1000);
  }

  kill(names: readonly string[]): number {
    const pids = insideNamespace(this.#init);
    const chosen = names.map((name) => pids.get(this.stamps.runs.get(name)?.pid ?? 0));
    const began = now();
    for (const pid of chosen) if (pid !== undefined) process.kill(pid, 'SIGKILL');
    return began;
  }

  processes(): readonly number[] {
    return [...insideNamespace(this.#init).values()].filter((pid) => !NOT_OWN.has(commandOf(pid)));
  }

  async tearDown(): Promise<void> {
    this.stamps.close();
    await this.ground.call(this.name, ['cleanup']);
    this.isUp = false;
  }
}

/** One at a time: the harness's containers and control groups have fixed names. */
export function lockHarness(): void {
  mkdirSync(HOME, { recursive: true });
  const fd = openSync(path.join(HOME, 'lock'), 'a');
  const taken = spawnSync('/usr/bin/flock', ['--nonblock', '3'], { stdio: ['ignore', 'ignore', 'inherit', fd] });
  if (taken.status !== 0) throw new Error(`cannot lock ${HOME}/lock: another benchmark runs; try: again when it has ended`);
}

/** Its directory: as it was told, or beside the clone. */
export function findHarness(told: string | undefined): string | undefined {
  const directory = path.resolve(told ?? path.join(HERE, '../../../shared/peers'));
  return existsSync(path.join(directory, 'lib.sh')) ? directory : undefined;
}
