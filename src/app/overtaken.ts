/**
 * A request for many takes its time, and somebody may say something else of one of
 * them meanwhile. What they are to be is on record before the first turn comes, so
 * that whoever looks when a turn comes sees it: the last word counts.
 */
import type { DaemonSpec } from '../core/daemon.js';
import { failed, ok, type Outcome } from '../core/outcome.js';
import type { Wishes } from './wishes.js';

/** What came of a daemon that is to be left as it is; undefined: nobody has said anything else. */
export type Overtaken = (spec: DaemonSpec) => Outcome | undefined;

/** What is wanted of one alone is written down when its turn comes, and what a shutdown stops not at all. */
export const BY_NOBODY: Overtaken = () => undefined;

/** For a start: who stops one of many wants no failure of the others. */
export function stoppedSince(wishes: Pick<Wishes, 'stopped'>): Overtaken {
  return (spec) => {
    const reason = wishes.stopped(spec);
    return reason === undefined ? undefined : ok(false, reason);
  };
}

/** For a stop: who counts on all being down must hear of it. */
export function startedSince(wishes: Pick<Wishes, 'now'>): Overtaken {
  return (spec) => {
    const { desired, reason } = wishes.now(spec);
    return desired === 'down' ? undefined : failed('canceled', `${reason} while others were stopped`, `daemon-util stop ${spec.name}`);
  };
}

/** To be called under the locks of all of them. @param act for those whose request still stands, one outcome for each */
export async function unlessOvertaken(specs: readonly DaemonSpec[], overtaken: Overtaken, act: (free: readonly DaemonSpec[]) => Promise<readonly Outcome[]>): Promise<readonly Outcome[]> {
  const said = specs.map(overtaken);
  const free = specs.filter((_spec, index) => said[index] === undefined);
  const acted = [...(free.length === 0 ? [] : await act(free))];
  return said.flatMap((outcome) => outcome ?? acted.shift() ?? []);
}
