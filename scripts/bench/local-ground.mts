/** Ours and the two bare supervisors on this very machine: what can be measured without the harness. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, openSync, closeSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { removeGroups } from '../../test/support/control-groups.js';
import type { Ground, Peer } from './peer.mjs';
import { isAlive, runningProgram } from './processes.mjs';
import { now, sleep, Stamps } from './stamps.mjs';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const COMPILER = '/usr/bin/cc';
const MEMORY = '/dev/shm';
/** ms */
const PATIENCE = 15_000;

/** How one of them is called. */
interface Kind {
  /** Makes what it needs in the directory. @returns its command line */
  supervisor(site: Site): readonly string[];
  /** A signal to the supervisor, or a command. */
  command(site: Site, what: 'start' | 'stop'): NodeJS.Signals | readonly string[];
  status(site: Site): readonly string[] | undefined;
  isUp(site: Site): boolean;
  before?(site: Site): readonly string[];
}

interface Site {
  readonly directory: string;
  /** In memory, as /run is where they run in earnest: pid files, sockets, what is lost with a boot. */
  readonly volatile: string;
  readonly program: string;
  readonly stamps: string;
  readonly names: readonly string[];
}

const bareNode = (byStartStopDaemon: boolean): Kind => {
  const call = (...words: readonly string[]): readonly string[] => [process.execPath, path.join(HERE, 'bare-supervisor.mjs'), ...words];
  const socket = ({ volatile }: Site): string => path.join(volatile, 'bare.sock');
  return {
    supervisor: (site) => {
      const conf = path.join(site.directory, 'bare.conf');
      writeFileSync(conf, site.names.map((name) => `${name} ${site.program} ${site.stamps} ${name}\n`).join(''));
      return call('run', conf, socket(site), ...(byStartStopDaemon ? [site.volatile] : []));
    },
    command: (site, what) => call(what, socket(site)),
    status: (site) => call('status', socket(site)),
    isUp: (site) => existsSync(socket(site)),
  };
};

const bareC: Kind = {
  supervisor: ({ directory, program, stamps, names }) => [path.join(directory, '../bare-supervisor'), program, stamps, String(names.length)],
  command: (_site, what) => (what === 'start' ? 'SIGUSR1' : 'SIGUSR2'),
  status: () => undefined,
  isUp: () => true,
};

const runtimeOf = ({ volatile }: Site): string => path.join(volatile, 'run');

const ours = ((): Kind => {
  const call = (site: Site, program: string, ...words: readonly string[]): readonly string[] => [path.join(HERE, '..', program), ...words, '--config', path.join(site.directory, 'watchkeeper.yaml')];
  return {
    before: (site) => {
      const paths = { runtime: runtimeOf(site), state: path.join(site.directory, 'state'), log: path.join(site.directory, 'log') };
      const daemon = (name: string): object => ({ executable: site.program, arguments: [site.stamps, name, ...(name.startsWith('c') ? ['crash'] : [])] });
      const daemons = Object.fromEntries(site.names.map((name) => [name, daemon(name)]));
      writeFileSync(path.join(site.directory, 'watchkeeper.yaml'), JSON.stringify({ paths, group: { name: 'bench' }, daemons }));
      return call(site, 'daemon-util', 'stop-all');
    },
    supervisor: (site) => call(site, 'watchkeeper', 'run'),
    command: (site, what) => call(site, 'daemon-util', `${what}-all`),
    status: (site) => call(site, 'daemon-util', 'status'),
    isUp: (site) => existsSync(path.join(runtimeOf(site), 'control.sock')),
  };
})();

const KINDS: ReadonlyMap<string, Kind> = new Map([
  ['limit', bareC],
  ['limit-node', bareNode(false)],
  ['bare-node-ssd', bareNode(true)],
  ['ours', ours],
]);

export class LocalGround implements Ground {
  readonly directory: string;
  readonly available: readonly string[];
  readonly leftOut: readonly string[];
  readonly #peers: LocalPeer[] = [];

  constructor(why: string) {
    if (!existsSync(COMPILER)) throw new Error(`cannot measure: there is no ${COMPILER} for the daemon that is supervised; try: apt-get install gcc libc6-dev`);
    // Root runs nothing from a directory like /tmp.
    this.directory = mkdtempSync(path.join(process.geteuid?.() === 0 ? '/var/lib' : os.homedir(), 'wk-bench-'));
    chmodSync(this.directory, 0o755);
    for (const name of ['daemon', 'bare-supervisor']) {
      const { status, stderr } = spawnSync(COMPILER, ['-O2', '-static', '-o', path.join(this.directory, name), path.join(HERE, `${name}.c`)], { encoding: 'utf8' });
      if (status !== 0) throw new Error(`cannot compile ${name}.c: ${stderr}`);
    }
    const withProgram = existsSync('/usr/sbin/start-stop-daemon');
    this.available = [...KINDS.keys()].filter((name) => name !== 'bare-node-ssd' || withProgram);
    this.leftOut = [why, ...(withProgram ? [] : ['there is no start-stop-daemon'])];
  }

