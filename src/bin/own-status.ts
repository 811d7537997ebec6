/** What `watchkeeper status` tells: the watcher's answer, or what this process sees itself without one. */
import type { Configuration } from '../adapters/config/configuration.js';
import { requireDaemon } from '../core/catalogue.js';
import type { DaemonDetails } from '../core/daemon-details.js';
import type { DaemonSpec } from '../core/daemon.js';
import { withheldReason } from '../core/role.js';
import type { Detection } from '../ports/service-manager.js';
import type { StatusAnswer } from '../ports/watcher-client.js';
import { askRoles } from './compose-roles.js';
import type { Host } from './host.js';

const NO_WARNINGS: ReadonlyMap<string, readonly string[]> = new Map();

type Complain = (line: string) => void;

/** Status without a watcher. */
export async function ownStatus(host: Host, names: readonly string[], complain: Complain): Promise<StatusAnswer> {
  const configuration = await host.configuration();
  const [{ directStatus }, { Wishes }, { desiredStateStore }, { clusterHoldStore }, clock] = await Promise.all([
    import('../app/direct-status.js'),
    import('../app/wishes.js'),
    import('../adapters/state/desired-state.js'),
    import('../adapters/state/cluster-holds.js'),
    host.clock(),
  ]);
  const specs = select(configuration, names);
  const serviceManager = await detection(host);
  const { kind } = serviceManager;
  const manager = await host.manager(kind, false);
  const store = desiredStateStore(configuration.paths.state, complain);
  const holds = clusterHoldStore(configuration.paths.state, complain);
  const wishes = new Wishes(store, clock, (await host.self()).bootId);
  const { group } = configuration.catalogue;
  const [observations, warnings, roles] = await Promise.all([
    manager.observe(specs),
    kind === 'systemd' ? drift(host, configuration, specs, complain) : NO_WARNINGS,
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
      held: holds.read(spec.name) !== undefined,
      warnings: warnings.get(spec.name) ?? [],
    });
    return [[name, rest] as const];
  });
  return { schemaVersion: 1, watcher: null, serviceManager, roles: roles.list(), daemons: Object.fromEntries(daemons) };
}

/** What a watcher would warn of; that it can't be found out hides no status. */
async function drift(host: Host, { catalogue }: Configuration, specs: readonly DaemonSpec[], complain: Complain): Promise<ReadonlyMap<string, readonly string[]>> {
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

/** Which service manager, and why; asked by ourselves. */
export async function detection(host: Host): Promise<Detection> {
  const { detect } = await import('./service-manager.js');
  return detect({ ...(await host.configuration()), runner: await host.runner() });
}

/** Of one daemon, with a watcher or without. @throws WatchkeeperError UNKNOWN_DAEMON */
export async function details(host: Host, name: string, complain: Complain): Promise<{ readonly answer: StatusAnswer; readonly details: DaemonDetails }> {
  const configuration = await host.configuration();
  const { daemonDetails, ownEvents, withRequired } = await import('./inspection.js');
  requireDaemon(configuration.catalogue, name);
  const names = withRequired(configuration, name);
  const client = await host.watcher(configuration.settings.controlTimeout);
  const all = client === undefined ? await ownStatus(host, names, complain) : await client.statusAnswer(names);
  const statuses = Object.entries(all.daemons).map(([one, rest]) => ({ name: one, ...rest }));
  const sources = { host, detection: all.watcher?.serviceManager ?? all.serviceManager ?? (await detection(host)), news: await ownEvents(host), statuses, complain };
  const answer = { ...all, daemons: Object.fromEntries(Object.entries(all.daemons).filter(([one]) => one === name)) };
  return { answer, details: await daemonDetails(name, sources) };
}

function select({ catalogue }: Configuration, names: readonly string[]): Configuration['catalogue']['daemons'] {
  if (names.length === 0) return catalogue.daemons;
  return names.map((name) => requireDaemon(catalogue, name));
}

