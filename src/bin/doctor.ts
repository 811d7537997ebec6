/** Gathers what core/doctor.ts judges by. Looks; changes nothing. */
import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

import type { Configuration } from '../adapters/config/configuration.js';
import type { DirectParts } from '../adapters/sysv/assemble.js';
import { INIT_SCRIPT, initScriptRuntime } from '../adapters/sysv/init-script.js';
import type { Examination } from '../cli/watchkeeper/command.js';
import { requireDaemon } from '../core/catalogue.js';
import { isUp, type DaemonStatus } from '../core/daemon-status.js';
import type { DaemonSpec } from '../core/daemon.js';
import type { DaemonFacts, MachineFacts } from '../core/doctor-facts.js';
import { WatchkeeperError } from '../core/errors.js';
import { concerns, isActive, type PauseLease } from '../core/pause.js';
import type { ProcessIdentity } from '../core/process-identity.js';
import type { UnitOnDisk } from '../core/unit-drift.js';
import type { Detection } from '../ports/service-manager.js';
import type { StatusAnswer } from '../ports/watcher-client.js';
import type { Host } from './host.js';
import { withRequired } from './inspection.js';
import { detection as detect, ownStatus } from './own-status.js';

const WATCHER_UNIT = 'watchkeeper.service';
/** ms for one look at whether a daemon answers */
const LOOK_TIMEOUT = 5000;

/** @throws WatchkeeperError UNKNOWN_DAEMON, CONFIG_INVALID, CONFIG_UNREADABLE, STATE_UNWRITABLE (no permission) */
export async function examine(host: Host, asked: readonly string[], complain: (line: string) => void): Promise<Examination> {
  const configuration = await host.configuration();
  const { catalogue, settings } = configuration;
  for (const name of asked) requireDaemon(catalogue, name);
  const names = catalogue.daemons.map(({ name }) => name).filter((name) => asked.length === 0 || asked.includes(name));
  const looked = new Set(names.flatMap((name) => withRequired(configuration, name)));
  const specs = catalogue.daemons.filter(({ name }) => looked.has(name));

  const { answer, silent } = await watcherAnswer(host, settings.controlTimeout);
  // A watcher that has not read them yet knows nothing of new daemons.
  const unknown = specs.filter(({ name }) => answer?.daemons[name] === undefined).map(({ name }) => name);
  const own = unknown.length === 0 && answer !== undefined ? undefined : await ownStatus(host, unknown, complain);
  const detection = answer?.watcher?.serviceManager ?? own?.serviceManager ?? (await detect(host));
  const statuses = { ...own?.daemons, ...answer?.daemons };
  const gather = await gatherer(host, configuration, detection, specs, complain);
  const daemons = await Promise.all(
    specs.flatMap((spec) => {
      const status = statuses[spec.name];
      return status === undefined ? [] : [gather(spec, { name: spec.name, ...status })];
    }),
  );
  const ownUnit = await watcherUnit(host);
  const initScript = existsSync(INIT_SCRIPT) ? INIT_SCRIPT : undefined;
  const looks = initScript === undefined || ownUnit !== undefined ? settings.paths.runtime : initScriptRuntime();
  const machine: MachineFacts = {
    catalogue,
    serviceManager: detection,
    watcher: answer?.watcher ?? null,
    silent,
    watcherPid: silent === undefined ? undefined : await silentPid(host, settings.paths.runtime),
    watcherUnit: ownUnit,
    sandboxLeft: ownUnit === undefined ? undefined : await sandboxLeft(),
    initScript,
    astray: looks === settings.paths.runtime ? undefined : { looks, has: settings.paths.runtime },
    roles: answer?.roles ?? own?.roles ?? [],
    unwritable: [settings.paths.state, settings.paths.runtime].map(unwritable).find((problem) => problem !== undefined),
  };
  return { machine, daemons, names };
}

async function watcherAnswer(host: Host, timeout: number): Promise<{ answer?: StatusAnswer; silent?: string }> {
  try {
    const client = await host.watcher(timeout);
    return client === undefined ? {} : { answer: await client.statusAnswer([]) };
  } catch (error) {
    if (!(error instanceof WatchkeeperError)) throw error;
    if (error.code === 'WATCHER_SILENT') return { silent: error.message };
    // It has ended since it was found.
    if (error.code === 'WATCHER_ABSENT') return {};
    throw error;
  }
}

type Gather = (spec: DaemonSpec, status: DaemonStatus) => Promise<DaemonFacts>;

