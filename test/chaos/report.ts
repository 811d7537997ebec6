/** What came of a storm, for people and for programs. Pure. */
import { INVARIANTS, type Loss } from './invariants.js';
import type { Observation } from './observation.js';
import { describeKind, FAULT_KINDS, kindsOf, type FaultKind, type WorldKind } from './plan.js';

export interface WorldReport {
  readonly world: WorldKind;
  readonly seed: number;
  readonly faults: readonly { readonly kind: string; readonly tried: number; readonly missed: number; readonly losses: number }[];
  readonly settledAfterMs: number | undefined;
  readonly starts: number;
  readonly requests: { readonly done: number; readonly refused: number; readonly unanswered: number };
  /** Of those that asked all at once. */
  readonly clients: { readonly asked: number; readonly answered: number };
  /** Just before which calls the watcher or daemon-util was killed, and how often. */
  readonly killedBefore: Readonly<Record<string, number>>;
  /** Of a sweep: the last fault point that each way has. */
  readonly swept: Readonly<Record<string, number>>;
  /** From which one on it tried. */
  readonly sweptFrom: number;
  /** Whom systemd left down for what he requires, so that the operator started him: why, and how often. */
  readonly leftBehind: Readonly<Record<string, number>>;
  readonly losses: readonly Loss[];
}

export function reportOf(world: WorldKind, seed: number, log: readonly Observation[], verdict: { readonly losses: readonly Loss[]; readonly settledAfter?: number | undefined }): WorldReport {
  const kinds = new Map<number, string>();
  const missed = new Map<string, number>();
  const killedBefore: Record<string, number> = {};
  const leftBehind: Record<string, number> = {};
  const requests = { done: 0, refused: 0, unanswered: 0 };
  const clients = { asked: 0, answered: 0 };
  let starts = 0;
  let swept: WorldReport['swept'] = {};
  let sweptFrom = 1;
  for (const one of log) {
    if (one.e === 'fault') kinds.set(one.step, one.kind);
    else if (one.e === 'missed') missed.set(kinds.get(one.step) ?? '', (missed.get(kinds.get(one.step) ?? '') ?? 0) + 1);
    else if (one.e === 'killed-before') killedBefore[one.call] = (killedBefore[one.call] ?? 0) + 1;
    else if (one.e === 'left-behind') leftBehind[one.why] = (leftBehind[one.why] ?? 0) + 1;
    else if (one.e === 'begun') starts += 1;
    else if (one.e === 'swept') [swept, sweptFrom] = [one.points, one.from];
    else if (one.e === 'crowd') {
      clients.asked += one.clients;
      clients.answered += one.answered;
    } else if (one.e === 'answer') requests[one.result === 'none' ? 'unanswered' : one.result] += 1;
  }
  const tried = [...kinds.values()];
  const faults = FAULT_KINDS.map((kind) => ({
    kind,
    tried: tried.filter((one) => one === kind).length,
    missed: missed.get(kind) ?? 0,
    losses: verdict.losses.filter(({ after }) => after?.kind === kind).length,
  })).filter((one) => one.tried > 0);
  return { world, seed, faults, settledAfterMs: verdict.settledAfter, starts, requests, clients, killedBefore, swept, sweptFrom, leftBehind, losses: verdict.losses };
}

/** One table for all worlds: faults tried, those that hit nothing (in brackets), losses. */
export function markdownTable(reports: readonly WorldReport[]): string {
  const of = (report: WorldReport, kind: string): WorldReport['faults'][number] => report.faults.find((one) => one.kind === kind) ?? { kind, tried: 0, missed: 0, losses: 0 };
  const lines = [`| fault | ${reports.map(({ world }) => `${world}: tried (missed) | losses`).join(' | ')} |`, `|---|${reports.map(() => '---:|---:').join('|')}|`];
  for (const kind of FAULT_KINDS) {
    const cells = reports.map((report) => of(report, kind));
    if (cells.every(({ tried }) => tried === 0)) continue;
    lines.push(`| ${describeKind(kind)} (\`${kind}\`) | ${cells.map(({ tried, missed, losses }) => (tried === 0 ? '– | –' : `${tried} (${missed}) | ${losses}`)).join(' | ')} |`);
  }
  const sum = (report: WorldReport, key: 'tried' | 'missed'): number => report.faults.reduce((total, one) => total + one[key], 0);
  lines.push(`| **all** | ${reports.map((report) => `**${sum(report, 'tried')}** (${sum(report, 'missed')}) | **${report.losses.length}**`).join(' | ')} |`);
  lines.push('', `| invariant | ${reports.map(({ world }) => `${world}: losses`).join(' | ')} |`, `|---|${reports.map(() => '---:').join('|')}|`);
  for (const invariant of INVARIANTS) lines.push(`| ${invariant} | ${reports.map(({ losses }) => losses.filter((loss) => loss.invariant === invariant).length).join(' | ')} |`);
  for (const { world, settledAfterMs, starts, requests, clients, killedBefore, swept, sweptFrom, leftBehind } of reports) {
    const points = Object.keys(killedBefore).length;
    const kills = Object.values(killedBefore).reduce((total, count) => total + count, 0);
    lines.push('', `${world}: ${starts} starts of daemons; ${requests.done} requests done, ${requests.refused} refused, ${requests.unanswered} unanswered; killed ${kills} times at ${points} different calls; all where it was wanted ${settledAfterMs === undefined ? 'never' : `${(settledAfterMs / 1000).toFixed(1)} s`} after the last fault.`);
    if (clients.asked > 0) lines.push('', `${world}: ${clients.answered} of ${clients.asked} clients that asked in a crowd were answered.`);
    const left = Object.entries(leftBehind);
    if (left.length > 0) lines.push('', `${world}: left down by systemd for what they require, and started by the operator: ${left.map(([why, count]) => `${count} (${why})`).join(', ')}.`);
    const ways = Object.entries(swept).filter(([, last]) => last >= sweptFrom);
    const since = sweptFrom === 1 ? '' : ` from ${sweptFrom} on`;
    if (ways.length > 0) lines.push('', `${world}: killed at each fault point${since} of ${ways.map(([way, last]) => `${way} (${last})`).join(', ')}.`);
    for (const [way, last] of Object.entries(swept)) if (last < sweptFrom) lines.push('', `${world}: ${way} has no call from ${sweptFrom} on.`);
  }
  return `${lines.join('\n')}\n`;
}

/** Kinds of which a storm says nothing: none of that kind has hit. */
export function unhitLines(report: WorldReport, only?: readonly FaultKind[]): readonly string[] {
  return kindsOf(report.world, only).flatMap((kind) => {
    const { tried, missed } = report.faults.find((one) => one.kind === kind) ?? { tried: 0, missed: 0 };
    return tried > missed ? [] : [`nothing hit (${report.world}): ${kind}, tried ${tried} times`];
  });
}

export function lossLines(report: WorldReport): readonly string[] {
  return report.losses.map(({ invariant, at, what, after }) => `loss (${report.world}): ${invariant}: ${what}; ${(at / 1000).toFixed(3)} s after the begin, after fault ${after === undefined ? 'none' : `${after.step} ${after.kind}`}`);
}
