/** `watchkeeper reload` */
import type { CatalogueChange } from '../../core/catalogue-change.js';
import { START_THE_WATCHER, WatchkeeperError } from '../../core/errors.js';
import { jsonLine } from '../../core/printable.js';
import type { Handler } from './command.js';

export const reload: Handler = async (call, session) => {
  const client = await session.means.client(call.value('config'));
  if (client === undefined) {
    throw new WatchkeeperError('WATCHER_ABSENT', 'cannot reload', 'no watcher is running, and daemon-util reads the configuration at each call by itself', START_THE_WATCHER);
  }
  const changes = await client.reload();
  if (call.flag('json')) session.out(jsonLine({ schemaVersion: 1, changes }));
  else if (changes.length === 0) session.out('nothing changed');
  else for (const change of changes) session.out(describe(change));
  return 0;
};

/** One line, for the terminal and the log. */
export function describe(change: CatalogueChange): string {
  const what = change.kind === 'changed' ? `${change.keys.join(', ')} changed` : change.kind === 'added' ? 'new' : '';
  switch (change.of) {
    case 'daemon':
      if (change.kind === 'removed') return `${change.name}: no longer watched; what runs of it was left alone`;
      return `${change.name}: ${what}; ${change.kind === 'added' ? `start it by daemon-util start ${change.name}` : 'in force from its next start on, restart policy at once'}`;
    case 'task':
      if (change.kind === 'removed') return `task ${change.name}: no longer run; a run that is under way goes on`;
      return `task ${change.name}: ${what}; ${change.kind === 'added' ? 'planned from now on, nothing was run' : 'in force from its next run on'}`;
    case 'group':
      return `group ${change.name}: ${what}; in force ${change.kind === 'changed' && change.inForce === 'restart' ? 'when the watcher is restarted' : 'from now on; of what runs, from its next start on'}`;
    case 'settings':
      return `settings: ${what}; in force ${change.kind === 'changed' && change.inForce === 'restart' ? 'when the watcher is restarted' : 'from now on'}`;
    case 'hook':
      return `hook ${change.name}: ${change.kind === 'removed' ? 'no longer run' : `${what}; in force from the next event on`}`;
  }
}
