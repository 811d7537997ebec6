/** What is particular about a watcher that is the main process of a container. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { readStat } from '../adapters/host/proc.js';
import { within } from '../app/within.js';
import type { Catalogue } from '../core/catalogue.js';
import type { DaemonSpec } from '../core/daemon.js';
import { WatchkeeperError } from '../core/errors.js';
import { stopShare, stopsThatFollow } from '../core/stop-budget.js';
import type { Clock } from '../ports/clock.js';
import type { NewsItem } from '../ports/journal.js';
import type { Log } from '../ports/log.js';
import type { ProcessTable } from '../ports/process-table.js';
import type { Guardian } from './compose-guardian.js';

/** EX_UNAVAILABLE of sysexits(3): an essential daemon was given up. */
export const EXIT_ESSENTIAL_GIVEN_UP = 69;
/** Of the budget: ms, and the least share, that the last SIGKILL and our own end get. */
const RESERVE = 1000;

/** ms of the budget for what is to end; the rest is for the last SIGKILL and our own end. */
export function usableBudget(budget: number): number {
  return budget - Math.min(RESERVE, budget / 5);
}

export function refuseProcessOne(): never {
  throw new WatchkeeperError(
    'NO_INIT',
    'cannot run',
    'as process 1 of a container it would have to reap the processes of others, which Node cannot',
    "an init: scripts/watchkeeper brings its own where perl is; docker run --init; tini, dumb-init or catatonit as the entrypoint's first word",
  );
}

/** A container that is started again keeps its files, and its host's boot id; all else begins anew. */
export function containerBoot(bootId: string): string {
  return `${bootId}/${readStat(1)?.startTicks ?? 0}`;
}

/** So an essential daemon that was given up is tried again by a container that is started again. */
export function forgetEarlierLife(runtime: string): void {
  rmSync(join(runtime, 'memory'), { recursive: true, force: true });
}

/** The reason to end, where the news is one. */
export function fatalNews(item: NewsItem, catalogue: Catalogue): string | undefined {
  const essential = item.news === 'given-up' && catalogue.daemons.some(({ name, essential }) => essential && name === item.daemon);
  return essential ? `the essential daemon ${item.daemon} was given up: ${item.reason}` : undefined;
}

export interface ContainerStop {
  readonly guardian: Guardian;
  readonly catalogue: Catalogue;
  readonly processes: ProcessTable;
  readonly clock: Clock;
  readonly log: Log;
  /** ms for all of it */
  readonly budget: number;
  readonly by: string;
  /** Told before the first is stopped; given so many ms at most. */
  readonly announce: (limit: number) => Promise<void>;
  /** What else comes to its end meanwhile, and is waited for as long as there is time. */
  readonly beside: Promise<unknown>;
}

/** In reverse order; whatever the daemons do, it comes back within the budget. */
export async function stopWithin({ guardian, catalogue, processes, clock, log, budget, by, announce, beside }: ContainerStop): Promise<void> {
  const deadline = clock.monotonic() + usableBudget(budget);
  const left = (): number => deadline - clock.monotonic();
  await announce(budget / 5);
  const following = stopsThatFollow(catalogue.daemons);
  const inTime = (spec: DaemonSpec): DaemonSpec => ({ ...spec, stopTimeout: stopShare(spec.stopTimeout, following.get(spec.name) ?? 0, left()) });
  const stopped = await within(clock, left(), guardian.stopAll(by, inTime));
  await within(clock, left(), beside);
  if (stopped) return;
  const rest = (await guardian.status(guardian.names())).filter(({ pid }) => pid !== null);
  log.warn({ daemons: rest.map(({ name }) => name), budget }, 'container.stopBudget is used up; kills the rest');
  for (const { pid } of rest) {
    const process = processes.identify(pid ?? 0);
    if (process === undefined) continue;
    for (const target of [...processes.sessionMembers(process), process]) processes.signal(target, 'SIGKILL');
  }
}
