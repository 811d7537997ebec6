/** The agent `ocf:watchkeeper:unit`: its actions, composed. It needs no configuration of ours. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';

import type { ClusterUnit, MonitorHook } from '../app/cluster-unit.js';
import { parseDuration } from '../core/duration.js';
import { WatchkeeperError } from '../core/errors.js';
import type { OcfCall } from '../core/ocf-call.js';
import { uniqueCloneObjection } from '../core/ocf-clone.js';
import { nothingThere, OCF, OCF_OK, type OcfAnswer } from '../core/ocf.js';
import { quoted } from '../core/printable.js';
import { isTemplate, resourceUnit } from '../core/unit-name.js';
import type { AgentSite, AgentSites } from './cluster-site.js';
import type { Host } from './host.js';
import { migrate } from './migration-hook.js';
import { runHook } from './monitor-hook.js';

/** Where the shell's half of the agent looks, too. */
export const RUNTIME = '/run/watchkeeper';
/** Made by systemd alone, where it is process 1 (sd_booted(3)). */
const SYSTEMD = '/run/systemd/system';
const ACTIONS = ['start', 'stop', 'monitor', 'validate-all', 'reload', 'reload-agent', 'migrate_to', 'migrate_from'];
/** Of the time that the cluster gives, for a hook without a time-out of its own. */
const HOOK_SHARE = 0.8;

export async function unitAgent(action: string, call: OcfCall, sites: AgentSites): Promise<OcfAnswer> {
  if (!ACTIONS.includes(action)) return { status: OCF.unimplemented, reason: `the agent unit has no action ${quoted(action)}` };
  const parameter = call.raw('unit') ?? '';
  const unit = resourceUnit(parameter, uniqueClone(call));
  if (unit === undefined) {
    const reason = parameter === '' ? 'the parameter unit is missing: which unit of systemd?' : `${quoted(parameter)} is no name of a unit that can be a resource`;
    return nothingThere(action, call, { status: OCF.configured, reason });
  }
  const objection = isTemplate(parameter) ? undefined : uniqueCloneObjection(action, call, unit);
  if (objection !== undefined) return { status: OCF.configured, reason: `${objection}, or name a template, as ${quoted('name@')}` };
  const site = sites.ofUnits();
  if (action === 'validate-all') {
    hookLevel(call);
    hookTimeout(call);
    const fault = await (await import('./cluster-validate.js')).hookFault(call, ['monitor_hook', 'migrate_hook'], { trust: site.host.trust() });
    if (fault !== undefined) return fault;
    // Level 0 is about the parameters alone, which are the same on all nodes.
    if (call.level < 10) return OCF_OK;
  }
  if (!existsSync(SYSTEMD)) return nothingThere(action, call, { status: OCF.installed, reason: 'systemd is not process 1 here' });
  const { host } = site;
  return perform(action, await compose({ site, unit, parameter, call, needsHook: action === 'start' || action === 'monitor' }), (migration, held) => migrate(migration, call, host, { isActive: () => held.isActive(), start: (limit) => held.start(limit) }, hookEnvironment(call, unit)));
}

async function perform(action: string, unit: ClusterUnit, migration: (action: 'migrate_to' | 'migrate_from', unit: ClusterUnit) => Promise<OcfAnswer>): Promise<OcfAnswer> {
  switch (action) {
    case 'start':
      return unit.start();
    case 'stop':
      return unit.stop();
    case 'monitor':
      return unit.monitor();
    case 'reload':
      return unit.reload();
    case 'migrate_to':
    case 'migrate_from':
      return migration(action, unit);
    case 'validate-all':
      return unit.validate();
    default:
      // Its parameters are read anew by each action.
      return OCF_OK;
  }
}

/** Instances of a globally unique clone are different things; those of any other are copies of one. */
function uniqueClone(call: OcfCall): number | undefined {
  const number = call.meta('clone');
  return call.meta('globally_unique') === 'true' && number !== undefined && /^\d{1,6}$/.test(number) ? Number(number) : undefined;
}

interface UnitSite {
  readonly site: AgentSite;
  readonly unit: string;
  readonly parameter: string;
  readonly call: OcfCall;
  /** Nothing that is wrong with a hook may hinder a stop. */
  readonly needsHook: boolean;
}

async function compose({ site, unit, parameter, call, needsHook }: UnitSite): Promise<ClusterUnit> {
  const { host, note } = site;
  const [{ ClusterUnit }, { SystemdUnitControl }, { unitRecords }, { HostLocks }, { identify, isAlive }] = await Promise.all([
    import('../app/cluster-unit.js'),
    import('../adapters/systemd/unit-control.js'),
    import('../adapters/state/unit-records.js'),
    import('../adapters/host/locks.js'),
    import('../adapters/host/identity.js'),
  ]);
  const [clock, runner, systemctl] = await Promise.all([host.clock(), host.runner(), host.systemctl()]);
  const locks = new HostLocks(RUNTIME, clock);
  return new ClusterUnit({ unit, parameter }, call, {
    control: new SystemdUnitControl({ runner, processes: { identify, isAlive }, clock, systemctl }),
    override: await site.override(),
    records: unitRecords(RUNTIME),
    lock: (timeout) => locks.acquire(unitLock(unit), { timeout, purpose: `an action of the cluster on ${unit}` }),
    hook: needsHook ? monitorHook(host, call, unit) : undefined,
    clock,
    gone: site.gone,
    note,
  });
}

/** A lock's name has fewer letters than a unit's, and is as different. */
export function unitLock(unit: string): string {
  return `unit.${createHash('sha256').update(unit).digest('hex')}`;
}

function monitorHook(host: Host, call: OcfCall, unit: string): MonitorHook | undefined {
  const path = call.parameter('monitor_hook');
  if (path === undefined) return undefined;
  const timeout = hookTimeout(call);
  const environment = { ...hookEnvironment(call, unit), OCF_CHECK_LEVEL: String(call.level) };
  return {
    level: hookLevel(call),
    run: async (limit) => {
      const answer = await runHook(host, { path, timeout: Math.min(limit, timeout), environment });
      return answer.status === OCF.degraded && !call.knowsDegraded ? OCF_OK : answer;
    },
  };
}

function hookEnvironment(call: OcfCall, unit: string): Readonly<Record<string, string>> {
  return { OCF_RESOURCE_INSTANCE: call.resource, WATCHKEEPER_UNIT: unit };
}

function hookLevel(call: OcfCall): number {
  const text = call.parameter('hook_level') ?? '0';
  if (!['0', '10', '20'].includes(text)) throw usage(`hook_level is ${quoted(text)}, and not 0, 10 or 20`);
  return Number(text);
}

/** Bare numbers are seconds, as everywhere in a cluster. */
function hookTimeout(call: OcfCall): number {
  const text = call.parameter('hook_timeout');
  if (text === undefined) return call.timeout * HOOK_SHARE;
  const timeout = parseDuration(/^\d+$/.test(text) ? `${text}s` : text);
  if (timeout === undefined || timeout === 0) throw usage(`hook_timeout is ${quoted(text)}, and not a time as 10s`);
  return timeout;
}

function usage(why: string): WatchkeeperError {
  return new WatchkeeperError('USAGE', 'cannot act for the cluster', why, "the resource's definition: crm configure show, pcs resource config");
}
