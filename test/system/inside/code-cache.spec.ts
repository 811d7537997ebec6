/** The compiled code that is kept: believed only where it is root's, whole, and of this very program. */
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';

import { expect } from 'chai';

const DIRECTORY = '/run/watchkeeper';
const CODE = `${DIRECTORY}/code`;
const BUNDLE = '/usr/lib/watchkeeper/watchkeeper.cjs';

function help(): void {
  const { status, stdout, stderr } = spawnSync('/usr/sbin/watchkeeper', ['help', 'status'], { encoding: 'utf8', timeout: 30_000 });
  expect(stderr).to.equal('');
  expect(stdout).to.include('Usage: watchkeeper status');
  expect(status).to.equal(0);
}

/** Which file it is: each writer makes a new one. */
const which = (): string => {
  const { ino, mtimeNs } = statSync(CODE, { bigint: true });
  return `${ino} ${mtimeNs}`;
};

describe('the compiled code of what is installed', function () {
  this.timeout(60_000);

  before(() => mkdirSync(DIRECTORY, { recursive: true, mode: 0o755 }));
  beforeEach(() => {
    rmSync(CODE, { force: true });
    help();
  });

  it('is kept, for root alone, and used by the next', () => {
    expect((statSync(CODE).mode & 0o7777).toString(8)).to.equal('600');
    const first = which();
    help();
    expect(which()).to.equal(first);
  });

  const spoilt: Readonly<Record<string, () => void>> = {
    'is cut off': () => truncateSync(CODE, statSync(CODE).size >> 1),
    'is empty': () => truncateSync(CODE),
    'is rubbish': () => writeFileSync(CODE, 'rubbish'),
    "has rubbish in V8's part": () => writeFileSync(CODE, readFileSync(CODE).map((byte, index) => (index > 400 && index % 64 === 0 ? byte ^ 0xff : byte))),
    "is another user's": () => chownSync(CODE, 65534, 65534),
    'may be written by others': () => chmodSync(CODE, 0o666),
    'is of another program': () => {
      copyFileSync(BUNDLE, `${BUNDLE}.new`);
      renameSync(`${BUNDLE}.new`, BUNDLE);
    },
  };
  for (const [how, spoil] of Object.entries(spoilt)) {
    it(`is made anew where it ${how}`, () => {
      spoil();
      const before = which();
      help();
      expect(which()).not.to.equal(before);
      const made = which();
      help();
      expect(which()).to.equal(made);
    });
  }

  it('is not left where others may write, and its lack stops nothing', () => {
    rmSync(CODE);
    chmodSync(DIRECTORY, 0o777);
    try {
      help();
      expect(statSync(CODE, { throwIfNoEntry: false })).to.equal(undefined);
    } finally {
      chmodSync(DIRECTORY, 0o755);
    }
  });
});
