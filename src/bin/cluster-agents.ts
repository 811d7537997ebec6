/** The OCF agents' actions: each composed of what it uses, and nothing else is loaded. */
import { answered, type ClusterDaemonParts } from '../app/cluster-daemon.js';
import type { ChosenControl } from '../app/control-choice.js';
import type { DaemonSpec } from '../core/daemon.js';
import { findDaemon } from '../core/catalogue.js';
import { isValidName } from '../core/daemon.js';
import { nothingThere, OCF, OCF_OK, startAnswer, type OcfAnswer } from '../core/ocf.js';
import { uniqueCloneObjection } from '../core/ocf-clone.js';
import { ocfCall, type OcfCall } from '../core/ocf-call.js';
import { quoted } from '../core/printable.js';
import { WatchkeeperError } from '../core/errors.js';
import type { ClusterHoldStore } from '../ports/cluster-hold-store.js';
import { ownSites, recallHeld, type AgentSite, type AgentSites } from './cluster-site.js';
import type { Host } from './host.js';

type Environment = Readonly<Record<string, string | undefined>>;

const ACTIONS = ['start', 'stop', 'monitor', 'validate-all', 'reload', 'reload-agent', 'migrate_to', 'migrate_from'];

/** `watchkeeper cluster agent` */
export function clusterAgent(agent: string, action: string, environment: Environment, note: (line: string) => void): Promise<OcfAnswer> {
  return answered(() => perform(agent, action, ocfCall(environment), ownSites(environment, note)));
}

/** @throws WatchkeeperError */
export async function perform(agent: string, action: string, call: OcfCall, sites: AgentSites): Promise<OcfAnswer> {
  switch (agent) {
    case 'daemon':
      return daemonAgent(action, call, sites);
    case 'unit':
      return (await import('./cluster-unit.js')).unitAgent(action, call, sites);
    case 'role':
      return (await import('./cluster-role.js')).roleAgent(action, call, sites);
    default:
      return { status: OCF.unimplemented, reason: `there is no agent ${quoted(agent)}` };
  }
}

async function daemonAgent(action: string, call: OcfCall, sites: AgentSites): Promise<OcfAnswer> {
  if (!ACTIONS.includes(action)) {
    return { status: OCF.unimplemented, reason: `the agent daemon has no action ${quoted(action)}` };
  }
  const name = call.raw('name') ?? '';
  if (!isValidName(name)) {
    return nothingThere(action, call, { status: OCF.configured, reason: name === '' ? 'the parameter name is missing: which daemon of the catalogue?' : `${quoted(name)} is no name of a daemon` });
  }
  const objection = uniqueCloneObjection(action, call, `daemon ${name}`);
  if (objection !== undefined) return { status: OCF.configured, reason: objection };
  const site = await sites.ofDaemons(action, call);
  const { host, note } = site;
  const { catalogue } = await host.configuration();
  const recalled = await recallHeld(action, site, await holdsOf(host, note), (held) => held === name);
  const spec = findDaemon(catalogue, name) ?? recalled[0];
  if (spec === undefined) return nothingThere(action, call, site.problem ?? { status: OCF.installed, reason: `the catalogue of this node has no daemon ${quoted(name)}` });
  const parts = await daemonParts(site, call, recalled);
  const { ClusterDaemon } = await import('../app/cluster-daemon.js');
  const daemon = new ClusterDaemon(spec, call, parts);
  switch (action) {
    case 'start':
      return daemon.start();
    case 'stop':
      return daemon.stop();
    case 'monitor':
      return daemon.monitor();
    case 'migrate_to':
    case 'migrate_from':
      return (await import('./migration-hook.js')).migrate(action, call, host, { isActive: () => daemon.isActive(), start: (limit) => daemon.start(limit) }, hookEnvironment(call, spec));
    case 'reload':
      return startAnswer(await (await site.means.manager()).reload(spec));
    default:
      return action === 'validate-all' ? validated(site, call, spec) : OCF_OK;
  }
}

/** The catalogue has been read by now, and knows the daemon. */
async function validated(site: AgentSite, call: OcfCall, spec: DaemonSpec): Promise<OcfAnswer> {
  const { daemonsFault, hookFault } = await import('./cluster-validate.js');
  return (await hookFault(call, ['deep_hook', 'migrate_hook'], { trust: site.host.trust() })) ?? daemonsFault(call, site, [spec]);
}

export async function holdsOf(host: Host, note: (line: string) => void): Promise<ClusterHoldStore> {
  const [{ clusterHoldStore }, { settings }] = await Promise.all([import('../adapters/state/cluster-holds.js'), host.configuration()]);
  return clusterHoldStore(settings.paths.state, note);
}

/**
 * What an agent of daemons stands on.
 *
 * @param recalled those that the configuration does not know (cluster-site.ts): a watcher need not know them, either
 */
export async function daemonParts(site: AgentSite, call: OcfCall, recalled: readonly DaemonSpec[] = []): Promise<ClusterDaemonParts> {
  const { host, means, note, refresh, gone } = site;
  const [holds, { bootId }] = await Promise.all([holdsOf(host, note), import('../adapters/host/proc.js')]);
  const underSystemd = (await means.detection()).kind === 'systemd';
  return {
    control: async (by) => knowing(await means.control(by), recalled, means),
    reader: async () => knowing(await means.reader(), recalled, means),
    holds,
    note,
    refresh,
    clock: await host.clock(),
    bootId: bootId(),
    gone,
    deepHook: (path, spec, timeout) => deepHook(host, call, path, spec, timeout),
    ...(underSystemd ? { override: await site.override(), kill: await killer(host) } : { override: undefined, kill: undefined }),
  };
}

/** Whoever knows these daemons: the one that was chosen, or this process. */
async function knowing(chosen: ChosenControl, recalled: readonly DaemonSpec[], means: AgentSite['means']): Promise<ChosenControl> {
  if (recalled.length === 0 || chosen.controller.via === 'direct') return chosen;
  try {
    await chosen.controller.status(recalled.map(({ name }) => name));
    return chosen;
  } catch (error) {
    chosen.release();
    if (error instanceof WatchkeeperError && error.code === 'UNKNOWN_DAEMON') return means.direct();
    throw error;
  }
}

/** What a unit's end spares, its force spares, too: the unit itself is asked, which also knows that of a daemon that no catalogue has any more. */
export async function killer(host: Pick<Host, 'systemctl' | 'runner' | 'clock'>): Promise<ClusterDaemonParts['kill']> {
  const [systemctl, runner, clock] = await Promise.all([host.systemctl(), host.runner(), host.clock()]);
  return async ({ unit }) => {
    const [{ SystemdUnitControl }, { identify, isAlive }] = await Promise.all([import('../adapters/systemd/unit-control.js'), import('../adapters/host/identity.js')]);
    await new SystemdUnitControl({ runner, processes: { identify, isAlive }, clock, systemctl }).kill(unit);
  };
}

/** Runs a hook as root: nobody but root may have written it. Its OCF statuses pass through. */
async function deepHook(host: Host, call: OcfCall, path: string, spec: DaemonSpec, timeout: number): Promise<OcfAnswer> {
  const { runHook } = await import('./monitor-hook.js');
  return runHook(host, { path, timeout, environment: hookEnvironment(call, spec) });
}

function hookEnvironment(call: OcfCall, spec: DaemonSpec): Readonly<Record<string, string>> {
  return { OCF_RESOURCE_INSTANCE: call.resource, WATCHKEEPER_DAEMON_NAME: spec.name, WATCHKEEPER_UNIT: spec.unit };
}
