import { expect } from 'chai';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { clusterHoldStore } from '../../../../src/adapters/state/cluster-holds.js';
import type { ClusterHold } from '../../../../src/core/cluster-hold.js';

const HOLD: ClusterHold = { resource: 'rsc-web', node: 'n1', bootId: 'b0', started: true, at: 1_700_000_000_000, unit: 'web@1.service' };

describe('what the cluster holds, on the disk', () => {
  let state = '';
  let warnings: string[] = [];
  const store = () => clusterHoldStore(state, (text) => warnings.push(text));
  const file = (name: string) => join(state, 'cluster', name);

  beforeEach(() => {
    state = fs.mkdtempSync(join(tmpdir(), 'wk-holds-'));
    warnings = [];
  });
  afterEach(() => fs.rmSync(state, { recursive: true, force: true }));

  it('is read back as it was written, and listed, until it is removed', () => {
    expect([store().names(), store().stamp(), store().read('web')]).to.deep.equal([[], '-', undefined]);
    const plain: ClusterHold = { resource: 'site:0', node: 'n1', bootId: 'b0', started: false, at: 1 };
    store().write('web', HOLD);
    store().write('api', plain);
    const stamp = store().stamp();
    expect(store().names()).to.deep.equal(['api', 'web']);
    expect([store().read('web'), store().read('api')]).to.deep.equal([HOLD, plain]);
    expect(fs.statSync(file('web')).mode & 0o777).to.equal(0o600);
    expect([store().remove('web'), store().remove('web')]).to.deep.equal([true, false]);
    expect(store().stamp()).not.to.equal(stamp);
    expect([store().names(), warnings]).to.deep.equal([['api'], []]);
  });

  const RUBBISH: Readonly<Record<string, string>> = {
    '': 'it is not a record in JSON',
    '[]': 'it is not a record in JSON',
    '{"schemaVersion":2}': 'its schema version is not 1',
    [JSON.stringify({ schemaVersion: 1, ...HOLD, resource: '-r' })]: 'it does not say for which resource',
    [JSON.stringify({ schemaVersion: 1, ...HOLD, node: '' })]: 'it does not say on which node',
    [JSON.stringify({ schemaVersion: 1, ...HOLD, started: 1 })]: 'it does not say whether the start is over',
  };

  for (const [text, why] of Object.entries(RUBBISH)) {
    it(`is nothing where ${why}: ${text.slice(0, 40)}`, () => {
      fs.mkdirSync(join(state, 'cluster'));
      fs.writeFileSync(file('web'), text);
      expect(store().read('web')).to.equal(undefined);
      expect(warnings).to.deep.equal([`${file('web')} is not used: ${why}`]);
    });
  }

  it('does without a unit that none can be called', () => {
    store().write('web', { ...HOLD, unit: '--help' });
    expect(store().read('web')).to.include({ resource: 'rsc-web' }).and.not.to.have.property('unit');
  });
});
