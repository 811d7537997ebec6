/** The watcher for this machine's restart owner: one that supervises, or one that observes. */
import { join } from 'node:path';

import type { Configuration } from '../adapters/config/configuration.js';
import type { ObservingWatcher as Observing } from '../app/observing-watcher.js';
import type { Looked } from '../app/measured-checks.js';
import type { RoleDuty } from '../app/role-duty.js';
import type { Roles } from '../app/roles.js';
import type { WishStamp } from '../app/wish-stamp.js';
import type { Catalogue } from '../core/catalogue.js';
import type { CatalogueChange } from '../core/catalogue-change.js';
import type { ClusterReport } from '../core/cluster-report.js';
import type { DaemonSpec, RestartOwner } from '../core/daemon.js';
import type { ProcessIdentity } from '../core/process-identity.js';
import { wantedDownLine } from '../core/wanted-down.js';
import type { Clock } from '../ports/clock.js';
import type { ClusterHoldStore } from '../ports/cluster-hold-store.js';
import type { ClusterInformant } from '../ports/cluster-informant.js';
import type { PauseStore } from '../ports/pause-store.js';
import type { Controller, ControlRequest, NamedOutcome, Progress } from '../ports/controller.js';
import type { Journal } from '../ports/journal.js';
import type { Locks } from '../ports/locks.js';
import type { Log } from '../ports/log.js';
import type { Observer } from '../ports/observer.js';
import type { Runner } from '../ports/runner.js';
import type { Detection } from '../ports/service-manager.js';
import type { StateBoard } from '../ports/state-board.js';
import type { DesiredStateStore } from '../ports/store.js';
import type { Host } from './host.js';
import { unitKeepers } from './unit-keepers.js';

/** What the life of a watcher needs, whoever restarts. */
export interface Guardian extends Controller {
  readonly restartOwner: RestartOwner;
  readonly detection: Detection;
  names(): readonly string[];
  /** Sees what runs; afterwards questions can be answered. */
  begin(): Promise<void>;
  /** Starts what is ours to start. */
  startGroup(): Promise<readonly NamedOutcome[]>;
  /** @param as see app/watcher.ts */
  stopAll(by: string, as?: (spec: DaemonSpec) => DaemonSpec): Promise<readonly NamedOutcome[]>;
  reload(catalogue: Catalogue): Promise<readonly CatalogueChange[]>;
  /** Looks whether somebody paused something, or no longer does. */
  refresh(): void;
  clusterReports(): readonly ClusterReport[];
  readonly roles: Pick<RoleDuty, 'answered' | 'takeUp' | 'confirm' | 'toLayDown' | 'layDown'>;
  retryNow(request: ControlRequest, progress?: Progress): Promise<readonly NamedOutcome[]>;
  reset(request: ControlRequest, progress?: Progress): Promise<readonly NamedOutcome[]>;
  /** Those that we cap by size. */
  outputFiles(): readonly string[];
  release(): void;
}

export interface GuardianParts {
  readonly configuration: Configuration;
  readonly host: Host;
  readonly clock: Clock;
  readonly runner: Runner;
  readonly locks: Locks;
  readonly self: ProcessIdentity;
  /** Of this machine, or of this container's life. */
  readonly bootId: string;
  readonly journal: Journal;
  readonly board: StateBoard;
  readonly log: Log;
  readonly roles: Roles;
  readonly warn: (text: string) => void;
  /** undefined: nobody measures the health checks. */
  readonly looked: Looked | undefined;
}

export async function composeGuardian(detection: Detection, parts: GuardianParts): Promise<Guardian> {
  parts.host.keepBus();
  const { desiredStateStore } = await import('../adapters/state/desired-state.js');
  const desired = desiredStateStore(parts.configuration.paths.state, parts.warn);
  const guardian = await restartingOrNot(detection, parts, desired);
  const startGroup = guardian.startGroup.bind(guardian);
  return Object.assign(guardian, {
    startGroup: () => {
      const down = wantedDownLine(parts.configuration.catalogue.daemons, (name) => desired.read(name), parts.bootId);
      if (down !== undefined) parts.log.info({}, down);
      return startGroup();
    },
  });
}

async function restartingOrNot(detection: Detection, parts: GuardianParts, desired: DesiredStateStore): Promise<Guardian> {
  switch (detection.kind) {
    case 'systemd':
      return observing(detection, parts, desired);
    case 'start-stop-daemon':
    case 'built-in':
      return supervising({ ...detection, kind: detection.kind }, parts, desired);
    case 'fake':
      throw new Error('the fake service manager is for tests');
  }
}

