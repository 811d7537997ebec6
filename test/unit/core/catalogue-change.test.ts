import { expect } from 'chai';

import { describe as inWords } from '../../../src/cli/watchkeeper/reload.js';
import { catalogueChanges, changesBesideDaemons, entryChanges, waitsForRestart, type ConfigurationParts } from '../../../src/core/catalogue-change.js';
import type { GroupSpec } from '../../../src/core/daemon.js';
import type { Settings } from '../../../src/core/settings.js';
import { catalogueOf } from '../../support/control-fakes.js';
import { daemonSpec } from '../../support/daemon-spec.js';
import { taskSpec } from '../../support/task-world.js';

const SETTINGS: Settings = {
  paths: { runtime: '/run/wk', state: '/var/lib/wk', log: '/var/log/wk' },
  log: { level: 'info', format: 'auto' },
  serviceManager: 'auto',
  lockTimeout: 30_000,
  controlTimeout: 5000,
  heartbeatInterval: 2000,
  pauseFile: undefined,
  hooksDirectory: '/etc/wk/hooks.d',
  container: { stopBudget: 8000 },
  output: { maxBytes: 1_000_000, files: 3 },
  watcherHooks: { directory: undefined, interval: 300_000, timeout: 60_000 },
  web: { listen: undefined, group: undefined, hosts: [], page: true, metrics: true },
};

/** Made anew each time, as a reload does. */
function parts(): ConfigurationParts {
  return { catalogue: catalogueOf([]), settings: structuredClone(SETTINGS), tasks: [], hooks: [] };
}

describe('core/catalogue-change', () => {
  it('names what was added, removed and changed, by its keys; the order of entries is no change', () => {
    const [web, db, old] = [daemonSpec({ name: 'web' }), daemonSpec({ name: 'db' }), daemonSpec({ name: 'old' })];
    expect(catalogueChanges(catalogueOf([web, db]), catalogueOf([db, web]))).to.deep.equal([]);
    const after = catalogueOf([{ ...db, stopTimeout: db.stopTimeout + 1, arguments: [...db.arguments, 'x'] }, daemonSpec({ name: 'new' }), { ...web }]);
    const changes = catalogueChanges(catalogueOf([web, db, old]), after);
    expect(changes.map(({ of, kind, name }) => `${of} ${kind} ${name}`)).to.have.members(['daemon changed db', 'daemon added new', 'daemon removed old']);
    expect(changes.find(({ name }) => name === 'db')).to.have.property('keys').with.members(['stopTimeout', 'arguments']);
  });

  it('tells apart what of the group and the settings is in force at once, and what when the watcher is restarted', () => {
    const begun = parts();
    const { group } = begun.catalogue;
    const refusals = [{ code: 'no-quorum', output: 'too few votes', reason: 'r', next: 'n' }] as const;
    const of = (more: Partial<GroupSpec>): ConfigurationParts => ({ ...begun, catalogue: { ...begun.catalogue, group: { ...group, ...more } } });
    const both = of({ refusals, notMasterExitStatus: group.notMasterExitStatus + 1, target: 'other.target' });
    expect(changesBesideDaemons(begun, begun, parts())).to.deep.equal([]);
    expect(changesBesideDaemons(begun, begun, both).map(inWords)).to.have.members([
      `group ${group.name}: notMasterExitStatus, refusals changed; in force from now on; of what runs, from its next start on`,
      `group ${group.name}: target changed; in force when the watcher is restarted`,
    ]);
    // Still, by the next reload; what is gone again is a change, too.
    expect(changesBesideDaemons(begun, both, of({ target: 'other.target' })).map((change) => 'keys' in change && [...change.keys].sort())).to.deep.equal([['notMasterExitStatus', 'refusals'], ['target']]);
    expect(changesBesideDaemons(begun, both, both)).to.have.length(1);
    const set: ConfigurationParts = { ...both, settings: { ...both.settings, heartbeatInterval: 1, lockTimeout: 1 } };
    expect(changesBesideDaemons(begun, both, set).map(inWords)).to.include.members(['settings: lockTimeout changed; in force from now on', 'settings: heartbeatInterval changed; in force when the watcher is restarted']);
    expect([waitsForRestart(begun, both), waitsForRestart(begun, set), waitsForRestart(begun, begun)]).to.deep.equal([['target'], ['heartbeatInterval', 'target'], []]);
  });

  it('says of tasks and hooks that a reload ran nothing', () => {
    const task = taskSpec('backup', { schedule: '@daily' });
    const words = entryChanges('task', [task, taskSpec('gone')], [{ ...task, timeout: 1 }, taskSpec('fresh')]).map(inWords);
    expect(words).to.deep.equal(['task backup: timeout changed; in force from its next run on', 'task fresh: new; planned from now on, nothing was run', 'task gone: no longer run; a run that is under way goes on']);
    expect(entryChanges('hook', [], [{ name: 'mail' }]).map(inWords)).to.deep.equal(['hook mail: new; in force from the next event on']);
  });
});