async function gatherer(host: Host, configuration: Configuration, detection: Detection, specs: readonly DaemonSpec[], complain: (line: string) => void): Promise<Gather> {
  const { catalogue, settings } = configuration;
  const [needs, environments, { addressHolders }, { readStat }, { firstUnmet }, { pauseStore }, parts, clock] = await Promise.all([
    import('../adapters/sysv/start-needs.js'),
    import('../adapters/sysv/environment.js'),
    import('../adapters/host/address-holders.js'),
    import('../adapters/host/proc.js'),
    import('../adapters/host/start-condition.js'),
    import('../adapters/state/pauses.js'),
    host.directParts('built-in'),
    host.clock(),
  ]);
  const bySystemd = detection.kind === 'systemd' ? await unitsOf(host, specs) : undefined;
  const leases = pauseStore(settings.paths.state, settings.pauseFile, complain).read();
  const file = catalogue.group.environmentFile;
  const read = file === undefined ? undefined : environments.readEnvironmentFile(file);
  const environment = (spec: DaemonSpec): string | undefined => {
    if (read === undefined) return undefined;
    if (!read.ok) return read.reason;
    const words = environments.variableArguments(spec, read.variables);
    return words.ok ? undefined : `${file ?? ''}: ${words.reason}`;
  };
  return async (spec, status) => {
    const process = status.pid === null ? undefined : parts.processes.identify(status.pid);
    const now = clock.wall();
    return {
      spec,
      status,
      pauses: leases.filter((lease: PauseLease) => isActive(lease, now) && concerns(lease, spec.name)),
      unit: bySystemd?.units.get(spec.name),
      startLimit: bySystemd?.limited.has(spec.name) === true,
      executable: needs.executableProblem(spec.executable, bySystemd === undefined ? host.trust() : undefined),
      missingAccount: needs.missingAccount(spec, parts.accounts),
      hasWorkingDirectory: statSync(spec.workingDirectory, { throwIfNoEntry: false })?.isDirectory() === true,
      environment: environment(spec),
      unmet: firstUnmet(spec.conditions),
      strayPidFile: await strayPidFile(spec, status, parts),
      holders: process === undefined ? addressHolders(spec) : [],
      answer: process === undefined || !isUp(status.observed) || status.observed === 'starting' ? undefined : await look(spec, status, process, parts),
      halted: status.pid !== null && readStat(status.pid)?.state === 'T',
    };
  };
}

/** Under systemd: where the units were read from, and which of them the start limit holds back. */
async function unitsOf(host: Host, specs: readonly DaemonSpec[]): Promise<{ units: ReadonlyMap<string, UnitOnDisk>; limited: ReadonlySet<string> }> {
  const [{ readUnits }, { Systemctl }, { hitStartLimit }, runner] = await Promise.all([
    import('../adapters/systemd/drift-inspector.js'),
    import('../adapters/systemd/systemctl.js'),
    import('../adapters/systemd/vocabulary.js'),
    host.runner(),
  ]);
  const systemctl = new Systemctl(runner);
  const [files, facts] = await Promise.all([readUnits(systemctl, specs), systemctl.show(specs.map(({ unit }) => unit))]);
  const units = new Map(specs.flatMap((spec, index) => (files[index] === undefined ? [] : [[spec.name, files[index]] as const])));
  return { units, limited: new Set(specs.filter((spec) => hitStartLimit(facts.of(spec.unit), spec.neverRetryExitStatuses)).map(({ name }) => name)) };
}

async function strayPidFile(spec: DaemonSpec, status: DaemonStatus, { processes }: DirectParts): Promise<string | undefined> {
  if (spec.pidFile === undefined) return undefined;
  const { readPidFile } = await import('../adapters/sysv/pid-file.js');
  const content = readPidFile(spec.pidFile);
  if (content.kind !== 'pid' || content.pid === status.pid) return undefined;
  const verdict = processes.prove(spec, content.pid, content.writtenAt);
  return verdict.kind === 'foreign' ? verdict.reason : undefined;
}

async function look(spec: DaemonSpec, { uptime, ready, reason }: DaemonStatus, main: ProcessIdentity, { readiness }: DirectParts): Promise<DaemonFacts['answer']> {
  // Only who listens to the daemon all the time heard what it said.
  if (spec.readiness.kind === 'notify') return { ready, reason };
  return readiness.check(spec, uptime ?? 0, LOOK_TIMEOUT, main);
}

async function watcherUnit(host: Host): Promise<UnitOnDisk | undefined> {
  const { SYSTEMD_RUNS } = await import('../adapters/systemd/detect.js');
  if (!existsSync(SYSTEMD_RUNS)) return undefined;
  const [{ readUnits }, { Systemctl, SystemdSilent }] = await Promise.all([import('../adapters/systemd/drift-inspector.js'), import('../adapters/systemd/systemctl.js')]);
  try {
    return (await readUnits(new Systemctl(await host.runner()), [{ unit: WATCHER_UNIT }]))[0];
  } catch (error) {
    // Then nobody can be told to start it by that way.
    if (error instanceof SystemdSilent) return undefined;
    throw error;
  }
}

async function sandboxLeft(): Promise<string | undefined> {
  const [{ readSandboxDropIn }, { sandboxLeftFor }] = await Promise.all([import('../adapters/systemd/sandbox-drop-in.js'), import('../core/watcher-sandbox.js')]);
  return sandboxLeftFor(readSandboxDropIn(WATCHER_UNIT) ?? '');
}

async function silentPid(host: Host, runtime: string): Promise<number | undefined> {
  const { lastWatcher } = await import('../adapters/state/state-board.js');
  const watcher = lastWatcher(runtime);
  const { processes } = await host.directParts('built-in');
  return watcher !== undefined && processes.isAlive(watcher) ? watcher.pid : undefined;
}

/** Of a directory that is there or can be made; for root only a file system can say no. */
function unwritable(path: string): MachineFacts['unwritable'] {
  let at = path;
  while (at !== '/' && !existsSync(at)) at = dirname(at);
  try {
    if (!statSync(at).isDirectory()) return { path: at, reason: `${at} is not a directory` };
    accessSync(at, constants.W_OK);
    const { bavail, blocks } = statfsSync(at);
    return blocks > 0 && bavail === 0 ? { path: at, reason: `${at} is on a full file system` } : undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return { path: at, reason: `${at} cannot be written: ${code === 'EROFS' ? 'its file system is read-only' : code}` };
  }
}
