/** `watchkeeper`: its means, each made when a command first asks for it. */
import { userInfo } from 'node:os';

import type { Means, RunOptions, Terminal } from '../cli/watchkeeper/command.js';
import { runWatchkeeper } from '../cli/watchkeeper/run.js';
import { asciiOnly, wantsUtf8 } from '../core/printable.js';
import { wantsColour } from '../core/terminal.js';
import type { UnitInstaller } from '../ports/unit-installer.js';
import { isDemo } from './demo-choice.js';
import { WatchkeeperError } from '../core/errors.js';
import type { PauseLease } from '../core/pause.js';
import { ControlMeans } from './control.js';
import { Host } from './host.js';
import { version } from './version.js';

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
  return {
    get version() {
      return version();
    },
    terminal: terminal(),
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
    ownStatus: async (config, names) => (await import('./own-status.js')).ownStatus(new Host(config, process.env), names, complain),
    details: async (config, name) => (await import('./own-status.js')).details(new Host(config, process.env), name, complain),
    examine: async (config, names) => (await import('./doctor.js')).examine(new Host(config, process.env), names, complain),
    ownEvents: async (config) => (await import('./inspection.js')).ownEvents(new Host(config, process.env)),
    history: async (config, from, to) => (await import('./inspection.js')).readHistory(new Host(config, process.env), from, to),
    logs: async (config, name, options, sink) => {
      const host = new Host(config, process.env);
      const [{ showLogs }, { detection }] = await Promise.all([import('./inspection.js'), import('./own-status.js')]);
      return showLogs(host, () => detection(host), name, options, sink);
    },
    ownTasks: async (config) => (await import('./compose-tasks.js')).readTasks(new Host(config, process.env), complain),
    testHooks: async (config, event, subject) => (await import('./test-hooks.js')).testHooks(new Host(config, process.env), event, subject),
    units: (root) => units(root),
    clusterHoldings: async (config, names) => (await import('./cluster-holdings.js')).holdings(new Host(config, process.env), names, complain),
    clusterRelease: async (config, names, force) => (await import('./cluster-holdings.js')).release(new Host(config, process.env), names, force, complain),
    clusterConfiguration: async (runtime) => (await import('../adapters/pacemaker/cib.js')).clusterConfiguration(await new Host(undefined, process.env).runner(), runtime),
    clusterAgent: async (agent, action) => (await import('./cluster-agents.js')).clusterAgent(agent, action, process.env, complain),
    run: (options) => run(options),
    configuration: (config) => new Host(config, process.env).loadedConfiguration(),
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
  if (!result.ok) throw new WatchkeeperError('LOCKED', 'cannot change the pauses', `${result.heldBy} is changing them`, 'the same again in a moment');
  try {
    store.write(change(store.read()));
    return store.read();
  } finally {
    result.lock.release();
  }
}

function terminal(): Terminal {
  const { isTTY: isTerminal, columns } = process.stdout;
  return { isTerminal, colour: wantsColour(process.env, isTerminal), utf8: wantsUtf8(process.env), columns: isTerminal && columns > 0 ? columns : undefined };
}

/** A clone's front asks for the demo by the environment, `--demo` does so by name. */
async function run(given: RunOptions): Promise<number> {
  const environment = given.demo ? { ...process.env, WATCHKEEPER_DEMO: '1' } : process.env;
  const demo = isDemo(given.config, environment);
  const options: RunOptions = { ...given, demo, table: process.stdout.isTTY && (given.table || demo), stopOnExit: given.stopOnExit || demo };
  const host = new Host(options.config, environment);
  const [{ runWatcher }, { boundHeapGrowth }] = await Promise.all([import('./run-watcher.js'), import('../adapters/host/heap.js')]);
  boundHeapGrowth();
  return runWatcher({
    host,
    options,
    version: version(),
    terminal: terminal(),
    reload: () => new Host(options.config, environment).configuration(),
  });
}
