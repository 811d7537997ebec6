import { expect } from 'chai';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { clusterHoldStore } from '../../../../src/adapters/state/cluster-holds.js';
import type { ClusterHold } from '../../../../src/core/cluster-hold.js';
import type { WatchkeeperError } from '../../../../src/core/errors.js';

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

  it('is read back as it was written, and listed, until it is removed', async () => {
    expect([store().names(), store().stamp(), store().read('web')]).to.deep.equal([[], '-', undefined]);
    const plain: ClusterHold = { resource: 'site:0', node: 'n1', bootId: 'b0', started: false, at: 1 };
    await store().write('web', HOLD);
    await store().write('api', plain);
    const stamp = store().stamp();
    expect(store().names()).to.deep.equal(['api', 'web']);
    expect([store().read('web'), store().read('api')]).to.deep.equal([HOLD, plain]);
    expect(fs.statSync(file('web')).mode & 0o777).to.equal(0o600);
    expect([await store().remove('web'), await store().remove('web')]).to.deep.equal([true, false]);
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

  it('is what was said last, whoever says it while the disk is busy', async () => {
    const said = [store().write('web', HOLD), store().remove('web'), store().write('web', { ...HOLD, node: 'n2' }), store().remove('api')];
    expect(await Promise.all(said)).to.deep.equal([undefined, true, undefined, false]);
    expect(store().read('web')).to.deep.equal({ ...HOLD, node: 'n2' });
    expect(await Promise.all([store().write('web', HOLD), store().remove('web')])).to.deep.equal([undefined, true]);
    expect(fs.readdirSync(join(state, 'cluster'))).to.deep.equal([]);
  });

  it('is as it was where it cannot be written, and what is said next is not hindered by that', async () => {
    await store().write('web', HOLD);
    fs.mkdirSync(file('api'));
    fs.writeFileSync(join(file('api'), 'x'), '');
    const [failed, next] = await Promise.allSettled([store().write('api', HOLD), store().write('web', { ...HOLD, node: 'n2' })]);
    expect([failed.status, next.status]).to.deep.equal(['rejected', 'fulfilled']);
    const [again, removed] = await Promise.allSettled([store().write('api', HOLD), store().remove('api')]);
    expect([again, removed].map((result) => result.status === 'rejected' && (result.reason as WatchkeeperError).code)).to.deep.equal(['STATE_UNWRITABLE', 'STATE_UNWRITABLE']);
    expect(store().read('web')).to.include({ node: 'n2' });
    expect(fs.readdirSync(join(state, 'cluster')).sort()).to.deep.equal(['api', 'web']);
  });

  it('is looked at again where it may have changed since within the same tick of the clock, and not for ever', async () => {
    await store().write('web', HOLD);
    const watcher = store();
    const at = (ms: number): string => {
      fs.utimesSync(join(state, 'cluster'), ms / 1000, ms / 1000);
      return watcher.stamp();
    };
    const now = Date.now();
    expect(at(now)).not.to.equal(at(now));
    expect(at(now - 60_000)).to.equal(at(now - 60_000));
  });

  it('does without a unit that none can be called', async () => {
    await store().write('web', { ...HOLD, unit: '--help' });
    expect(store().read('web')).to.include({ resource: 'rsc-web' }).and.not.to.have.property('unit');
  });
});
