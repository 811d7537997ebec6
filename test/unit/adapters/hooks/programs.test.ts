/** Which programs may be run as hooks: looked at on the disk. */
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { HostHookPrograms } from '../../../../src/adapters/hooks/programs.js';
import { ROOT_ONLY } from '../../../../src/adapters/sysv/trusted-path.js';

const IS_ROOT = process.geteuid?.() === 0;

describe('the programs of hooks', () => {
  let directory: string;
  const programs = new HostHookPrograms(ROOT_ONLY);
  const write = (name: string, mode: number): string => {
    const path = join(directory, name);
    writeFileSync(path, '#!/bin/sh\n', { mode });
    chmodSync(path, mode);
    return path;
  };

  beforeEach(() => {
    // Root trusts nothing below a directory that all may write.
    directory = mkdtempSync(join(IS_ROOT ? '/var/lib' : tmpdir(), 'wk-hooks-'));
    chmodSync(directory, 0o755);
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('are run if nobody else could have written them', () => {
    expect(programs.objection(write('good', 0o755))).to.equal(undefined);
  });

  it('are not run if missing, no program, or no file', () => {
    expect(programs.objection(join(directory, 'none'))).to.include('is missing');
    expect(programs.objection(directory)).to.include('is not a file');
    // Root may execute what anybody may.
    expect(programs.objection(write('text', 0o644))).to.include('may not be executed');
  });

  it('are not run if others could have written them, or what leads to them', function () {
    if (!IS_ROOT) this.skip();
    expect(programs.objection(write('open', 0o757))).to.include('may be written by others');
    const given = write('given', 0o755);
    chownSync(given, 65_534, 65_534);
    expect(programs.objection(given)).to.include('belongs to uid 65534');
    const open = join(directory, 'open.d');
    mkdirSync(open);
    writeFileSync(join(open, 'good'), '', { mode: 0o755 });
    chmodSync(open, 0o1777);
    expect(programs.objection(join(open, 'good')), 'a sticky directory is no excuse for a hook').to.include('open.d may be written');
    symlinkSync(given, join(directory, 'link'));
    expect(programs.objection(join(directory, 'link'))).to.include('belongs to uid 65534');
  });

  it('of a directory are listed as run-parts does', () => {
    for (const name of ['20-b', '10-a', 'UP_1', 'x.sh', 'x.dpkg-old', 'x~', '.hidden', '#x#']) write(name, 0o755);
    write('README', 0o644);
    mkdirSync(join(directory, 'sub'));
    expect(programs.list(directory)).to.deep.equal(['10-a', '20-b', 'UP_1'].map((name) => join(directory, name)));
    expect(programs.list(join(directory, 'none'))).to.deep.equal([]);
    symlinkSync('30-circle', join(directory, '30-circle'));
    symlinkSync('/nowhere', join(directory, '40-nowhere'));
    expect(programs.list(directory), 'links that lead nowhere').to.have.length(3);
  });
});
