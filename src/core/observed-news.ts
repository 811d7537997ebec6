/** What a change of a daemon means to people, where its service manager restarts it: pure. */
import { describeExit } from './exit-status.js';
import type { Observation } from './observation.js';
import { NOT_MASTER } from './outcome.js';
import type { NewsKind } from './supervision-state.js';

export interface NewsGround {
  /** Somebody else tries on where the service manager gives up. */
  readonly slowAttempts: boolean;
  /** GroupSpec.notMasterExitStatus */
  readonly notMaster: number;
}

export interface ObservedNews {
  readonly news: NewsKind;
  readonly reason: string;
}

/**
 * @param before what was told of it last; undefined: nothing yet
 * @returns in the order in which it happened; what came and went between two looks is told as far as it can be known
 */
export function observedNews(before: Observation | undefined, after: Observation, { slowAttempts, notMaster }: NewsGround): readonly ObservedNews[] {
  if (before === undefined) return after.state === 'running' ? [{ news: 'adopted', reason: after.reason }] : [];
  const ending = after.lastExit === undefined ? after.reason : `${describeExit(after.lastExit)}; ${after.reason}`;
  const restarted = (after.restarts ?? 0) > (before.restarts ?? 0);
  const waited = before.awaitsRestart === true;
  const waits = after.awaitsRestart === true;
  const isDown = after.state === 'failed' || after.state === 'stopped';
  // No failure, whatever the unit takes it for.
  if (isDown && before.state !== after.state && after.lastExit?.kind === 'exited' && after.lastExit.status === notMaster) return [{ news: 'stopped', reason: `${NOT_MASTER}: ${after.reason}` }];
  if (after.state === 'failed') return before.state === 'failed' && !restarted ? [] : failure({ before, after, ending, restarted, waited }, slowAttempts);
  const news: ObservedNews[] = [];
  if (restarted && !waited) news.push({ news: 'crash', reason: `it ended: ${ending}` });
  if (restarted) news.push({ news: 'restart', reason: `systemd restarts it: ${ending}` });
  // It has run since, or systemd 257 counts the restart a moment before it begins with it.
  const diedAgain = restarted && !(waited && before.run !== undefined && before.run === after.run);
  if (waits && (diedAgain || !waited)) news.push({ news: 'crash', reason: ending });
  const isTold = waits || (restarted && after.state === 'starting');
  if (before.state !== after.state && !isTold) news.push(change(after));
  return news;
}

interface Failure {
  readonly before: Observation;
  readonly after: Observation;
  readonly ending: string;
  readonly restarted: boolean;
  readonly waited: boolean;
}

function failure({ before, after, ending, restarted, waited }: Failure, slowAttempts: boolean): readonly ObservedNews[] {
  const stopped = after.leftDown?.stopped;
  if (stopped !== undefined) return [{ news: 'stopped', reason: `${ending}; ${stopped}` }];
  // Its last death may be told already: then it was refused another start, which was counted as a restart.
  const wasTold = before.lastExit !== undefined && before.run === after.run;
  const news: ObservedNews[] = [];
  if (restarted && before.run !== after.run) news.push({ news: 'restart', reason: `systemd restarts it: ${ending}` });
  if (!wasTold) news.push({ news: 'crash', reason: ending });
  if ((waited || (after.restarts ?? 0) > 0) && !slowAttempts) news.push({ news: 'given-up', reason: `systemd has given it up: ${ending}` });
  return news;
}

function change({ state, reason }: Observation): ObservedNews {
  switch (state) {
    case 'running':
      return { news: 'ready', reason };
    case 'starting':
      return { news: 'start', reason };
    case 'stopping':
      return { news: 'stop', reason };
    case 'stopped':
    case 'failed':
      return { news: 'stopped', reason };
  }
}
