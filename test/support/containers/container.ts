/**
 * A Debian of its own for a test: an overlay over a cached root file system, in
 * namespaces and a control group of its own, with systemd as its process 1 or
 * with no service manager at all. Needs root; see requirements.ts.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';

import { makeCgroups, removeCgroups } from './cgroups.js';
import { runCommand, type CommandOptions, type CommandResult } from './command.js';
import { installTree, REPOSITORY, SOURCE_IN_CONTAINER } from './installed-tree.js';
import { bindReadOnly, mountOverlay, mountTmpfs } from './mounts.js';
import { makeNetworkNamespace } from './network.js';
import type { Recipe } from './recipe.js';
import { destroy, directoryOf, newName } from './registry.js';
import { rootFileSystem } from './root-file-system.js';
import { waitFor } from './wait.js';

const BOOT_TIMEOUT = 60_000;
const HOSTNAME = 'node1';

export interface ContainerOptions {
  readonly recipe: Recipe;
  /** `none`: a process 1 that only reaps; everything else is the test's to start. */
  readonly init: 'systemd' | 'none';
  readonly hostname?: string;
  /** Whether it has a network namespace to be wired up by the test (see network.ts), kept when it boots again, and the right to change it. */
  readonly network?: boolean;
  /** Where this machine's Node is seen; default /usr/bin/node. false: nowhere, it has that of its own packages. */
  readonly node?: string | false;
  /** Whether Watchkeeper is installed as a package would do it. */
  readonly installed?: boolean;
  /** Whether the repository is to be seen there, read-only, at SOURCE_IN_CONTAINER. */
  readonly source?: boolean;
  /** Last changes to the root before it boots. */
  readonly prepare?: (root: string) => void;
}

export interface Container {
  readonly name: string;
  /** Path on the host. /run, /tmp and /dev/shm of the container are not seen below it. */
  readonly root: string;
  /** Pid on the host of its process 1; another one after a reboot. */
  readonly leader: number;
  /** The file of its network namespace, where it was asked for. */
  readonly network: string;
  /** Runs a program inside; ended after `timeout` ms, there too. */
  run(argv: readonly [string, ...string[]], options?: CommandOptions): Promise<CommandResult>;
  /** The same; @throws unless it exits with 0. @returns its stdout */
  must(argv: readonly [string, ...string[]], options?: CommandOptions): Promise<string>;
  /** Parent directories are made. */
  write(path: string, text: string, mode?: number): Promise<void>;
  read(path: string): Promise<string>;
  /** Orderly with systemd; without it as if the power had failed. What lay in /run is gone, its network stays. */
  reboot(): Promise<void>;
  /** `orderly` needs systemd; a cut kills all of it at once. */
  powerOff(how: 'orderly' | 'cut'): Promise<void>;
  powerOn(): Promise<void>;
  /** Kills everything in it and undoes what was made. Never fails half-way silently. */
  stop(): Promise<void>;
}

export async function startContainer(options: ContainerOptions): Promise<Container> {
  const lower = await rootFileSystem(options.recipe);
  const name = newName();
  try {
    const root = prepareRoot(name, lower, options);
    if (options.network === true) makeNetworkNamespace(networkOf(name));
    return await boot(name, root, options);
  } catch (error) {
    destroy(name);
    throw error;
  }
}

async function boot(name: string, root: string, options: ContainerOptions): Promise<Container> {
  const machine = await turnOn(name, root, options);
  const powerOff = async (how: 'orderly' | 'cut'): Promise<void> => {
    if (how === 'orderly' && options.init === 'systemd') await container.run(['/usr/bin/systemctl', 'poweroff']);
    else removeCgroups(name);
    await waitFor(`container ${name} to go down`, BOOT_TIMEOUT, () => hasEnded(machine.nspawn));
  };
  const powerOn = async (): Promise<void> => {
    Object.assign(machine, await turnOn(name, root, options));
    if (options.init === 'systemd') await booted(container);
  };
  const container = handle(name, root, machine, { powerOff, powerOn });
  if (options.init === 'systemd') await booted(container);
  return container;
}

interface Machine {
  nspawn: ChildProcess;
  leader: number;
}

