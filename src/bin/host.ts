/**
 * Configuration and adapters of this machine, each loaded and made once, when it
 * is first asked for: a command pays only for what it uses.
 */
import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';

import { ConfigurationCache } from '../adapters/config/cache.js';
import type { Configuration, LoadedConfiguration } from '../adapters/config/configuration.js';
import { configurationFile, type Environment } from '../adapters/config/location.js';
import type { HostAccounts } from '../adapters/host/user.js';
import type { DirectParts } from '../adapters/sysv/assemble.js';
import type { BusSystemctl } from '../adapters/systemd/bus-systemctl.js';
import type { Outside } from '../adapters/systemd/outside.js';
import type { Systemctl } from '../adapters/systemd/systemctl.js';
import type { Trust } from '../adapters/sysv/trusted-path.js';
import type { Catalogue } from '../core/catalogue.js';
import { WatchkeeperError } from '../core/errors.js';
import { SANDBOX_VARIABLE } from '../core/watcher-sandbox.js';
import type { Clock } from '../ports/clock.js';
import type { Locks } from '../ports/locks.js';
import type { HookPrograms } from '../ports/hook-programs.js';
import type { ProcessIdentity } from '../core/process-identity.js';
import type { Runner } from '../ports/runner.js';
import type { Detection, ServiceManager } from '../ports/service-manager.js';
import type { WatcherClient } from '../ports/watcher-client.js';
import { bundleMark } from './bundle-mark.js';
import { demoOwners, loadDemo } from './demo.js';
import { isDemo } from './demo-choice.js';
import { LiveGroup } from './live-group.js';

export class Host {
  #configuration: Promise<Configuration> | undefined;
  #accounts: Promise<HostAccounts> | undefined;
  #clock: Promise<Clock> | undefined;
  #runner: Promise<Runner> | undefined;
  #siteRunner: Promise<Runner> | undefined;
  #outside: Promise<Outside | undefined> | undefined;
  #manager: Promise<ServiceManager> | undefined;
  #systemctl: Promise<Systemctl> | undefined;
  #bus: BusSystemctl | undefined;
  #keepsBus = false;
  #group: LiveGroup | undefined;

  /** @param option value of --config */
  constructor(
    private readonly option: string | undefined,
    private readonly environment: Environment,
  ) {}

  /** @param option another caller's value of --config; undefined: none. Whether ours is the file that it means; of what is not absolute nobody but he knows */
  means(option: string | undefined): boolean {
    if (option !== undefined && !isAbsolute(option)) return false;
    return configurationFile(option, {}) === configurationFile(this.option, this.environment) && !isDemo(this.option, this.environment);
  }

