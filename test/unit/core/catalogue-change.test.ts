import { expect } from 'chai';

import { describe as inWords } from '../../../src/cli/watchkeeper/reload.js';
import { catalogueChanges, entryChanges } from '../../../src/core/catalogue-change.js';
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

  it('says of tasks and hooks that a reload ran nothing', () => {
    const task = taskSpec('backup', { schedule: '@daily' });
    const words = entryChanges('task', [task, taskSpec('gone')], [{ ...task, timeout: 1 }, taskSpec('fresh')]).map(inWords);
    expect(words).to.deep.equal(['task backup: timeout changed; in force from its next run on', 'task fresh: new; planned from now on, nothing was run', 'task gone: no longer run; a run that is under way goes on']);
    expect(entryChanges('hook', [], [{ name: 'mail' }]).map(inWords)).to.deep.equal(['hook mail: new; in force from the next event on']);
  });
});
