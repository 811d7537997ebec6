/** Puts the parts together that keep daemons without systemd, for bin/ and for tests. */
import { existsSync } from 'node:fs';
import type { GroupSpec } from '../../core/daemon.js';
import type { Paths } from '../../core/paths.js';
import type { Clock } from '../../ports/clock.js';
import type { Detection } from '../../ports/service-manager.js';
import { RecordedBootOffset } from '../host/boot-offset.js';
import { daemonGroups, NO_GROUPS, type DaemonGroups } from '../host/daemon-groups.js';
import { HostProcessTable } from '../host/process-table.js';
import { HostRunner } from '../host/runner.js';
import { SessionPasses } from '../host/session-passes.js';
import { HostAccounts } from '../host/user.js';
import { AffordableMarkers } from './affordable-markers.js';
import { HostClaims } from './claims.js';
import { Finder } from './find.js';
import { LateSweep } from './late-sweep.js';
import { DaemonLauncher } from './launcher.js';
import { DirectManager } from './manager.js';
import { HostPreparation } from './preparation.js';
import { HostReadiness } from './readiness.js';
import { BuiltInChain, START_STOP_DAEMON, StartStopDaemonChain } from './start-chain.js';
import { Stopper } from './stopper.js';
import { ROOT_ONLY, type Trust } from './trusted-path.js';

export interface DirectOptions {
  readonly kind: 'start-stop-daemon' | 'built-in';
  readonly group: GroupSpec;
  readonly paths: Pick<Paths, 'runtime'>;
  readonly clock: Clock;
  /** Whose programs root runs besides its own; nobody's by default. */
  readonly trust?: Trust;
  /** false: as on a machine where no control groups are ours to make. */
  readonly controlGroups?: boolean;
}

/** Which of the two this machine has. */
export function detectDirect(program = START_STOP_DAEMON): Detection {
  return existsSync(program)
    ? { kind: 'start-stop-daemon', reason: `${program} exists` }
    : { kind: 'built-in', reason: `${program} is missing` };
}

export interface DirectParts {
  readonly manager: DirectManager;
  readonly launcher: DaemonLauncher;
  readonly preparation: HostPreparation;
  readonly readiness: HostReadiness;
  readonly processes: HostProcessTable;
  readonly claims: HostClaims;
  readonly runner: HostRunner;
  readonly accounts: HostAccounts;
  readonly groups: DaemonGroups;
}

export function assembleDirect(options: DirectOptions): DirectParts {
  const { clock, group, paths } = options;
  const accounts = new HostAccounts();
  const processes = new HostProcessTable(clock, accounts, new RecordedBootOffset(paths.runtime));
  const runner = new HostRunner(clock, accounts);
  const claims = new HostClaims(paths.runtime);
  const finder = new Finder(processes, processes, claims);
  const groups = options.controlGroups === false ? NO_GROUPS : daemonGroups(paths.runtime);
  const lateSweep = new LateSweep(processes, processes, clock);
  const stopper = new Stopper({ processes, markers: processes, clock, sessions: new SessionPasses(processes), groups, lateSweep });
  const chain = options.kind === 'built-in' ? new BuiltInChain(accounts) : new StartStopDaemonChain(accounts);
  const launcher = new DaemonLauncher(chain, claims, accounts, new AffordableMarkers(processes, clock), groups, group);
  const preparation = new HostPreparation(group, accounts, finder, stopper, options.trust ?? ROOT_ONLY, clock);
  const readiness = new HostReadiness(processes, runner, clock, options.trust ?? ROOT_ONLY);
  const manager = new DirectManager({ group, clock, processes, markers: processes, claims, finder, stopper, launcher, preparation, readiness, groups });
  return { manager, launcher, preparation, readiness, processes, claims, runner, accounts, groups };
}