  /** @throws WatchkeeperError CONFIG_INVALID, CONFIG_UNREADABLE */
  configuration(): Promise<Configuration> {
    return (this.#configuration ??= configurationOf(this.option, this.environment));
  }

  /** From its files, with where each value comes from. @throws as configuration() */
  loadedConfiguration(): Promise<LoadedConfiguration> {
    return loadFromFiles(this.option, this.environment);
  }

  /** As it was understood last, by whatever program. undefined: nobody knows. */
  lastConfiguration(): Configuration | undefined {
    return isDemo(this.option, this.environment) ? undefined : cacheFor(this.option, this.environment).last();
  }

  /** From now on this one is in force. */
  assume(configuration: Configuration): void {
    this.#configuration = Promise.resolve(configuration);
    this.#group?.become(configuration.catalogue.group);
  }

  accounts(): Promise<HostAccounts> {
    return (this.#accounts ??= import('../adapters/host/user.js').then(({ HostAccounts }) => new HostAccounts()));
  }

  clock(): Promise<Clock> {
    return (this.#clock ??= import('../adapters/host/clock.js').then(({ HostClock }) => new HostClock()));
  }

  runner(): Promise<Runner> {
    return (this.#runner ??= import('../adapters/host/runner.js').then(
      async ({ HostRunner }) => new HostRunner(await this.clock(), await this.accounts()),
    ));
  }

  /** For programs of the site: hooks, tasks, checks, sources of roles. They do not inherit our unit's sandbox. */
  siteRunner(): Promise<Runner> {
    return (this.#siteRunner ??= this.#makeSiteRunner(false));
  }

  /** As siteRunner(), for what runs every few seconds. */
  frequentRunner(): Promise<Runner> {
    return this.#makeSiteRunner(true);
  }

  /** undefined: we are in no sandbox. */
  outside(): Promise<Outside | undefined> {
    return (this.#outside ??= this.#makeOutside());
  }

  async locks(): Promise<Locks> {
    const { settings } = await this.configuration();
    const { HostLocks } = await import('../adapters/host/locks.js');
    return new HostLocks(settings.paths.runtime, await this.clock());
  }

  async self(): Promise<ProcessIdentity> {
    const { bootId, readStat } = await import('../adapters/host/proc.js');
    const startTicks = readStat(process.pid)?.startTicks;
    if (startTicks === undefined) throw new Error('/proc does not know this process');
    return { pid: process.pid, startTicks, bootId: bootId() };
  }

  /** @throws WatchkeeperError WATCHER_SILENT, STATE_UNWRITABLE (no permission) */
  async watcher(timeout: number): Promise<WatcherClient | undefined> {
    const { settings } = await this.configuration();
    const { connectWatcher } = await import('../adapters/control-socket/client.js');
    return connectWatcher(settings.paths.runtime, timeout);
  }

  systemctl(): Promise<Systemctl> {
    return (this.#systemctl ??= this.#makeSystemctl());
  }

  /** For a process that lives long, and until close(): systemd is asked over the bus. To be said first. */
  keepBus(): void {
    this.#keepsBus = true;
  }

  close(): void {
    this.#bus?.close();
  }

  /** @param explicit whether an operator asks: only then a start limit that was hit is cleared first */
  manager(kind: Detection['kind'], explicit: boolean): Promise<ServiceManager> {
    return (this.#manager ??= this.#makeManager(kind, explicit));
  }

  /** Where daemons write without systemd. That it can't be made stops no stop; a start fails with its own words. */
  async makeOutputDirectory(note: (line: string) => void): Promise<void> {
    const { log } = (await this.configuration()).settings.paths;
    if (existsSync(log)) return;
    const { ensureDirectory } = await import('../adapters/state/directories.js');
    try {
      ensureDirectory(log, 0o755);
    } catch (error) {
      if (!(error instanceof WatchkeeperError)) throw error;
      note(error.message);
    }
  }

  /** What keeps daemons without systemd, the watcher's launcher and process table included. */
  async directParts(kind: 'start-stop-daemon' | 'built-in'): Promise<DirectParts> {
    const { catalogue, settings } = await this.configuration();
    const { assembleDirect } = await import('../adapters/sysv/assemble.js');
    return assembleDirect({ kind, group: this.#liveGroup(catalogue), paths: settings.paths, clock: await this.clock(), trust: this.trust() });
  }

  async hookPrograms(): Promise<HookPrograms> {
    const { HostHookPrograms } = await import('../adapters/hooks/programs.js');
    return new HostHookPrograms(this.trust());
  }

  #liveGroup({ group }: Catalogue): LiveGroup {
    return (this.#group ??= new LiveGroup(group));
  }

  async #makeOutside(): Promise<Outside | undefined> {
    if (this.environment[SANDBOX_VARIABLE] === undefined) return undefined;
    const { runtime } = (await this.configuration()).settings.paths;
    const [{ Outside }, { ensureDirectory }] = await Promise.all([import('../adapters/systemd/outside.js'), import('../adapters/state/directories.js')]);
    ensureDirectory(runtime, 0o755);
    return new Outside(join(runtime, 'outside'));
  }

  async #makeSiteRunner(isFrequent: boolean): Promise<Runner> {
    const [runner, outside] = await Promise.all([this.runner(), this.outside()]);
    if (outside === undefined) return runner;
    const [{ OutsideRunner }, { Systemctl }] = await Promise.all([import('../adapters/systemd/outside-runner.js'), import('../adapters/systemd/systemctl.js')]);
    return new OutsideRunner({ inner: runner, outside, accounts: await this.accounts(), systemctl: new Systemctl(runner), isFrequent });
  }

  async #makeSystemctl(): Promise<Systemctl> {
    const runner = await this.runner();
    if (!this.#keepsBus) return new (await import('../adapters/systemd/systemctl.js')).Systemctl(runner);
    const { BusSystemctl } = await import('../adapters/systemd/bus-systemctl.js');
    this.#bus = new BusSystemctl(runner, await this.clock());
    return this.#bus;
  }

  async #makeManager(kind: Detection['kind'], explicit: boolean): Promise<ServiceManager> {
    if (kind === 'fake') throw new Error('the fake service manager is for tests');
    if (kind !== 'systemd') return (await this.directParts(kind)).manager;
    const { catalogue, settings } = await this.configuration();
    const [{ SystemdManager }, { OneshotArguments }, { HostReadiness }, { processes, runner }, frequentRunner, clock] = await Promise.all([
      import('../adapters/systemd/manager.js'),
      import('../adapters/systemd/oneshot.js'),
      import('../adapters/sysv/readiness.js'),
      this.directParts('built-in'),
      this.frequentRunner(),
      this.clock(),
    ]);
    // Its programs are the site's, and asked in any start that the watcher carries out.
    const readiness = new HostReadiness(processes, frequentRunner, clock, this.trust());
    const oneshot = new OneshotArguments(settings.paths.runtime, await this.self());
    return new SystemdManager({ group: this.#liveGroup(catalogue), runner, processes, readiness, clock, oneshot, explicit, systemctl: await this.systemctl() });
  }

  /** Whose programs root runs besides its own. */
  trust(): Trust {
    const owners = isDemo(this.option, this.environment) ? demoOwners() : [];
    return { owners, sticky: owners.length > 0 };
  }
}

async function configurationOf(option: string | undefined, environment: Environment): Promise<Configuration> {
  if (isDemo(option, environment)) return loadDemo(environment);
  return cacheFor(option, environment).read() ?? loadFromFiles(option, environment);
}

/** From its files, and kept for the next program. */
async function loadFromFiles(option: string | undefined, environment: Environment): Promise<LoadedConfiguration> {
  if (isDemo(option, environment)) return loadDemo(environment);
  const { loadWithTexts } = await import('../adapters/config/load.js');
  const { configuration, texts } = loadWithTexts(configurationFile(option, environment), environment);
  if (configuration.tasks.some(({ schedule }) => schedule !== undefined)) {
    const { checkSchedules } = await import('../adapters/cron/check-schedules.js');
    checkSchedules(configuration);
  }
  await cacheFor(option, environment).write(configuration, texts);
  return configuration;
}

function cacheFor(option: string | undefined, environment: Environment): ConfigurationCache {
  return new ConfigurationCache(configurationFile(option, environment), environment, bundleMark(import.meta.filename));
}