async function supervising(detection: Detection & { kind: 'start-stop-daemon' | 'built-in' }, parts: GuardianParts, desired: DesiredStateStore): Promise<Guardian> {
  const { configuration, host, clock, runner, bootId, journal, board } = parts;
  const [{ Watcher }, { memoryStore }, { supervisedHealth }, direct] = await Promise.all([
    import('../app/watcher.js'),
    import('../adapters/state/memory-store.js'),
    import('./compose-health.js'),
    host.directParts(detection.kind),
  ]);
  const health = await supervisedHealth(parts, direct);
  const watcher = new Watcher(configuration.catalogue, {
    ...direct,
    ...health,
    clock,
    runner,
    desired,
    board,
    journal,
    bootId,
    log: parts.log,
    ...(await cluster(parts)),
    pauses: await pauses(parts),
    roles: parts.roles,
    memory: memoryStore(configuration.paths.runtime, parts.warn),
  });
  const letGo = watcher.release.bind(watcher);
  const reload = watcher.reload.bind(watcher);
  return Object.assign(watcher, {
    restartOwner: 'watcher' as const,
    detection,
    begin: () => {
      direct.groups.leave();
      direct.groups.sweep();
      direct.manager.regroup(configuration.catalogue.daemons);
      return watcher.adopt();
    },
    reload: async (catalogue: Catalogue) => {
      const changes = await reload(catalogue);
      direct.groups.sweep();
      return changes;
    },
    release: () => {
      letGo();
      health.notifications.release();
    },
  });
}

async function cluster({ configuration, runner, warn }: GuardianParts): Promise<{ readonly holds: ClusterHoldStore; readonly informant: ClusterInformant }> {
  const [{ clusterHoldStore }, { crmResource }] = await Promise.all([import('../adapters/state/cluster-holds.js'), import('../adapters/pacemaker/crm-resource.js')]);
  return { holds: clusterHoldStore(configuration.paths.state, warn), informant: crmResource(runner) };
}

async function pauses({ configuration, warn }: GuardianParts): Promise<PauseStore> {
  const { pauseStore } = await import('../adapters/state/pauses.js');
  return pauseStore(configuration.paths.state, configuration.settings.pauseFile, warn);
}

async function observe(clock: Clock, host: Host): Promise<Observer> {
  const [{ SystemdObserver }, { processes }] = await Promise.all([import('../adapters/systemd/observer.js'), host.directParts('built-in')]);
  return new SystemdObserver({ clock, processes });
}

/** The board, and the proof that it has the last word of what is wanted. */
async function stamped({ configuration, clock, board }: GuardianParts): Promise<{ readonly board: StateBoard; readonly wishStamp: WishStamp }> {
  const [{ WishStamp, stampedBoard }, { wishStampFile }, { HOST_GROUND }] = await Promise.all([
    import('../app/wish-stamp.js'),
    import('../adapters/state/wish-stamp-file.js'),
    import('../adapters/state/start-claim-file.js'),
  ]);
  const { runtime, state } = configuration.paths;
  const directory = join(state, 'desired');
  const wishStamp = new WishStamp({ clock, ground: HOST_GROUND, file: wishStampFile(runtime, directory), directory });
  return { board: stampedBoard(board, wishStamp), wishStamp };
}

async function observing(detection: Detection, parts: GuardianParts, desired: DesiredStateStore): Promise<Guardian> {
  const { configuration, host, clock, runner, locks, self, journal, log } = parts;
  const { observedHealth } = await import('./compose-health.js');
  const [{ ObservingWatcher }, units, { DirectControl }, { Wishes }, { Pauses }, { finishCutOffStops }, observer, manager] = await Promise.all([
    import('../app/observing-watcher.js'),
    unitKeepers(parts, desired),
    import('../app/direct-control.js'),
    import('../app/wishes.js'),
    import('../app/pauses.js'),
    import('../app/cut-off-stops.js'),
    observe(clock, host),
    host.manager('systemd', true),
  ]);
  const { lockTimeout } = configuration.settings;
  const { holds, informant } = await cluster(parts);
  const paused = new Pauses(await pauses(parts), clock, () => watcher.reconsider());
  const wishes = new Wishes(desired, clock, self.bootId);
  const watcher: Observing = new ObservingWatcher(configuration.catalogue, {
    observer,
    control: (catalogue: Catalogue) => new DirectControl({ catalogue, manager, desired, wishes, locks, clock, runner, bootId: self.bootId, lockTimeout, holds, roles: () => Promise.resolve((role) => parts.roles.answer(role)) }),
    // Nothing follows from a pause here but what `systemdRetry` and health checks do.
    pauses: paused,
    retrier: units.retrier,
    slowRetry: (seen, minded) => units.slowRetry(seen, (name) => watcher.withheld(name) ?? minded(name)),
    roles: parts.roles,
    drift: (catalogue) => units.drift(catalogue),
    health: await observedHealth(parts),
    wishes,
    holds,
    informant,
    bootId: self.bootId,
    ...(await stamped(parts)),
    journal,
    log,
    clock,
  });
  return Object.assign(watcher, {
    restartOwner: 'systemd' as const,
    detection,
    begin: () => {
      watcher.follow();
      return Promise.resolve();
    },
    // Theirs to start, to stop and to keep the output of; but a stop on record is an operator's word.
    startGroup: () => {
      paused.refresh();
      const isHindered = (name: string): boolean => paused.reason(name) !== undefined || holds.read(name) !== undefined;
      finishCutOffStops(configuration.catalogue.daemons, { manager, wishes, locks, lockTimeout, isHindered, log }).catch((error: unknown) => log.error({ error: String(error) }, 'cannot look for stops that were cut off'));
      return Promise.resolve([]);
    },
    stopAll: () => Promise.resolve([]),
    outputFiles: () => [],
    // Not ours to start and to stop.
    roles: { answered: () => watcher.rolesAnswered(), takeUp: () => Promise.resolve([]), confirm: () => Promise.resolve(), toLayDown: () => [], layDown: () => Promise.resolve() },
  });
}
