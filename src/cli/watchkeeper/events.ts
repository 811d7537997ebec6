/** `watchkeeper events` */
import { WatchkeeperError } from '../../core/errors.js';
import { escapeControl } from '../../core/escape.js';
import { jsonLine, quoted } from '../../core/printable.js';
import type { NewsItem } from '../../ports/journal.js';
import type { Handler } from './command.js';

const DEFAULT_LINES = 20;
const MAX_REASON = 1000;

export const events: Handler = async (call, session) => {
  const limit = lineCount(call.value('lines'));
  const client = await session.means.client(call.value('config'));
  if (client === undefined) {
    throw new WatchkeeperError('WATCHER_ABSENT', 'cannot show events', 'no watcher is running', 'watchkeeper run');
  }
  const show = call.flag('json') ? jsonLine : newsLine;
  await client.events({ limit, follow: call.flag('follow') }, (item) => session.out(show(item)));
  return 0;
};

function lineCount(text: string | undefined): number {
  if (text === undefined) return DEFAULT_LINES;
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new WatchkeeperError('USAGE', 'cannot show events', `--lines needs a whole number, not ${quoted(text)}`, 'watchkeeper events --lines 50');
}

/** "2026-11-21 09:41:07.123 web crash: killed by SIGKILL" in local time. */
export function newsLine(item: NewsItem): string {
  return `${localTime(new Date(item.at))} ${item.daemon} ${item.news}: ${escapeControl(item.reason, MAX_REASON)}`;
}

function localTime(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const ms = String(date.getMilliseconds()).padStart(3, '0');
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${ms}`;
}
