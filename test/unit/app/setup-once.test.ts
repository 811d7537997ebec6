import { expect } from 'chai';

import { setupOnce } from '../../../src/app/setup-once.js';
import { FakeRunner } from '../../support/control-fakes.js';
import { daemonSpec } from '../../support/daemon-spec.js';

const SETUP = { executable: '/usr/sbin/setup', arguments: [], timeout: 1000 };
const first = daemonSpec({ name: 'first' });
const second = daemonSpec({ name: 'second' });
const late = daemonSpec({ name: 'late', setupAgain: true });

async function runs(...specs: readonly (typeof first)[]): Promise<number> {
  const diary: string[] = [];
  const setup = setupOnce(SETUP, new FakeRunner(diary));
  for (const spec of specs) expect(await setup(spec)).to.equal(undefined);
  return diary.length;
}

describe('the setup program', () => {
  it('runs once in a transaction', async () => {
    expect(await runs(first, second, first)).to.equal(1);
  });

  it('runs once more before a daemon that needs it after what was started earlier', async () => {
    expect(await runs(first, late, second, late)).to.equal(2);
  });

  it('runs only once where that daemon is the first', async () => {
    expect(await runs(late, second, late)).to.equal(1);
  });
});
