/** `watchkeeper status --watch`: the table, live, with or without a watcher, through its restarts. */
import type { DaemonStatus } from '../../core/daemon-status.js';
import { WatchkeeperError } from '../../core/errors.js';
import type { StatusAnswer } from '../../ports/watcher-client.js';
import type { Means } from './command.js';
import { showLive, type Size } from './live.js';
import { localTime } from './local-time.js';
import { daemonsOf, titleLines } from './status.js';
import { pauseLines, statusTable, warningLines } from './status-table.js';

const REFRESH = 1000;
/** Of a watcher that just ends, an answer may be cut off; this often in a row it is a fault. */
const MOST_FAILURES = 5;

/** @returns 0 once somebody presses Ctrl-C */
export async function watchStatus(ask: () => Promise<StatusAnswer>, { terminal, now }: Pick<Means, 'terminal' | 'now'>): Promise<number> {
  let failures = 0;
  let last: readonly string[] = [];
  let failed: (error: unknown) => void = () => undefined;
  const broken = new Promise<never>((_resolve, reject) => (failed = reject));
  const ended = new Promise<number>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve(0));
  });
  const live = showLive(process.stdout, REFRESH, async (size) => {
    try {
      last = frame(await ask(), { ...size, colour: terminal.colour, now: now() });
      failures = 0;
    } catch (error) {
      failures += 1;
      if (!(error instanceof WatchkeeperError) || failures >= MOST_FAILURES) failed(error);
    }
    return last;
  });
  try {
    return await Promise.race([ended, broken]);
  } finally {
    await live.finish();
  }
}

interface Screen extends Size {
  readonly colour: boolean;
  /** ms since the epoch */
  readonly now: number;
}

/** Cut to what is seen at once; what is not as it is wanted comes first then. */
export function frame(answer: StatusAnswer, { width, height, colour, now }: Screen): readonly string[] {
  const daemons = daemonsOf(answer);
  const style = { colour, width };
  const below = [...pauseLines(daemons, style), ...warningLines(daemons, style)].slice(0, Math.max(0, Math.floor(height / 3)));
  const title = titleLines(answer, style, now);
  // Headings, an empty line and the foot.
  const room = Math.max(1, height - title.length - below.length - 3);
  const fits = daemons.length <= room;
  const shown = fits ? daemons : [...daemons].sort((a, b) => trouble(b) - trouble(a)).slice(0, room - 1);
  const rest = daemons.length - shown.length;
  const more = fits ? [] : [`… and ${rest} more${shown.every((daemon) => trouble(daemon) > 0) ? '' : ', all as they are wanted'}`];
  return [...title, ...statusTable(shown, style), ...more, ...below, '', `${localTime(now)}   Ctrl-C ends this`.slice(0, width)];
}

function trouble({ observed, desired }: DaemonStatus): number {
  if (observed === 'given-up' || observed === 'failed' || observed === 'crash-loop') return 3;
  if (desired === 'up' ? observed === 'running' : observed === 'stopped') return 0;
  return observed === 'running' ? 1 : 2;
}
