/** `watchkeeper cluster status [NAME…]` and `watchkeeper cluster release NAME…`. */
import type { ClusterReport } from '../../core/cluster-report.js';
import { mismatches, reportMismatch, type HeldDaemon, type Mismatch } from '../../core/cluster-view.js';
import { WatchkeeperError } from '../../core/errors.js';
import { escapeControl } from '../../core/escape.js';
import { formatInstant } from '../../core/instant.js';
import { jsonLine } from '../../core/printable.js';
import type { ClusterHoldings, Handler } from './command.js';

const MAX_TEXT = 1000;

/** Exit status 0: our records and the cluster agree; 1: they do not, or it cannot be asked of what it holds. */
export const clusterStatus: Handler = async (call, session) => {
  const seen = await session.means.clusterHoldings(call.value('config'), call.args);
  const found = seen.daemons.map((daemon): Found => {
    const report = 'unknown' in seen.reports ? undefined : seen.reports.find((each) => each.daemon === daemon.name);
    const untold = report === undefined ? undefined : reportMismatch(report);
    return { daemon, report, problems: named(daemon, [...mismatches(daemon, seen.view), ...(untold === undefined ? [] : [untold])]) };
  });
  if (call.flag('json')) session.out(jsonLine(json(seen, found)));
  else for (const line of lines(seen, found)) session.out(escapeControl(line, MAX_TEXT));
  return found.some(({ problems }) => problems.length > 0) ? 1 : 0;
};

export const clusterRelease: Handler = async (call, session) => {
  if (call.args.length === 0) throw new WatchkeeperError('USAGE', 'cannot release', 'the name of a daemon is missing', 'watchkeeper cluster status');
  const results = await session.means.clusterRelease(call.value('config'), call.args, call.flag('force'));
  for (const { name, released, refusal } of results) {
    if (refusal === undefined) session.out(`${name}: ${released ? 'released; it is the watcher\'s or systemd\'s again' : 'the cluster does not hold it'}`);
    else session.err(escapeControl(`${name}: not released: ${refusal}; remove the resource there first (crm configure delete, pcs resource delete), or use --force`, MAX_TEXT));
  }
  return results.some(({ refusal }) => refusal !== undefined) ? 1 : 0;
};

interface Found {
  readonly daemon: HeldDaemon;
  /** Its last failure. */
  readonly report: ClusterReport | undefined;
  readonly problems: readonly Mismatch[];
}

function named({ name }: HeldDaemon, found: readonly Mismatch[]): readonly Mismatch[] {
  return found.map((problem) => (problem.code === 'forgotten' ? { ...problem, command: `${problem.command} ${name}` } : problem));
}

function lines({ view, units, scores, notHeld, reports }: ClusterHoldings, found: readonly Found[]): readonly string[] {
  const cluster = view.kind === 'seen' ? `the cluster answers; resources of our agents in it: ${new Set(view.instances.map(({ id }) => id)).size}` : `the cluster cannot be asked: ${view.reason}`;
  const out = [cluster];
  for (const { daemon, report, problems } of found) {
    const { name, hold, thisBoot, observed, pid, dropIn } = daemon;
    const boot = thisBoot ? '' : ', before the last boot';
    const unit = dropIn === undefined ? '' : `; drop-in of ${hold.unit ?? 'its unit'}: ${dropIn ? 'there' : 'missing'}`;
    out.push(`${name}: ${observed ?? 'not in the catalogue'}${pid === null ? '' : ` (pid ${pid})`}; held by ${hold.resource} on ${hold.node} since ${formatInstant(hold.at)}${boot}${hold.started ? '' : '; its start is not over'}${unit}`);
    if (report?.state === 'told') out.push(`  told: the cluster heard of its failure at ${formatInstant(report.at)} (${report.reason}); tries: ${report.tries}`);
    if (report?.state === 'outdated') out.push(`  its failure at ${formatInstant(report.at)} (${report.reason}) need not be told: ${report.error ?? 'it is over'}`);
    for (const { code, what, command } of problems) out.push(`  ${code}: ${what}`, `  next: ${command}`);
  }
  for (const { resource, score } of scores) out.push(`${resource}: promotion score ${score ?? 'none'}`);
  for (const { resource, parameter } of units) out.push(`${resource}: holds the unit ${parameter}`);
  if ('unknown' in reports) out.push(`what the cluster was told of failures is not known: ${reports.unknown}`);
  for (const name of notHeld) out.push(`${name}: the cluster does not hold it`);
  if (found.length === 0 && units.length === 0 && notHeld.length === 0) out.push('the cluster holds nothing on this node');
  return out;
}

function json({ view, units, scores, reports }: ClusterHoldings, found: readonly Found[]): object {
  return {
    schemaVersion: 1,
    cluster: view.kind === 'seen' ? { reachable: true, instances: view.instances } : { reachable: false, installed: view.kind !== 'absent', reason: view.reason },
    daemons: Object.fromEntries(
      found.map(({ report, daemon: { name, hold, thisBoot, observed, pid, dropIn }, problems }) => [
        name,
        { resource: hold.resource, node: hold.node, since: hold.at, started: hold.started, thisBoot, observed: observed ?? null, pid, unit: hold.unit ?? null, dropIn: dropIn ?? null, failure: report === undefined ? null : failure(report), mismatches: problems },
      ]),
    ),
    failuresUnknown: 'unknown' in reports ? reports.unknown : null,
    scores,
    units,
  };
}

function failure({ reason, at, state, tries, nextTry, error }: ClusterReport): Omit<ClusterReport, 'daemon' | 'resource' | 'node'> {
  return { reason, at, state, tries, nextTry, error };
}