async function turnOn(name: string, root: string, options: ContainerOptions): Promise<Machine> {
  const nspawn = launch(name, root, options);
  return { nspawn, leader: await waitFor(`process 1 of container ${name} (${consoleOf(name)})`, BOOT_TIMEOUT, () => leaderOf(nspawn)) };
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function prepareRoot(name: string, lower: string, options: ContainerOptions): string {
  const directory = directoryOf(name);
  mkdirSync(directory);
  mountTmpfs(directory);
  const [upper, work, root] = ['upper', 'work', 'root'].map((part) => join(directory, part)) as [string, string, string];
  for (const path of [upper, work, root]) mkdirSync(path);
  mountOverlay(root, lower, upper, work);
  writeFileSync(join(root, 'etc/machine-id'), `${randomBytes(16).toString('hex')}\n`);
  writeFileSync(join(root, 'etc/hostname'), `${options.hostname ?? HOSTNAME}\n`);
  if (options.node !== false) {
    const node = join(root, options.node ?? '/usr/bin/node');
    writeFileSync(node, '', { mode: 0o755 });
    bindReadOnly(process.execPath, node);
  }
  if (options.installed === true) installTree(root);
  if (options.source === true) {
    const source = join(root, SOURCE_IN_CONTAINER);
    mkdirSync(source, { recursive: true });
    bindReadOnly(REPOSITORY, source);
  }
  options.prepare?.(root);
  return root;
}

function consoleOf(name: string): string {
  return join(directoryOf(name), 'console');
}

function networkOf(name: string): string {
  return join(directoryOf(name), 'network');
}

/** The shell enters the cgroups before it becomes systemd-nspawn: Node can't do that for a child. */
const ENTER_AND_EXEC = 'while [ "$1" != -- ]; do echo $$ >"$1" || exit; shift; done; shift; exec "$@"';

function launch(name: string, root: string, options: ContainerOptions): ChildProcess {
  const argv = [
    '/usr/bin/systemd-nspawn', '--quiet', `--directory=${root}`, '--register=no', '--keep-unit', `--machine=${name}`,
    `--hostname=${options.hostname ?? HOSTNAME}`, '--resolv-conf=off', '--timezone=off', '--link-journal=no',
    ...(options.network === true ? [`--network-namespace-path=${networkOf(name)}`, '--capability=CAP_NET_ADMIN,CAP_IPC_LOCK'] : ['--private-network']),
    ...(options.init === 'systemd' ? ['--boot'] : ['--as-pid2', '/bin/sleep', 'infinity']),
  ];
  const output = openSync(consoleOf(name), 'a', 0o600);
  try {
    const nspawn = spawn('/bin/sh', ['-c', ENTER_AND_EXEC, 'sh', ...makeCgroups(name), '--', ...argv], {
      stdio: ['ignore', output, output],
      // Of a session of its own, so that Ctrl-C reaches the tests only, which then clean up.
      detached: true,
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8', SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: '1' },
    });
    nspawn.unref();
    return nspawn;
  } finally {
    closeSync(output);
  }
}

/** Its child in another pid namespace; undefined: not there yet. */
function leaderOf(nspawn: ChildProcess): number | undefined {
  if (nspawn.exitCode !== null) throw new Error(`systemd-nspawn ended with ${nspawn.exitCode}`);
  const self = nspawn.pid ?? 0;
  try {
    const children = readFileSync(`/proc/${self}/task/${self}/children`, 'utf8').split(' ').filter((pid) => pid !== '');
    return children.map(Number).find((pid) => isProcessOne(pid, self));
  } catch {
    return undefined; // a process went away while we looked
  }
}

function isProcessOne(pid: number, nspawn: number): boolean {
  if (readlinkSync(`/proc/${pid}/ns/pid`) === readlinkSync('/proc/self/ns/pid')) return false;
  // Until it has become the container's program, it is not yet set up.
  return isStub(pid) || readlinkSync(`/proc/${pid}/exe`) !== readlinkSync(`/proc/${nspawn}/exe`);
}

/** Without systemd, process 1 is systemd-nspawn's own stub, which renames itself. */
function isStub(pid: number): boolean {
  return readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('(sd-stubinit');
}

async function booted(container: Container): Promise<void> {
  let state = '';
  await waitFor(`container ${container.name} to boot`, BOOT_TIMEOUT, async () => {
    const result = await container.run(['/usr/bin/systemctl', 'is-system-running'], { timeout: BOOT_TIMEOUT });
    state = result.stdout.trim();
    return state === 'running' || state === 'degraded';
  }).catch((cause: unknown) => {
    throw new Error(`cannot boot a container: systemd is '${state}'; console: ${readFileSync(consoleOf(container.name), 'utf8').slice(-2000)}`, { cause });
  });
}

/** Renamed into its place, so that a reader inside sees all of it or nothing. */
const WRITE = 'mkdir -p "$2" && umask 077 && cat >"$1.new" && chmod "$3" "$1.new" && mv -f "$1.new" "$1"';

function handle(name: string, root: string, machine: Machine, power: Pick<Container, 'powerOff' | 'powerOn'>): Container {
  const run: Container['run'] = (argv, options = {}) => {
    const timeout = options.timeout ?? 30_000;
    // The inner deadline ends the program; ours is only for an nsenter that hangs.
    const inner = ['/usr/bin/timeout', '--kill-after=1', String(timeout / 1000), ...argv];
    return runCommand(['/usr/bin/nsenter', '-t', String(machine.leader), '-a', '-r', '-w', '--', ...inner], { ...options, timeout: timeout + 3000 });
  };
  const must: Container['must'] = async (argv, options) => {
    const result = await run(argv, options);
    if (result.status !== 0) throw new Error(`${argv.join(' ')} in ${name} ended with ${result.status}: ${result.stderr.slice(-2000)}${result.stdout.slice(-2000)}`);
    return result.stdout;
  };
  return {
    name,
    root,
    get leader() {
      return machine.leader;
    },
    network: networkOf(name),
    run,
    must,
    write: async (path, text, mode = 0o644) => {
      await must(['/bin/sh', '-c', WRITE, 'sh', path, dirname(path), mode.toString(8)], { input: text });
    },
    read: (path) => must(['/usr/bin/cat', path]),
    ...power,
    reboot: async () => {
      await power.powerOff('orderly');
      await power.powerOn();
    },
    stop: async () => {
      const { nspawn } = machine;
      // Nothing else may keep this process until then.
      nspawn.ref();
      const ended = hasEnded(nspawn) ? Promise.resolve() : new Promise((resolve) => nspawn.once('exit', resolve));
      destroy(name);
      await ended;
    },
  };
}
