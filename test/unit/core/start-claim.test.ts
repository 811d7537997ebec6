import { expect } from 'chai';

import { claimText, type StartClaim } from '../../../src/core/start-claim.js';

const CLAIM: StartClaim = {
  watcher: { pid: 12, startTicks: 345, bootId: 'boot' },
  configuration: '/etc/wk.yaml',
  same: ['/etc/wk.yaml', '/etc', '/etc'],
  there: ['/srv/a'],
  absent: ['/etc/conf.d'],
  unset: ['EXTRA_WEB_ARGS'],
  up: ['web', 'db'],
  skipped: [{ name: 'kvm', reason: "/list has no line 'kvm'" }],
};

describe('the text of the claim that start-all has nothing to do', () => {
  it('has a line for each ground, each once, and an end', () => {
    expect(claimText(CLAIM)?.split('\n')).to.deep.equal([
      '1 12 345 /etc/wk.yaml',
      'same /etc/wk.yaml',
      'same /etc',
      'there /srv/a',
      'absent /etc/conf.d',
      'unset EXTRA_WEB_ARGS',
      'up web',
      'up db',
      'down kvm',
      "say kvm: skipped: /list has no line 'kvm'",
      'end',
      '',
    ]);
  });

  it('is none where a shell would read something else than was meant', () => {
    const broken: readonly Partial<StartClaim>[] = [
      ...['/a b', '/a ', '/a\n/b', 'a', '/ä', '/a/../b', ''].flatMap((path) => [{ same: [path] }, { there: [path] }, { absent: [path] }]),
      ...['EXTRA_a', '1A', 'A-B', 'A}', '$(id)', ''].map((name) => ({ unset: [name] })),
      ...['a\nb', 'kein Mühe', 'ends in a space ', 'x'.repeat(1001)].map((reason) => ({ skipped: [{ name: 'kvm', reason }] })),
      { configuration: ' /etc/wk.yaml' },
      { configuration: '' },
    ];
    for (const change of broken) expect(claimText({ ...CLAIM, ...change }), JSON.stringify(change)).to.equal(undefined);
    expect(claimText({ ...CLAIM, configuration: 'the built-in demo' })).to.be.a('string');
  });
});
