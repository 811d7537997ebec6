/**
 * Whom systemd leaves down for the sake of what he requires, and nobody brings back
 * but an operator. Pure. Everybody else who is down has to come up by himself.
 */
import type { Observation } from './observation.js';

/** The last one of a unit that is inactive and has none any more. */
export interface LastJob {
  /** As in the observations. */
  readonly at: number;
  /** `restart` where the stop was the first half of one. */
  readonly type: string;
  readonly result: string;
}

/** `dependency`: its start failed with that of what it requires, and systemd repeats no such job. `stopped along`: an operator stopped what it requires. */
export type LeftBehind = 'dependency' | 'stopped along';

/** ms that systemd may take longer than whoever asked waited. */
const AFTER_ANSWER = 5000;

export function leftBehind({ at, type, result }: LastJob, required: string, log: readonly Observation[]): LeftBehind | undefined {
  if (result === 'dependency') return 'dependency';
  if (result !== 'done' || (type !== 'stop' && type !== 'restart')) return undefined;
  // Of a restart only the stop is over: its start waited for what it requires, and is called off with a stop of that, which may come later.
  return takenDown(required, log).some(({ from, to }) => at < to && (type === 'restart' || at > from)) ? 'stopped along' : undefined;
}

/** @param journal what systemd tells of its jobs, as `journalctl --output=json` does; a line is of a job's begin or of its end */
export function lastJobOf(journal: string): LastJob | undefined {
  const entries = journal.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Readonly<Record<string, string | undefined>>);
  const last = entries.findLast((entry) => entry['JOB_RESULT'] !== undefined);
  if (last === undefined) return undefined;
  // In µs of CLOCK_MONOTONIC.
  return { at: Number(last['__MONOTONIC_TIMESTAMP']) / 1000, type: last['JOB_TYPE'] ?? '', result: last['JOB_RESULT'] ?? '' };
}

/** While who stopped it. A restart that is done brings back whom it stopped along. */
function takenDown(name: string, log: readonly Observation[]): readonly { readonly from: number; readonly to: number }[] {
  const found: { readonly from: number; readonly to: number }[] = [];
  let from: number | undefined;
  for (const one of log) {
    if ((one.e !== 'ask' && one.e !== 'answer') || one.name !== name || one.verb === 'start') continue;
    if (one.e === 'ask') from = one.at;
    else if (from !== undefined) {
      if (one.verb === 'stop' || one.result !== 'done') found.push({ from, to: one.at + AFTER_ANSWER });
      from = undefined;
    }
  }
  // Nobody has been answered yet.
  return from === undefined ? found : [...found, { from, to: Infinity }];
}
