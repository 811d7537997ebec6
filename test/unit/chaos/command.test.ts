/** `npm run chaos` itself, with what makes no storm. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';

const MAIN = fileURLToPath(new URL('../../chaos/main.ts', import.meta.url));

function typed(...words: readonly string[]): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import=tsx/esm', MAIN, ...words], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

describe('npm run chaos', function () {
  this.timeout(60_000);

  it('is a storm of both worlds, but for faults that only one has', () => {
    const both = typed('--list', '--faults', '3', '--seed', '7');
    expect(both).to.include({ status: 0, stderr: '' });
    expect(both.stdout).to.match(/^seed 7, at most 3 faults in 600 s, worlds plain and systemd\nplain:\n0 .*\n1 .*\n2 .*\nsystemd:\n0 /);
    expect(typed('--list', '--faults', '3', '--only', 'bus-restart').stdout).to.match(/worlds systemd\n/).and.not.to.include(' kill ');
  });

  it('tells its usage, and in a line what it cannot understand', () => {
    expect(typed('--help')).to.include({ status: 0, stderr: '' }).and.to.have.property('stdout').that.matches(/^usage: npm run chaos/);
    for (const words of [['--frobnicate'], ['--world', 'plain', '--only', 'bus-restart']]) {
      const { status, stdout, stderr } = typed(...words);
      expect({ status, stdout }, words.join(' ')).to.deep.equal({ status: 2, stdout: '' });
      expect(stderr).to.match(/^chaos: cannot understand [^\n]+; try: npm run chaos -- [^\n]+\n$/);
    }
  });
});
