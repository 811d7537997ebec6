/** `watchkeeper history` */
import { requireDaemon } from '../../core/catalogue.js';
import { formatDuration, parseDuration } from '../../core/duration.js';
import { WatchkeeperError } from '../../core/errors.js';
import { TIMELINE_WORDS, timeIn, timeline, timelineWord, type HistoryInterval, type TimelineWord } from '../../core/history.js';
import { jsonLine, quoted } from '../../core/printable.js';
import type { Call, Handler, Session } from './command.js';
import { localTime } from './local-time.js';
import { paints, type Paint, type Paints } from './paint.js';

const DAY = 86_400_000;
const LONGEST = 365 * DAY;
const FEWEST_SLOTS = 20;
const MOST_SLOTS = 120;
/** Columns of a terminal that does not tell. */
const USUAL_WIDTH = 80;
const CHANGES_SHOWN = 15;

/** A shape for each word, so that no colour is needed: the higher, the better. */
const SHAPES: Readonly<Record<TimelineWord, readonly [utf8: string, ascii: string]>> = {
  up: ['█', '#'],
  degraded: ['▆', '+'],
  starting: ['▄', '/'],
  stopping: ['▄', '\\'],
  waiting: ['▃', '~'],
  'backing-off': ['▂', '-'],
  'crash-loop': ['▁', '_'],
  failed: ['✗', 'x'],
  paused: ['=', '='],
  stopped: ['·', '.'],
  unknown: [' ', ' '],
};

export const history: Handler = async (call, session) => {
  const { means } = session;
  const { catalogue } = await means.configuration(call.value('config'));
  const names = call.args.length === 0 ? catalogue.daemons.map(({ name }) => name) : call.args.map((name) => requireDaemon(catalogue, name).name);
  const to = means.now();
  const from = to - since(call);
  const all = await means.history(call.value('config'), from, to);
  if (call.flag('json')) {
    const daemons = Object.fromEntries(names.map((name) => [name, all.get(name) ?? []]));
    session.out(jsonLine({ schemaVersion: 1, from, to, daemons }));
    return 0;
  }
  show(session, names, all, { from, to });
  const [only] = names;
  if (call.args.length === 1 && only !== undefined) for (const line of changes(all.get(only) ?? [], to)) session.out(line);
  return 0;
};

interface Span {
  readonly from: number;
  readonly to: number;
}

function show(session: Session, names: readonly string[], all: ReadonlyMap<string, readonly HistoryInterval[]>, { from, to }: Span): void {
  const { terminal } = session.means;
  const paint = paints(terminal.colour);
  const width = Math.max('DAEMON'.length, ...names.map((name) => name.length));
  const slots = Math.min(MOST_SLOTS, Math.max(FEWEST_SLOTS, (terminal.columns ?? USUAL_WIDTH) - width - ' 100.00 %'.length - 4));
  session.out(paint.bold(`${'DAEMON'.padEnd(width)}  ${axis(from, to, slots)}  UP`));
  const seen = new Set<TimelineWord>();
  for (const name of names) {
    const intervals = all.get(name) ?? [];
    const words = timeline(intervals, from, to, slots);
    for (const word of words) seen.add(word);
    session.out(`${name.padEnd(width)}  ${drawn(words, terminal.utf8, paint)}  ${share(intervals)}`);
  }
  const legend = TIMELINE_WORDS.filter((word) => word !== 'unknown' && seen.has(word)).map((word) => `${painted(word, paint)(shape(word, terminal.utf8))} ${word}`);
  session.out(paint.dim(`${formatDuration((to - from) / slots)} a sign; blank: no watcher saw it`) + (legend.length === 0 ? '' : `; ${legend.join('  ')}`));
}

/** "09:41                       09:41", as wide as the line below it. */
function axis(from: number, to: number, slots: number): string {
  const clock = (at: number): string => (to - from > DAY ? localTime(at).slice(5, 16) : localTime(at).slice(11, 16));
  const [left, right] = [clock(from), clock(to)];
  return left + ' '.repeat(Math.max(1, slots - left.length - right.length)) + right;
}

/** Neighbours of one colour share one escape sequence. */
function drawn(words: readonly TimelineWord[], utf8: boolean, paint: Paints): string {
  let line = '';
  let run = '';
  words.forEach((word, index) => {
    run += shape(word, utf8);
    const next = words[index + 1];
    if (next !== undefined && painted(next, paint) === painted(word, paint)) return;
    line += painted(word, paint)(run);
    run = '';
  });
  return line;
}

function shape(word: TimelineWord, utf8: boolean): string {
  const [wide, plain] = SHAPES[word];
  return utf8 ? wide : plain;
}

function painted(word: TimelineWord, paint: Paints): Paint {
  switch (word) {
    case 'up':
      return paint.green;
    case 'failed':
    case 'crash-loop':
      return paint.red;
    case 'stopped':
    case 'unknown':
      return paint.dim;
    case 'paused':
      return paint.cyan;
    default:
      return paint.yellow;
  }
}

/** Of the known time in which it was to be up. */
function share(intervals: readonly HistoryInterval[]): string {
  const times = timeIn(intervals.filter(({ desired }) => desired === 'up'));
  const wanted = [...times.values()].reduce((sum, time) => sum + time, 0);
  if (wanted === 0) return '-';
  const up = (times.get('up') ?? 0) + (times.get('degraded') ?? 0);
  // Not rounded up: 100 % is said of what was never down.
  const percent = Math.floor((10_000 * up) / wanted) / 100;
  return `${percent.toFixed(percent === 100 ? 0 : 2)} %`;
}

function changes(intervals: readonly HistoryInterval[], now: number): readonly string[] {
  if (intervals.length === 0) return [];
  const shown = intervals.slice(-CHANGES_SHOWN);
  const width = Math.max(...shown.map((interval) => timelineWord(interval).length));
  const left = intervals.length - shown.length;
  const lines = shown.map((interval) => {
    const lasts = interval.to === now ? `for ${formatDuration(now - interval.from)} now` : `for ${formatDuration(interval.to - interval.from)}`;
    return `${localTime(interval.from)}  ${timelineWord(interval).padEnd(width)}  ${lasts}`;
  });
  return ['', ...(left === 0 ? [] : [`(${left} changes before these; --json has them all)`]), ...lines];
}

function since(call: Call): number {
  const given = call.value('since');
  if (given === undefined) return DAY;
  const time = parseDuration(given);
  if (time !== undefined && time >= 1000 && time <= LONGEST) return time;
  throw new WatchkeeperError('USAGE', 'cannot show the history', `--since needs a time such as 30m, 24h or 7d, not ${quoted(given)}`, 'watchkeeper history --since 24h');
}
