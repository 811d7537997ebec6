/** What the log of a watcher that begins says of daemons that somebody has stopped: who finds them down reads it there. Pure. */
import type { DaemonSpec } from './daemon.js';
import { saidDown, type DesiredRecord } from './desired-state.js';

const MOST_NAMES = 10;
const MOST_REASONS = 2;
const LONGEST_REASON = 150;

/**
 * Those that their entry of the catalogue keeps down (`boot: never`) are as they should be, and not told.
 *
 * @returns "wanted down: web, db (stopped by daemon-util stop-all (uid 0, pid 4711)); try: daemon-util start-all"; undefined: there are none
 */
export function wantedDownLine(specs: readonly DaemonSpec[], recordOf: (name: string) => DesiredRecord | undefined, bootId: string): string | undefined {
  const down = specs.flatMap((spec) => {
    const wanted = saidDown(spec, recordOf(spec.name), bootId);
    return wanted === undefined ? [] : [{ spec, ...wanted }];
  });
  if (down.length === 0) return undefined;
  const reasons = [...new Set(down.map(({ reason }) => reason.slice(0, LONGEST_REASON)))];
  const names = down.map(({ spec }) => spec.name);
  // A hold, which may be the cluster's, is not for a start of all to end, nor for a tip.
  const startable = down.filter(({ held }) => !held).map(({ spec }) => spec);
  return `wanted down: ${first(names, MOST_NAMES)} (${first(reasons, MOST_REASONS)}); try: ${whatStarts(startable)}`;
}

function first(texts: readonly string[], most: number): string {
  const more = texts.length - most;
  return `${texts.slice(0, most).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function whatStarts(specs: readonly DaemonSpec[]): string {
  const [only] = specs;
  if (only === undefined) return 'watchkeeper status';
  if (specs.length === 1) return `daemon-util start ${only.name}`;
  return specs.every(({ onDemand }) => onDemand) ? 'daemon-util start NAME' : 'daemon-util start-all';
}
