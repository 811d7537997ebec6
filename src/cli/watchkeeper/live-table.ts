/** The live table of `watchkeeper run --table`: daemons, the last news, what to try. */
import type { DaemonStatus } from '../../core/daemon-status.js';
import type { NewsItem } from '../../ports/journal.js';
import { newsLine } from './events.js';
import { showLive, type Live } from './live.js';
import { statusTable, warningLines } from './status-table.js';

export interface LiveTableSource {
  status(): Promise<readonly DaemonStatus[]>;
  recentNews(limit: number): readonly NewsItem[];
}

export interface LiveTableOptions {
  readonly title: string;
  /** Lines under the table: what one can type. */
  readonly hints: readonly string[];
  readonly colour: boolean;
}

const REFRESH = 250;
const NEWS_LINES = 8;

export function showLiveTable(source: LiveTableSource, terminal: NodeJS.WriteStream, options: LiveTableOptions): Live {
  return showLive(terminal, REFRESH, async ({ width }) => {
    const daemons = await source.status();
    const news = source.recentNews(NEWS_LINES).map((item) => newsLine(item).slice(0, width));
    const style = { colour: options.colour, width };
    return [options.title, '', ...statusTable(daemons, style), ...warningLines(daemons, style), '', ...news, '', ...options.hints];
  });
}
