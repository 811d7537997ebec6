/** `watchkeeper events` */
import { requireDaemon } from '../../core/catalogue.js';
import { START_THE_WATCHER, WatchkeeperError } from '../../core/errors.js';
import { escapeControl } from '../../core/escape.js';
import { jsonLine } from '../../core/printable.js';
import type { NewsItem } from '../../ports/journal.js';
import type { Handler } from './command.js';
import { lineCount } from './line-count.js';
import { localTime } from './local-time.js';

const DEFAULT_LINES = 20;
const MAX_REASON = 1000;
/** As many as the watcher keeps at hand: of these, one daemon's are picked. */
const ALL = 1000;

export const events: Handler = async (call, session) => {
  const { means } = session;
  const config = call.value('config');
  const limit = lineCount('show events', call.value('lines'), DEFAULT_LINES);
  const wanted = new Set<string>();
  if (call.args.length > 0) {
    const { catalogue } = await means.configuration(config);
    for (const name of call.args) wanted.add(requireDaemon(catalogue, name).name);
  }
  const show = call.flag('json') ? jsonLine : newsLine;
  const past: NewsItem[] = [];
  const picked = (item: NewsItem): boolean => wanted.size === 0 || wanted.has(item.daemon);
  const client = await means.client(config);
  if (client === undefined) {
    if (call.flag('follow')) throw new WatchkeeperError('WATCHER_ABSENT', 'cannot follow events', 'no watcher is running', START_THE_WATCHER);
    session.err('watchkeeper: no watcher runs; these are the events of earlier ones');
    past.push(...(await means.ownEvents(config)).filter(picked));
  } else {
    await client.events({ limit: ALL, follow: false }, (item) => {
      if (picked(item)) past.push(item);
    });
  }
  if (limit > 0) for (const item of past.slice(-limit)) session.out(show(item));
  if (client === undefined || !call.flag('follow')) return 0;
  const last = past.at(-1)?.id ?? 0;
  // What came between the two questions is at the beginning of the second answer.
  await client.events({ limit: ALL, follow: true }, (item) => {
    if (item.id > last && picked(item)) session.out(show(item));
  });
  return 0;
};

/** "2026-11-21 09:41:07.123 web crash: killed by SIGKILL" in local time. */
export function newsLine(item: NewsItem): string {
  const ms = String(new Date(item.at).getMilliseconds()).padStart(3, '0');
  return `${localTime(item.at)}.${ms} ${item.daemon} ${item.news}: ${escapeControl(item.reason, MAX_REASON)}`;
}
