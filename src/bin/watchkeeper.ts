/** `watchkeeper`: its means, each made when a command first asks for it. */
import { userInfo } from 'node:os';

import type { Means, RunOptions } from '../cli/watchkeeper/command.js';
import { runWatchkeeper } from '../cli/watchkeeper/run.js';
import { asciiOnly, wantsUtf8 } from '../core/printable.js';
import { wantsColour } from '../core/terminal.js';
import type { UnitInstaller } from '../ports/unit-installer.js';
import type { StatusAnswer } from '../ports/watcher-client.js';
import type { Configuration } from '../adapters/config/load.js';
import { requireDaemon } from '../core/catalogue.js';
import type { DaemonSpec } from '../core/daemon.js';
import { withheldReason } from '../core/role.js';
import { askRoles } from './compose-roles.js';
import { isDemo } from './demo.js';
import { WatchkeeperError } from '../core/errors.js';
import type { PauseLease } from '../core/pause.js';
import { ControlMeans } from './control.js';
import { Host } from './host.js';
import { version } from './version.js';

const NO_WARNINGS: ReadonlyMap<string, readonly string[]> = new Map();

/** @returns the exit status */
export function watchkeeper(argv: readonly string[]): Promise<number> {
  const fit = wantsUtf8(process.env) ? (line: string) => line : asciiOnly;
  const output = {
    stdout: (line: string) => void process.stdout.write(`${fit(line)}\n`),
    stderr: (line: string) => void process.stderr.write(`${fit(line)}\n`),
  };
  return runWatchkeeper(argv, output, means());
}

function means(): Means {
  const isTerminal = process.stdout.isTTY;
  return {
    get version() {
      return version();
    },
    terminal: { isTerminal, colour: wantsColour(process.env, isTerminal) },
    client: async (config) => {
      const host = new Host(config, process.env);
      const { settings } = await host.configuration();
      return host.watcher(settings.controlTimeout);
    },
    caller: `uid ${process.getuid?.() ?? '?'}, pid ${process.pid}`,
    owner: process.env['SUDO_USER'] ?? userInfo().username,
    now: () => Date.now(),
    control: (config, by) => new ControlMeans(new Host(config, process.env), complain).control(by),
    pauses: (config, change) => pauses(new Host(config, process.env), change),
    ownStatus: (config, names) => ownStatus(new Host(config, process.env), names),
    ownTasks: async (config) => (await import('./compose-tasks.js')).readTasks(new Host(config, process.env), complain),
    testHooks: async (config, event, subject) => (await import('./test-hooks.js')).testHooks(new Host(config, process.env), event, subject),
    units: (root) => units(root),
    run: (options) => run(options),
    configuration: (config) => new Host(config, process.env).configuration(),
  };
}

async function units(root: string): Promise<UnitInstaller> {
  const { HostUnitInstaller } = await import('../adapters/systemd/unit-installer.js');
  return new HostUnitInstaller(root, await new Host(undefined, process.env).runner());
}

function complain(line: string): void {
  process.stderr.write(`watchkeeper: ${line}\n`);
}

async function pauses(host: Host, change?: (leases: readonly PauseLease[]) => readonly PauseLease[]): Promise<readonly PauseLease[]> {
  const { settings } = await host.configuration();
  const { pauseStore } = await import('../adapters/state/pauses.js');
  const store = pauseStore(settings.paths.state, settings.pauseFile, complain);
  if (change === undefined) return store.read();
  const result = await (await host.locks()).acquire('pauses', { timeout: settings.lockTimeout, purpose: 'watchkeeper pause' });
  if (!result.ok) throw new WatchkeeperError('LOCKED', 'cannot change the pauses', `${result.heldBy} is at them`, 'the same again');
  try {
    store.write(change(store.read()));
    return store.read();
  } finally {
    result.lock.release();
  }
}

async function ownStatus(host: Host, names: readonly string[]): Promise<StatusAnswer> {
  const configuration = await host.configuration();
  const [{ directStatus }, { Wishes }, { desiredStateStore }, { detect }, clock] = await Promise.all([
    import('../app/direct-status.js'),
    import('../app/wishes.js'),
    import('../adapters/state/desired-state.js'),
    import('./service-manager.js'),
    host.clock(),
  ]);
  const specs = select(configuration, names);
  const { kind } = await detect({ ...configuration, runner: await host.runner() });
  const manager = await host.manager(kind, false);
  const store = desiredStateStore(configuration.paths.state, complain);
  const wishes = new Wishes(store, clock, (await host.self()).bootId);
  const { group } = configuration.catalogue;
  const [observations, warnings, roles] = await Promise.all([
    manager.observe(specs),
    kind === 'systemd' ? drift(host, configuration, specs) : NO_WARNINGS,
    askRoles(configuration, host),
  ]);
  const daemons = observations.flatMap((observation, index) => {
    const spec = specs[index];
    if (spec === undefined) return [];
    const { name, ...rest } = directStatus(spec, observation, {
      wanted: wishes.now(spec),
      kind,
      now: clock.monotonic(),
      notMaster: group.notMasterExitStatus,
      withheld: withheldReason(spec, group.roles, (role) => roles.answer(role)),
      warnings: warnings.get(spec.name) ?? [],
    });
    return [[name, rest] as const];
  });
  return { schemaVersion: 1, watcher: null, roles: roles.list(), daemons: Object.fromEntries(daemons) };
}

/** What a watcher would warn of; that it can't be found out hides no status. */
async function drift(host: Host, { catalogue }: Configuration, specs: readonly DaemonSpec[]): Promise<ReadonlyMap<string, readonly string[]>> {
  const [{ SystemdDriftInspector }, { Systemctl }, runner] = await Promise.all([
    import('../adapters/systemd/drift-inspector.js'),
    import('../adapters/systemd/systemctl.js'),
    host.runner(),
  ]);
  try {
    return await new SystemdDriftInspector(new Systemctl(runner), () => catalogue).inspect(specs);
  } catch (error) {
    complain(`cannot compare the units with the catalogue: ${error instanceof Error ? error.message : String(error)}`);
    return NO_WARNINGS;
  }
}

function select({ catalogue }: Configuration, names: readonly string[]): Configuration['catalogue']['daemons'] {
  if (names.length === 0) return catalogue.daemons;
  return names.map((name) => requireDaemon(catalogue, name));
}

/** A clone's front asks for the demo by the environment, `--demo` does so by name. */
async function run(given: RunOptions): Promise<number> {
  const environment = given.demo ? { ...process.env, WATCHKEEPER_DEMO: '1' } : process.env;
  const demo = isDemo(given.config, environment);
  const isTerminal = process.stdout.isTTY;
  const options: RunOptions = { ...given, demo, table: isTerminal && (given.table || demo), stopOnExit: given.stopOnExit || demo };
  const host = new Host(options.config, environment);
  const { runWatcher } = await import('./run-watcher.js');
  return runWatcher({
    host,
    options,
    version: version(),
    terminal: { isTerminal, colour: wantsColour(process.env, isTerminal) },
    reload: () => new Host(options.config, environment).configuration(),
  });
}
