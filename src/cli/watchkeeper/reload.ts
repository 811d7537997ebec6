/** `watchkeeper reload` */
import type { CatalogueChange } from '../../core/catalogue-change.js';
import { WatchkeeperError } from '../../core/errors.js';
import { jsonLine } from '../../core/printable.js';
import type { Handler } from './command.js';

export const reload: Handler = async (call, session) => {
  const client = await session.means.client(call.value('config'));
  if (client === undefined) {
    throw new WatchkeeperError('WATCHER_ABSENT', 'cannot reload', 'no watcher is running', 'watchkeeper run; daemon-util reads the configuration at each call by itself');
  }
  const changes = await client.reload();
  if (call.flag('json')) session.out(jsonLine({ schemaVersion: 1, changes }));
  else if (changes.length === 0) session.out('nothing changed');
  else for (const change of changes) session.out(describe(change));
  return 0;
};

export function describe(change: CatalogueChange): string {
  switch (change.kind) {
    case 'added':
      return `${change.name}: new; start it by daemon-util start ${change.name}`;
    case 'removed':
      return `${change.name}: no longer watched; what runs of it was left alone`;
    case 'changed':
      return `${change.name}: ${change.keys.join(', ')} changed; in force from its next start on, restart policy at once`;
  }
}
