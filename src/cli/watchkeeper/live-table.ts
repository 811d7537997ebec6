/** The live table of `watchkeeper run --table`: daemons, the last news, what to try. */
import { createLogUpdate } from 'log-update';

import type { DaemonStatus } from '../../core/daemon-status.js';
import type { NewsItem } from '../../ports/journal.js';
import { newsLine } from './events.js';
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

export interface LiveTable {
  /** Draws how it ended, and gives the terminal back. */
  finish(): Promise<void>;
}

export function showLiveTable(source: LiveTableSource, terminal: NodeJS.WriteStream, options: LiveTableOptions): LiveTable {
  const draw = createLogUpdate(terminal, { showCursor: false });
  let drawing = false;

  const refresh = async (): Promise<void> => {
    // A slow terminal must not pile up frames.
    if (drawing) return;
    drawing = true;
    try {
      const daemons = await source.status();
      // Some terminals have no size yet.
      const width = terminal.columns > 0 ? terminal.columns : 80;
      const news = source.recentNews(NEWS_LINES).map((item) => newsLine(item).slice(0, width - 1));
      const style = { colour: options.colour, width: width - 1 };
      const table = [...statusTable(daemons, style), ...warningLines(daemons, style)];
      draw([options.title, '', ...table, '', ...news, '', ...options.hints].join('\n'));
    } finally {
      drawing = false;
    }
  };

  const timer = setInterval(() => void refresh(), REFRESH);
  void refresh();
  return {
    finish: async () => {
      clearInterval(timer);
      await refresh();
      draw.done();
    },
  };
}
