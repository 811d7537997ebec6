import { expect } from 'chai';

import { unitClaimText, type UnitClaim } from '../../../src/core/unit-claim.js';

const CLAIM: UnitClaim = {
  bootId: 'b00t',
  provenAt: 1234.6,
  configuration: '/etc/wk.yaml',
  same: ['/etc/wk.yaml', '/etc'],
  absent: ['/etc/conf.d'],
  unset: ['WATCHKEEPER_X'],
  target: 'all.target',
  daemons: [{ name: 'web', unit: 'wk-web.service' }, { name: 'api', unit: 'api@1.service' }],
};

describe('the claim by which units are asked after without a watcher', () => {
  it('says what it stands on, line by line', () => {
    expect(unitClaimText(CLAIM)).to.equal('1 b00t 1235 /etc/wk.yaml\nsame /etc/wk.yaml\nsame /etc\nabsent /etc/conf.d\nunset WATCHKEEPER_X\ntarget all.target\nunit web wk-web.service\nunit api api@1.service\nend\n');
  });

  const UNFIT: readonly (readonly [string, Partial<UnitClaim>])[] = [
    ['a path with a space', { same: ['/etc/a b'] }],
    ['a path with a newline', { absent: ['/etc/a\nend'] }],
    ['a configuration that is no path', { configuration: 'the built-in demo' }],
    ['a target that is none', { target: 'all.service' }],
    ['a pattern for a unit', { daemons: [{ name: 'web', unit: 'wk-*.service' }] }],
    ['a unit that a shell would read otherwise', { daemons: [{ name: 'web', unit: 'wk\\x2dweb.service' }] }],
  ];
  for (const [what, change] of UNFIT) {
    it(`is none with ${what}`, () => {
      expect(unitClaimText({ ...CLAIM, ...change })).to.equal(undefined);
    });
  }
});