  peer(name: string): Peer {
    const kind = KINDS.get(name);
    if (kind === undefined) throw new Error(`there is no ${name} without the harness`);
    const peer = new LocalPeer(name, kind, path.join(this.directory, name), path.join(this.directory, 'daemon'));
    this.#peers.push(peer);
    return peer;
  }

  async clear(): Promise<void> {
    await Promise.all(this.#peers.map((peer) => peer.tearDown()));
    rmSync(this.directory, { recursive: true, force: true });
  }
}

class LocalPeer implements Peer {
  stamps: Stamps;
  readonly startOne = undefined;
  readonly retryNow = undefined;
  #site: Site;
  #supervisor: ChildProcess | undefined;

  constructor(readonly name: string, private readonly kind: Kind, directory: string, program: string) {
    this.#site = { directory, volatile: existsSync(MEMORY) ? mkdtempSync(path.join(MEMORY, `wk-bench-${name}-`)) : directory, program, stamps: path.join(directory, 'stamps'), names: [] };
    this.stamps = new Stamps(this.#site.stamps);
  }

  async setUp(names: readonly string[]): Promise<void> {
    mkdirSync(this.#site.directory, { mode: 0o755 });
    this.#site = { ...this.#site, names };
    this.stamps = new Stamps(this.#site.stamps);
    if (this.kind.before !== undefined) await this.#run(this.kind.before(this.#site));
    const out = openSync(path.join(this.#site.directory, 'out'), 'a');
    const [program = '', ...argv] = this.kind.supervisor(this.#site);
    this.#supervisor = spawn(program, argv, { cwd: '/', stdio: ['ignore', out, out] });
    closeSync(out);
    const deadline = now() + PATIENCE;
    while (!this.kind.isUp(this.#site)) {
      if (now() > deadline) throw new Error(`${this.name} does not come up: ${readFileSync(path.join(this.#site.directory, 'out'), 'utf8').slice(-1000)}`);
      await sleep(20);
    }
    await sleep(300);
  }

  startAll(): Promise<number> {
    return this.#command('start');
  }

  stopAll(): Promise<number> {
    return this.#command('stop');
  }

  async #command(what: 'start' | 'stop'): Promise<number> {
    const how = this.kind.command(this.#site, what);
    const began = now();
    if (typeof how === 'string') this.#supervisor?.kill(how);
    else await this.#run(how);
    return began;
  }

  #run(argv: readonly string[]): Promise<void> {
    const [program = '', ...rest] = argv;
    const child = spawn(program, rest, { cwd: '/', stdio: 'ignore' });
    return new Promise((resolve, reject) => child.once('error', reject).once('exit', () => resolve()));
  }

  async status(times: number, empty: boolean): Promise<readonly number[] | undefined> {
    const argv = empty ? [process.execPath, '-e', ''] : this.kind.status(this.#site);
    if (argv === undefined) return undefined;
    const took: number[] = [];
    for (let index = 0; index < times; index += 1) {
      const began = now();
      await this.#run(argv);
      took.push(now() - began);
    }
    return took;
  }

  fix(): void {
    writeFileSync(`${this.#site.stamps}.fixed`, '');
  }

  #pids(names: readonly string[]): readonly number[] {
    return names.flatMap((name) => this.stamps.runs.get(name)?.pid ?? []).filter((pid) => isAlive(pid));
  }

  kill(names: readonly string[]): number {
    const pids = this.#pids(names);
    const began = now();
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    return began;
  }

  processes(): readonly number[] {
    return this.#supervisor?.pid === undefined ? [] : [this.#supervisor.pid];
  }

  async tearDown(): Promise<void> {
    this.#supervisor?.kill('SIGKILL');
    this.stamps.close();
    // Also what has not told of itself yet; the program is of this run alone.
    for (const pid of runningProgram(this.#site.program, this.#site.stamps)) process.kill(pid, 'SIGKILL');
    for (const directory of [this.#site.volatile, this.#site.directory]) rmSync(directory, { recursive: true, force: true });
    // A watcher that is killed leaves them behind, and no later one has this directory.
    await removeGroups(runtimeOf(this.#site));
  }
}
