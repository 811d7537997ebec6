import { expect } from 'chai';

import type { Catalogue } from '../../../src/core/catalogue.js';
import { groupTargets } from '../../../src/core/target-file.js';
import { unitWarnings, type UnitOnDisk } from '../../../src/core/unit-drift.js';
import { serviceUnit } from '../../../src/core/unit-file.js';
import { readHeader, withHeader } from '../../../src/core/unit-header.js';
import { daemonSpec } from '../../support/daemon-spec.js';

const web = daemonSpec({ name: 'web', unit: 'shop-web.service', requires: ['db'], roles: ['node'] });
const db = daemonSpec({ name: 'db', unit: 'shop-db.service' });
const metad = daemonSpec({ name: 'metad', unit: 'shop-metad.service', onDemand: true, roles: ['node'] });
const CATALOGUE: Catalogue = {
  group: { name: 'shop', description: '', target: 'shop.target', roles: [{ name: 'node', description: 'every node', target: 'shop-node.target' }], setup: undefined, directories: [], environmentFile: undefined, notMasterExitStatus: 11 },
  daemons: [web, db, metad],
};
const OPTIONS = { version: 252, runtimeDirectory: '/run/watchkeeper', helperDirectory: '/usr/lib/watchkeeper', setupUnit: 'shop-common.service' };
const unitOf = (name: string): string => `shop-${name}.service`;
const TEXT = serviceUnit(web, CATALOGUE.group, { ...OPTIONS, unitOf });
const PATH = '/usr/lib/systemd/system/shop-web.service';

function onDisk(changes: Partial<UnitOnDisk> = {}, text = TEXT): UnitOnDisk {
  return { load: 'loaded', needsReload: false, fragment: { path: PATH, text }, dropIns: [], ...changes };
}

describe('drift of a unit', () => {
  it('is none where it is what the catalogue makes of it, with the options that it was made with', () => {
    expect(readHeader(TEXT)).to.deep.include({ options: OPTIONS, intact: true });
    expect(unitWarnings(web, CATALOGUE, onDisk())).to.deep.equal([]);
  });

  const differences: readonly (readonly [string, UnitOnDisk, RegExp])[] = [
    ['a missing unit', onDisk({ load: 'not-found', fragment: undefined }), /no unit shop-web\.service.*daemon-reload/],
    ['a mask', onDisk({ load: 'masked' }), /masked.*systemctl unmask shop-web\.service/],
    ['one that systemd cannot use', onDisk({ load: 'broken' }), /systemd-analyze verify/],
    ['files newer than what systemd has read', onDisk({ needsReload: true }), /daemon-reload/],
    ['an edit by hand', onDisk({}, TEXT.replace('Restart=always', 'Restart=no')), /edited by hand/],
    ['a drop-in', onDisk({ dropIns: [{ path: '/etc/systemd/system/shop-web.service.d/x.conf', text: '[Service]\nNice=5\n' }] }), /drop-ins override.*x\.conf/],
  ];
  for (const [what, unit, words] of differences) {
    it(`is told of ${what}`, () => {
      const warnings = unitWarnings(web, CATALOGUE, unit);
      expect(warnings).to.have.length(1);
      expect(warnings[0]).to.match(words);
    });
  }

  it('is told where the catalogue has changed, by the directives', () => {
    const changed = { ...web, user: 'shop', stopTimeout: 99_000 };
    expect(unitWarnings(changed, { ...CATALOGUE, daemons: [changed, db] }, onDisk())[0]).to.match(/not what the catalogue makes of it now \(TimeoutStopSec, User\)/);
  });

  it('is told of a unit that was generated before units awaited readiness, and is no more than that', () => {
    const earlier = withHeader((readHeader(TEXT)?.body ?? '').replace(/^ExecStartPost=.*await-readiness.*\n/m, ''), OPTIONS);
    expect(earlier).not.to.include('await-readiness');
    const warnings = unitWarnings(web, CATALOGUE, onDisk({}, earlier));
    expect(warnings).to.have.length(1);
    expect(warnings[0]).to.match(/not what .* now \(ExecStartPost\).*watchkeeper units install/);
  });

  it('is no word about units that others wrote, nor about drop-ins of ours', () => {
    const foreign = '[Service]\nExecStart=/usr/sbin/web\n';
    expect(unitWarnings(web, CATALOGUE, onDisk({ dropIns: [{ path: '/x.conf', text: '' }] }, foreign))).to.deep.equal([]);
    expect(unitWarnings(web, CATALOGUE, onDisk({ dropIns: [{ path: '/run/x.conf', text: TEXT }] }))).to.deep.equal([]);
  });

  it('is not fooled by a header that is rubbish', () => {
    for (const line of ['# watchkeeper-unit 0123456789abcdef {', '# watchkeeper-unit 0123456789abcdef {"version":"x"}', '# watchkeeper-unit x {}']) {
      expect(readHeader(TEXT.split('\n').with(1, line).join('\n'))).to.equal(undefined);
    }
  });
});

describe('targets of a group', () => {
  const targets = groupTargets(CATALOGUE, OPTIONS);
  const values = (target: string, directive: string): readonly string[] =>
    (targets.get(target) ?? '').split('\n').filter((line) => line.startsWith(`${directive}=`)).map((line) => line.slice(directive.length + 1));

  it('start what belongs to them, but not what is on demand', () => {
    expect([...targets.keys()]).to.deep.equal(['shop-node.target', 'shop.target']);
    expect(values('shop-node.target', 'Wants')).to.deep.equal(['shop-web.service']);
    expect(values('shop.target', 'Wants')).to.deep.equal(['shop-node.target', 'shop-db.service']);
    expect(values('shop-node.target', 'PartOf')).to.deep.equal(['shop.target']);
  });

  it('keep every daemon in memory, also those on demand', () => {
    expect(values('shop-node.target', 'After')).to.deep.equal(['shop-web.service', 'shop-metad.service']);
    expect(values('shop.target', 'After')).to.deep.equal(['shop-node.target', 'shop-web.service', 'shop-db.service', 'shop-metad.service']);
  });

  it('say that they are generated', () => {
    for (const text of targets.values()) expect(readHeader(text)?.intact).to.equal(true);
  });
});
