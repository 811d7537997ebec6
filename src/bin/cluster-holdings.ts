/** What the cluster holds on this node by our own records, and what the cluster itself says: for `watchkeeper cluster status` and `release`. */
import { existsSync } from 'node:fs';

import type { ClusterHoldings, ReleaseResult } from '../cli/watchkeeper/command.js';
import { findDaemon } from '../core/catalogue.js';
import { instancesOf, type HeldDaemon } from '../core/cluster-view.js';
import type { DaemonStatus } from '../core/daemon-status.js';
import { isValidName } from '../core/daemon.js';
import { WatchkeeperError } from '../core/errors.js';
import { quoted } from '../core/printable.js';
import type { ClusterHoldStore } from '../ports/cluster-hold-store.js';
import { ControlMeans } from './control.js';
import type { Host } from './host.js';

type Complain = (line: string) => void;

/** @param names of daemons; none: all that are held */
export async function holdings(host: Host, names: readonly string[], complain: Complain): Promise<ClusterHoldings> {
  const { settings, catalogue } = await host.configuration();
  const holds = await store(host, complain);
  const [{ crmMon }, { roleRecords }, { unitRecords }, { hasDropIn }] = await Promise.all([
    import('../adapters/pacemaker/crm-mon.js'),
    import('../adapters/state/role-records.js'),
    import('../adapters/state/unit-records.js'),
    import('../adapters/systemd/cluster-drop-in.js'),
  ]);
  for (const name of names) checked(name);
  const meant = names.length === 0 ? holds.names() : names;
  const known = meant.filter((name) => findDaemon(catalogue, name) !== undefined && holds.read(name) !== undefined);
  const [view, statuses, { bootId }] = await Promise.all([crmMon(await host.runner()), statusOf(host, known, complain), host.self()]);
  const daemons = meant.flatMap((name): readonly HeldDaemon[] => {
    const hold = holds.read(name);
    if (hold === undefined) return [];
    const status = statuses.get(name);
    const dropIn = hold.unit === undefined ? undefined : hasDropIn(hold.unit);
    return [{ name, hold, thisBoot: hold.bootId === bootId, observed: status?.observed, pid: status?.pid ?? null, dropIn }];
  });
  const records = roleRecords(settings.paths.runtime, complain);
  const scores = [...new Set(daemons.map(({ hold }) => hold.resource))].flatMap((resource) => {
    const record = records.read(resource);
    return record === undefined ? [] : [{ resource, score: record.score ?? null }];
  });
  const reports = daemons.length === 0 ? [] : await reportsOf(host, settings.controlTimeout);
  return { view, daemons, scores, reports, units: names.length === 0 ? unitRecords(settings.paths.runtime).list() : [], notHeld: meant.filter((name) => holds.read(name) === undefined) };
}

/** Gives up what the cluster has forgotten. @param force also what it still has, or where it cannot be asked */
export async function release(host: Host, names: readonly string[], force: boolean, complain: Complain): Promise<readonly ReleaseResult[]> {
  const { catalogue, settings } = await host.configuration();
  const { view, daemons } = await holdings(host, names, complain);
  const holds = await store(host, complain);
  const underSystemd = existsSync('/run/systemd/system');
  const { ClusterDropIn } = await import('../adapters/systemd/cluster-drop-in.js');
  const override = underSystemd ? new ClusterDropIn(await host.systemctl()) : undefined;
  const results: ReleaseResult[] = [];
  for (const name of names) {
    const held = daemons.find((each) => each.name === name);
    const resource = held?.hold.resource;
    const refusal = force || resource === undefined ? undefined : view.kind !== 'seen' ? view.reason : instancesOf(view.instances, resource).length > 0 ? `the cluster still has the resource ${resource}` : undefined;
    if (refusal !== undefined) {
      results.push({ name, released: false, refusal });
      continue;
    }
    await override?.remove(held?.hold.unit ?? findDaemon(catalogue, name)?.unit ?? `${name}.service`);
    results.push({ name, released: await holds.remove(name), refusal: undefined });
  }
  if (results.some(({ released }) => released)) await (await host.watcher(settings.controlTimeout))?.refresh();
  return results;
}

function checked(name: string): void {
  if (!isValidName(name)) throw new WatchkeeperError('USAGE', 'cannot act', `${quoted(name)} is no name of a daemon`, 'watchkeeper cluster status');
}

async function store(host: Host, complain: Complain): Promise<ClusterHoldStore> {
  const { clusterHoldStore } = await import('../adapters/state/cluster-holds.js');
  return clusterHoldStore((await host.configuration()).settings.paths.state, complain);
}

/** By whoever knows: the watcher, or this process. */
async function statusOf(host: Host, names: readonly string[], complain: Complain): Promise<ReadonlyMap<string, DaemonStatus>> {
  if (names.length === 0) return new Map();
  const means = new ControlMeans(host, complain);
  const { controller, release: done } = await means.reader();
  try {
    return byName(await controller.status(names));
  } catch (error) {
    // A watcher that has not read the configuration again knows other daemons.
    if (!(error instanceof WatchkeeperError) || error.code !== 'UNKNOWN_DAEMON') throw error;
    return byName(await (await means.direct()).controller.status(names));
  } finally {
    done();
  }
}

/** Nothing of it hinders the rest. */
async function reportsOf(host: Host, timeout: number): Promise<ClusterHoldings['reports']> {
  try {
    const watcher = await host.watcher(timeout);
    return watcher === undefined ? { unknown: 'no watcher runs, so the cluster hears of a failure at its next monitor' } : await watcher.clusterReports();
  } catch (error) {
    if (!(error instanceof WatchkeeperError)) throw error;
    return { unknown: error.message };
  }
}

function byName(statuses: readonly DaemonStatus[]): ReadonlyMap<string, DaemonStatus> {
  return new Map(statuses.map((status) => [status.name, status]));
}
