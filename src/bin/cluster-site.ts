/**
 * What an agent acts by. A stop that fails makes the cluster cut this node's
 * power, so one must be possible whatever has become of the configuration: it is
 * then the last one that could be used, and for a daemon that none knows any
 * more, what the record of its hold says.
 */
import type { Configuration } from '../adapters/config/configuration.js';
import { findDaemon } from '../core/catalogue.js';
import type { DaemonSpec } from '../core/daemon.js';
import { WatchkeeperError } from '../core/errors.js';
import type { OcfCall } from '../core/ocf-call.js';
import { errorAnswer, type OcfAnswer } from '../core/ocf.js';
import type { ClusterHoldStore } from '../ports/cluster-hold-store.js';
import type { ClusterOverride } from '../ports/cluster-override.js';
import { ControlMeans } from './control.js';
import { Host } from './host.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** Who acts: this process, for the shell that has become it, or the watcher (compose-agents.ts). */
export interface AgentSite {
  readonly host: Host;
  /** Why it does not go by the configuration as it is now; undefined: it does. */
  readonly problem: OcfAnswer | undefined;
  readonly means: Pick<ControlMeans, 'detection' | 'manager' | 'control' | 'reader' | 'direct'>;
  readonly note: (line: string) => void;
  /** Has a running watcher look at the holds at once. */
  readonly refresh: () => Promise<void>;
  /** Where systemd drives the daemons. */
  readonly override: () => Promise<ClusterOverride>;
  /** Given once nobody waits for the answer any more. */
  readonly gone: AbortSignal | undefined;
}

export interface AgentSites {
  /** @throws WatchkeeperError CONFIG_INVALID, CONFIG_UNREADABLE, USAGE for actions that can be done without */
  ofDaemons(action: string, call: OcfCall): Promise<AgentSite>;
  /** They need no configuration. */
  ofUnits(): AgentSite;
}

export function ownSites(environment: Environment, note: (line: string) => void): AgentSites {
  const at = (host: Host, problem: OcfAnswer | undefined): AgentSite => ({
    host,
    problem,
    means: new ControlMeans(host, note),
    note,
    refresh: async () => (await host.watcher((await host.configuration()).settings.controlTimeout))?.refresh(),
    override: async () => {
      const { ClusterDropIn } = await import('../adapters/systemd/cluster-drop-in.js');
      return new ClusterDropIn(await host.systemctl());
    },
    gone: undefined,
  });
  return {
    ofDaemons: async (action, call) => {
      const { host, problem } = await usableHost(action, call, environment, note);
      return at(host, problem);
    },
    ofUnits: () => at(new Host(undefined, environment), undefined),
  };
}

/** What the cluster must be answered in any case, if only by what was known before. */
const INDISPENSABLE: ReadonlySet<string> = new Set(['stop', 'demote', 'monitor']);
const STAND_IN = 'what the cluster holds';

async function usableHost(action: string, call: OcfCall, environment: Environment, note: (line: string) => void): Promise<Pick<AgentSite, 'host' | 'problem'>> {
  let host: Host | undefined;
  try {
    host = new Host(call.parameter('config'), environment);
    await host.configuration();
    return { host, problem: undefined };
  } catch (error) {
    if (!(error instanceof WatchkeeperError) || !INDISPENSABLE.has(action)) throw error;
    const problem = errorAnswer(error.code, error.message);
    const last = host?.lastConfiguration();
    if (host !== undefined && last !== undefined) {
      note(`${error.message}; for now the last configuration that could be used counts`);
      host.assume(last);
      return { host, problem };
    }
    const other = new Host(undefined, environment);
    other.assume(await defaults(environment));
    return { host: other, problem };
  }
}

/**
 * Puts daemons that the catalogue does not have, and the cluster holds, into it.
 *
 * @param role that they are to have
 * @returns those that it has now; none where nothing must be known of them
 */
export async function recallHeld(action: string, { host }: Pick<AgentSite, 'host'>, holds: ClusterHoldStore, isMeant: (name: string, resource: string) => boolean, role?: string): Promise<readonly DaemonSpec[]> {
  if (!INDISPENSABLE.has(action)) return [];
  const configuration = await host.configuration();
  const units = new Map<string, string>();
  for (const name of holds.names()) {
    const hold = holds.read(name);
    if (hold !== undefined && isMeant(name, hold.resource) && findDaemon(configuration.catalogue, name) === undefined) units.set(name, hold.unit ?? '');
  }
  if (units.size === 0) return [];
  const roles = role === undefined ? [] : [role];
  const daemons = Object.fromEntries([...units].map(([name, unit]) => [name, { executable: '/bin/false', roles, ...(unit === '' ? {} : { unit }) }]));
  const isUnits = [...units.values()].some((unit) => unit !== '');
  const { catalogue, settings } = await built({ group: { roles: Object.fromEntries(roles.map((name) => [name, {}])) }, daemons, ...(isUnits ? { serviceManager: 'systemd' } : {}) }, {});
  const { serviceManager } = isUnits ? settings : configuration.settings;
  host.assume({ ...configuration, settings: { ...configuration.settings, serviceManager }, catalogue: { ...configuration.catalogue, daemons: [...configuration.catalogue.daemons, ...catalogue.daemons] } });
  return catalogue.daemons;
}

async function defaults(environment: Environment): Promise<Configuration> {
  try {
    return await built({ daemons: {} }, environment);
  } catch (error) {
    if (!(error instanceof WatchkeeperError)) throw error;
    return built({ daemons: {} }, {}); // it may be the environment that is wrong
  }
}

async function built(text: object, environment: Environment): Promise<Configuration> {
  const { configurationFromText } = await import('../adapters/config/load.js');
  return configurationFromText(STAND_IN, JSON.stringify(text), environment);
}
