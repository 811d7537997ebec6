import { expect } from 'chai';

import { describe as inWords } from '../../../src/cli/watchkeeper/reload.js';
import { catalogueChanges, entryChanges, groupChanges, waitsForRestart } from '../../../src/core/catalogue-change.js';
import { catalogueOf } from '../../support/control-fakes.js';
import { daemonSpec } from '../../support/daemon-spec.js';
import { taskSpec } from '../../support/task-world.js';

describe('core/catalogue-change', () => {
  it('names what was added, removed and changed, by its keys; the order of entries is no change', () => {
    const [web, db, old] = [daemonSpec({ name: 'web' }), daemonSpec({ name: 'db' }), daemonSpec({ name: 'old' })];
    expect(catalogueChanges(catalogueOf([web, db]), catalogueOf([db, web]))).to.deep.equal([]);
    const after = catalogueOf([{ ...db, stopTimeout: db.stopTimeout + 1, arguments: [...db.arguments, 'x'] }, daemonSpec({ name: 'new' }), { ...web }]);
    const changes = catalogueChanges(catalogueOf([web, db, old]), after);
    expect(changes.map(({ of, kind, name }) => `${of} ${kind} ${name}`)).to.have.members(['daemon changed db', 'daemon added new', 'daemon removed old']);
    expect(changes.find(({ name }) => name === 'db')).to.have.property('keys').with.members(['stopTimeout', 'arguments']);
  });

  it('tells apart what of the group is in force at once, and what when the watcher is restarted', () => {
    const { group: begun } = catalogueOf([]);
    const refusals = [{ code: 'no-quorum', output: 'too few votes', reason: 'r', next: 'n' }] as const;
    const both = { ...begun, refusals, notMasterExitStatus: begun.notMasterExitStatus + 1, target: 'other.target' };
    expect(groupChanges(begun, begun, { ...begun })).to.deep.equal([]);
    expect(groupChanges(begun, begun, both).map(inWords)).to.have.members([
      `group ${begun.name}: notMasterExitStatus, refusals changed; in force from now on; of what runs, from its next start on`,
      `group ${begun.name}: target changed; in force when the watcher is restarted`,
    ]);
    // Still, by the next reload; what is gone again is a change, too.
    expect(groupChanges(begun, both, { ...begun, target: 'other.target' }).map((change) => 'keys' in change && [...change.keys].sort())).to.deep.equal([['notMasterExitStatus', 'refusals'], ['target']]);
    expect(groupChanges(begun, both, both)).to.have.length(1);
    expect([waitsForRestart(begun, both), waitsForRestart(begun, begun)]).to.deep.equal([['target'], []]);
  });

  it('says of tasks and hooks that a reload ran nothing', () => {
    const task = taskSpec('backup', { schedule: '@daily' });
    const words = entryChanges('task', [task, taskSpec('gone')], [{ ...task, timeout: 1 }, taskSpec('fresh')]).map(inWords);
    expect(words).to.deep.equal(['task backup: timeout changed; in force from its next run on', 'task fresh: new; planned from now on, nothing was run', 'task gone: no longer run; a run that is under way goes on']);
    expect(entryChanges('hook', [], [{ name: 'mail' }]).map(inWords)).to.deep.equal(['hook mail: new; in force from the next event on']);
  });
});
