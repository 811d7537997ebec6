import { expect } from 'chai';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ensureDirectory } from '../../../../src/adapters/state/directories.js';
import { WatchkeeperError } from '../../../../src/core/errors.js';

const NOBODY = 65534;
const isRoot = process.geteuid?.() === 0;

describe('directories of ours', () => {
  let base = '';
  beforeEach(() => (base = fs.mkdtempSync(join(tmpdir(), 'wk-dirs-'))));
  afterEach(() => fs.rmSync(base, { recursive: true, force: true }));

  const mode = (path: string) => fs.statSync(path).mode & 0o7777;

  it('are made with what is missing above them, whatever the umask', () => {
    const umask = process.umask(0o077);
    try {
      ensureDirectory(join(base, 'a', 'b', 'c'), 0o755);
    } finally {
      process.umask(umask);
    }
    expect(mode(join(base, 'a'))).to.equal(0o755);
    expect(mode(join(base, 'a', 'b', 'c'))).to.equal(0o755);
    ensureDirectory(join(base, 'secret'), 0o700);
    expect(mode(join(base, 'secret'))).to.equal(0o700);
  });

  it('keep the mode that an operator gave them', () => {
    fs.mkdirSync(join(base, 'a'));
    fs.chmodSync(join(base, 'a'), 0o750);
    ensureDirectory(join(base, 'a'), 0o755);
    expect(mode(join(base, 'a'))).to.equal(0o750);
  });

  it('leave no descriptor open, whether they can be made or not', () => {
    const open = () => fs.readdirSync('/proc/self/fd').length;
    fs.writeFileSync(join(base, 'file'), '');
    const before = open();
    ensureDirectory(join(base, 'x', 'y'), 0o755);
    expect(() => ensureDirectory(join(base, 'file', 'y'), 0o755)).to.throw(WatchkeeperError);
    expect(open()).to.equal(before);
  });

  it('are reached through links of root or of us', () => {
    fs.mkdirSync(join(base, 'real'));
    fs.symlinkSync(join(base, 'real'), join(base, 'absolute'));
    fs.symlinkSync('real', join(base, 'relative'));
    ensureDirectory(join(base, 'absolute', 'x'), 0o755);
    ensureDirectory(join(base, 'relative', 'y'), 0o755);
    expect(fs.readdirSync(join(base, 'real')).sort()).to.deep.equal(['x', 'y']);
  });

  it('are refused where links lead in circles', () => {
    fs.symlinkSync(join(base, 'b'), join(base, 'a'));
    fs.symlinkSync(join(base, 'a'), join(base, 'b'));
    expect(() => ensureDirectory(join(base, 'a', 'x'), 0o755)).to.throw(/too many symbolic links/);
  });

  const refused = (path: string) => expect(() => ensureDirectory(path, 0o755)).to.throw(WatchkeeperError).with.property('code', 'STATE_UNWRITABLE');

  it('are refused where others may write, at the end or on the way', () => {
    fs.mkdirSync(join(base, 'open', 'x'), { recursive: true });
    fs.chmodSync(join(base, 'open'), 0o777);
    refused(join(base, 'open'));
    refused(join(base, 'open', 'x'));
  });

  it('are allowed below a sticky directory such as /tmp', () => {
    fs.mkdirSync(join(base, 'tmp'));
    fs.chmodSync(join(base, 'tmp'), 0o1777);
    ensureDirectory(join(base, 'tmp', 'x'), 0o700);
  });

  it('are refused where a file stands, or a relative path', () => {
    fs.writeFileSync(join(base, 'file'), '');
    refused(join(base, 'file'));
    refused('relative/path');
  });

  it('are refused where they, their parents or a link on the way belong to somebody else', function () {
    if (!isRoot) this.skip();
    fs.mkdirSync(join(base, 'theirs', 'x'), { recursive: true });
    fs.chownSync(join(base, 'theirs'), NOBODY, NOBODY);
    refused(join(base, 'theirs'));
    refused(join(base, 'theirs', 'x'));
    fs.mkdirSync(join(base, 'real'));
    fs.symlinkSync(join(base, 'real'), join(base, 'link'));
    fs.lchownSync(join(base, 'link'), NOBODY, NOBODY);
    refused(join(base, 'link', 'x'));
    expect(fs.readdirSync(join(base, 'real'))).to.deep.equal([]);
  });
});
