/** What a storm rages over: daemons, their configuration, and small file systems of their own. The same in both worlds. */
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FIXTURES = fileURLToPath(new URL('fixtures/', import.meta.url));
/** Every so many-th daemon writes a pid file, runs as nobody, requires the one before, is looked at, … */
const EVERY = { pidFile: 3, nobody: 4, requires: 5, health: 6, slow: 7 } as const;

function isEvery(index: number, kind: keyof typeof EVERY): boolean {
  return index % EVERY[kind] === EVERY[kind] - 1;
}

export const RESTART = { immediateRestarts: 2, baseDelay: '100ms', maxDelay: '1s', stableAfter: '2s', intensity: 8, period: '10s', slowRetryDelay: '3s' };

export interface SitePaths {
  readonly state: string;
  readonly runtime: string;
  /** Of a restart owner that is not us, the units' directory. */
  readonly log: string;
}

export function run(program: string, ...args: string[]): void {
  const result = spawnSync(program, args, { encoding: 'utf8', timeout: 60_000 });
  if (result.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${result.stderr}${String(result.error ?? '')}`);
}

/** A small file system of its own. */
export function mountSmall(directory: string, size: string): void {
  run('/usr/bin/mount', '-t', 'tmpfs', '-o', `size=${size},mode=755`, 'watchkeeper-chaos', directory);
}

/**
 * The same file system read-only, to be mounted over itself at once. What is open
 * for writing stays so, as with a file system that turned read-only by an error.
 */
export function mountReadOnlyTwin(directory: string): void {
  const twin = readOnlyTwin(directory);
  mkdirSync(twin, { recursive: true });
  run('/usr/bin/mount', '--bind', directory, twin);
  run('/usr/bin/mount', '-o', 'remount,bind,ro', twin);
}

export function readOnlyTwin(directory: string): string {
  return `${directory}-read-only`;
}

/** What a watcher that ended in good order should have taken with it. */
export function filesLeft(directories: readonly string[]): readonly string[] {
  return directories.flatMap(filesBelow).filter((path) => /\.tmp$|\.sock$|control\.token|\/(run|run\/watchkeeper)\/(watcher|state\/[^/]*)$/.test(path)).map((path) => `file ${path}`);
}

function filesBelow(directory: string): readonly string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? filesBelow(join(directory, entry.name)) : [join(directory, entry.name)]));
}

export class Site {
  readonly names: readonly string[];
  readonly program: string;
  readonly strangerProgram: string;
  readonly requires: ReadonlyMap<string, string>;
  /** With a health check. */
  readonly checked: readonly string[];

  /** @param directory of its own, on a file system that no fault hits; @param observations the log of the storm */
  constructor(readonly directory: string, readonly paths: SitePaths, readonly observations: string, count: number) {
    this.names = Array.from({ length: count }, (_, index) => `d${index}`);
    this.requires = new Map(this.names.filter((_, index) => index % EVERY.requires === 1).map((name) => [name, `d${Number(name.slice(1)) - 1}`]));
    this.checked = this.names.filter((_, index) => isEvery(index, 'health'));
    this.program = join(directory, 'daemon');
    this.strangerProgram = join(directory, 'stranger');
    for (const program of ['daemon', 'stranger']) {
      copyFileSync(join(FIXTURES, program), join(directory, program));
      chmodSync(join(directory, program), 0o755);
    }
    writeFileSync(observations, '', { flag: 'a' });
    // Daemons that run as nobody tell it things, too.
    chmodSync(observations, 0o666);
    for (const name of this.names) {
      mkdirSync(this.directoryOf(name), { recursive: true });
      chmodSync(this.directoryOf(name), 0o777);
    }
  }

  directoryOf(name: string): string {
    return join(this.directory, 'd', name);
  }

  /** Files that claim which process is this daemon's. */
  pidFiles(name: string): readonly string[] {
    const own = join(this.directoryOf(name), 'pid');
    return [join(this.paths.runtime, 'pids', name), ...(existsSync(own) ? [own] : [])];
  }

  /** As in the configuration file. */
  daemons(): Readonly<Record<string, Record<string, unknown>>> {
    return Object.fromEntries(this.names.map((name, index) => [name, this.#daemon(name, index)]));
  }

  /** Its runs are records of their own, written while daemons come and go. */
  tasks(): Readonly<Record<string, Record<string, unknown>>> {
    return { tick: { argv: ['/usr/bin/true'], schedule: '*/2 * * * * *' } };
  }

  #daemon(name: string, index: number): Record<string, unknown> {
    const directory = this.directoryOf(name);
    const every = (kind: keyof typeof EVERY): boolean => isEvery(index, kind);
    const pidFile = join(directory, 'pid');
    const required = this.requires.get(name);
    const words = [`chaos=${name}`, `dir=${directory}`, `log=${this.observations}`];
    if (every('pidFile')) words.push(`pid-file=${pidFile}`);
    if (every('slow')) words.push('ready-after=300', 'stop-takes=200');
    return {
      executable: this.program,
      arguments: words,
      readiness: { kind: 'unix', path: join(directory, 's') },
      startTimeout: '10s',
      stopTimeout: '3s',
      restart: RESTART,
      ...(every('pidFile') ? { pidFile, pidFileWriter: 'daemon' } : {}),
      ...(every('nobody') ? { user: 'nobody' } : {}),
      ...(required === undefined ? {} : { requires: [required] }),
      ...(every('health') ? { health: { alive: { kind: 'liveness', by: 'unix', path: join(directory, 's'), interval: '1s', timeout: '1s', grace: '1s', failureThreshold: 3 } } } : {}),
    };
  }
}
