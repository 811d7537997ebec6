/** The OCF agents' actions in the watcher: the same code as theirs, with what the watcher has at hand. */
import { existsSync } from 'node:fs';

import { staleReason, type Configuration } from '../adapters/config/configuration.js';
import { ClusterDesk } from '../app/cluster-desk.js';
import type { ChosenControl } from '../app/control-choice.js';
import type { OcfCall } from '../core/ocf-call.js';
import { findDaemon } from '../core/catalogue.js';
import type { AgentDesk } from '../ports/agent-desk.js';
import type { Controller } from '../ports/controller.js';
import type { Detection } from '../ports/service-manager.js';
import type { PatientOverride } from '../app/patient-override.js';
import { holdsOf, perform } from './cluster-agents.js';
import type { AgentSite } from './cluster-site.js';
import { composeCommands } from './compose-commands.js';
import type { CommandDesk } from '../ports/command-desk.js';
import type { Host } from './host.js';

/** Made by systemd alone, where it is process 1 (sd_booted(3)). */
const SYSTEMD = '/run/systemd/system';

export interface WatcherAtHand {
  readonly host: Host;
  /** In force now. */
  readonly configuration: () => Configuration;
  readonly detection: Detection;
  readonly controller: Controller;
  readonly refresh: () => void;
  readonly warn: (text: string) => void;
}

/** Programs are the agent's own to run: they belong to the cluster's processes, and end with them. */
function runsHook(action: string, call: OcfCall): boolean {
  if (action === 'monitor') return call.raw('deep_hook') !== undefined || call.raw('monitor_hook') !== undefined;
  return action === 'start' && call.raw('monitor_hook') !== undefined;
}

export interface WatcherAgents extends AgentDesk {
  /** To be told once orders are taken, and at the end. */
  begin(): Promise<void>;
  finish(): Promise<void>;
  /** Those of daemon-util, by the same means. */
  readonly commands: CommandDesk;
}

export async function composeAgents(atHand: WatcherAtHand): Promise<WatcherAgents> {
  const { host, detection, controller, refresh, warn } = atHand;
  let made: Promise<PatientOverride> | undefined;
  // Units are of use as resources, too, where the watcher itself drives its daemons.
  const overrides = (): Promise<PatientOverride> => (made ??= import('./compose-overrides.js').then(({ composeOverrides }) => composeOverrides(atHand)));
  const chosen: ChosenControl = { controller, reason: 'this is the watcher', release: () => undefined };
  const site = (gone: AbortSignal, note: (line: string) => void): AgentSite => ({
    host,
    problem: undefined,
    means: {
      detection: () => Promise.resolve(detection),
      manager: () => host.manager(detection.kind, true),
      control: () => Promise.resolve(chosen),
      reader: () => Promise.resolve(chosen),
      direct: () => Promise.reject(new Error('the watcher does what it was asked for')),
    },
    note,
    refresh: () => {
      refresh();
      return Promise.resolve();
    },
    override: () => overrides(),
    gone,
  });
  /** Whether the agent would go by the same configuration, and that has all that it is about. */
  const knows = async (agent: string, call: OcfCall): Promise<boolean> => {
    const configuration = await host.configuration();
    if (!host.means(call.raw('config')) || staleReason(configuration) !== undefined) return false;
    const known = (name: string): boolean => findDaemon(configuration.catalogue, name) !== undefined;
    if (agent === 'daemon') return known(call.raw('name') ?? '');
    const holds = await holdsOf(host, warn);
    return holds.names().every((name) => known(name) || holds.read(name)?.resource !== call.resource);
  };
  const desk = new ClusterDesk({
    clock: await host.clock(),
    serves: async ({ agent, action }, call) => !runsHook(action, call) && (agent === 'unit' || knows(agent, call)),
    perform: async ({ agent, action }, call, gone, note) => {
      const here = site(gone, note);
      return perform(agent, action, call, { ofDaemons: () => Promise.resolve(here), ofUnits: () => here });
    },
  });
  return {
    act: (request, gone) => desk.act(request, gone),
    begin: async () => {
      // Another installation on this machine does not know what is held.
      if (!existsSync(SYSTEMD) || !host.means(undefined)) return;
      await (await overrides()).sweep().catch((error: unknown) => warn(`cannot look for drop-ins of the cluster: ${String(error)}`));
    },
    finish: async () => (await made)?.finish(),
    commands: composeCommands(atHand),
  };
}
