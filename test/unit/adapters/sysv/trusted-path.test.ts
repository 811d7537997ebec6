import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { distrust } from '../../../../src/adapters/sysv/trusted-path.js';
import { Cleanups } from '../../../support/eventually.js';
import { makeDirectory } from '../../../support/host-fixture.js';

describe('distrust', () => {
  const cleanups = new Cleanups();
  let directory: string;
  const here = { owners: [process.geteuid?.() ?? 0], sticky: true };
  beforeEach(() => {
    directory = makeDirectory(cleanups);
    mkdirSync(join(directory, 'bin'), { mode: 0o755 });
    writeFileSync(join(directory, 'bin', 'd'), '#!/bin/sh\n', { mode: 0o755 });
  });
  afterEach(() => cleanups.run());

  it('finds nothing wrong with a file that only its owner may change', () => {
    expect(distrust(join(directory, 'bin', 'd'), here)).to.equal(undefined);
    expect(distrust('/usr/bin/true', { owners: [], sticky: false })).to.equal(undefined);
  });

  it('finds a writable file, and a writable directory above it', () => {
    chmodSync(join(directory, 'bin', 'd'), 0o775);
    expect(distrust(join(directory, 'bin', 'd'), here)).to.include('bin/d may be written');
    chmodSync(join(directory, 'bin', 'd'), 0o755);
    chmodSync(join(directory, 'bin'), 0o757);
    expect(distrust(join(directory, 'bin', 'd'), here)).to.include('/bin may be written');
  });

  it('looks at a link and at what it leads to', () => {
    symlinkSync('../bin/d', join(directory, 'bin', 'link'));
    expect(distrust(join(directory, 'bin', 'link'), here)).to.equal(undefined);
    chmodSync(join(directory, 'bin', 'd'), 0o777);
    expect(distrust(join(directory, 'bin', 'link'), here)).to.include('bin/d may be written');
  });

  it('finds an owner who is not root', () => {
    if (process.geteuid?.() === 0) chownSync(join(directory, 'bin', 'd'), 1, 1);
    expect(distrust(join(directory, 'bin', 'd'), { owners: [], sticky: true })).to.include('not to root');
  });
});
