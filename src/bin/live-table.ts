/** The table of a watcher that runs on a terminal. */
import type { Terminal } from '../cli/watchkeeper/command.js';
import type { WatcherInfo } from '../ports/control-service.js';
import type { NewsItem } from '../ports/journal.js';
import type { Guardian } from './compose-guardian.js';

export async function liveTable(guardian: Guardian, journal: { recent(limit: number): readonly NewsItem[] }, terminal: Terminal, info: () => WatcherInfo, hints: readonly string[]): Promise<{ finish(): Promise<void> }> {
  const { showLiveTable } = await import('../cli/watchkeeper/live-table.js');
  const { headline } = await import('../cli/watchkeeper/status.js');
  return showLiveTable(
    { status: () => guardian.status(guardian.names()), recentNews: (limit) => journal.recent(limit) },
    process.stdout,
    { title: headline({ schemaVersion: 1, watcher: info(), roles: [], daemons: {} }), hints, colour: terminal.colour },
  );
}
