import { expect } from 'chai';

import { mastersObjection, uniqueCloneObjection } from '../../../src/core/ocf-clone.js';

const BEGINS = ['start', 'promote', 'migrate_to', 'migrate_from', 'validate-all'];
/** These must tell the truth, and end what runs, whatever the resource was made meanwhile. */
const GOES_ON = ['stop', 'demote', 'monitor', 'reload', 'reload-agent'];

function told(meta: Readonly<Record<string, string>>): { meta: (name: string) => string | undefined } {
  return { meta: (name) => meta[name] };
}

describe('a clone of a resource', () => {
  it('may be anonymous, or none at all', () => {
    for (const action of [...BEGINS, ...GOES_ON]) {
      expect(uniqueCloneObjection(action, told({}), 'daemon web'), action).to.equal(undefined);
      expect(uniqueCloneObjection(action, told({ clone: '1', globally_unique: 'false' }), 'daemon web'), action).to.equal(undefined);
    }
  });

  it('is not begun where it is globally unique, whatever a node may have of it', () => {
    for (const most of ['1', '2']) {
      const call = told({ clone: '0', globally_unique: 'true', clone_node_max: most });
      for (const action of BEGINS) expect(uniqueCloneObjection(action, call, 'daemon web'), action).to.match(/^daemon web is one thing on each node, .*globally-unique=false$/);
      for (const action of GOES_ON) expect(uniqueCloneObjection(action, call, 'daemon web'), action).to.equal(undefined);
    }
  });

  it('has one master at a time, by either name that Pacemaker gives it', () => {
    for (const name of ['promoted_max', 'master_max']) {
      for (const action of BEGINS) {
        expect(mastersObjection(action, told({ [name]: '2' })), action).to.include('promoted-max is 2');
        expect(mastersObjection(action, told({ [name]: '1' })), action).to.equal(undefined);
      }
      for (const action of GOES_ON) expect(mastersObjection(action, told({ [name]: '2' })), action).to.equal(undefined);
    }
    expect(mastersObjection('promote', told({}))).to.equal(undefined);
  });
});
