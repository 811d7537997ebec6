import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { parsePid, readPidFile, removePidFile, writePidFile } from '../../../../src/adapters/sysv/pid-file.js';
import { Cleanups } from '../../../support/eventually.js';
import { makeDirectory } from '../../../support/host-fixture.js';

describe('parsePid', () => {
  it('takes what daemons write', () => {
    expect(parsePid('4711\n')).to.equal(4711);
    expect(parsePid('  4711')).to.equal(4711);
    expect(parsePid('4711\nnode1.example.org\n')).to.equal(4711);
  });

  it('refuses the rest', () => {
    for (const text of ['', '\n', '0', '-1', '1.5', '0x10', '4711 4712', '4711abc', '99999999', '９', '4711\u0000']) {
      expect(parsePid(text), JSON.stringify(text)).to.equal(undefined);
    }
  });

  it('never gives a number that is no pid', () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^[0-9 \n]{0,12}$/));
    fc.assert(fc.property(text, (written) => void expect(parsePid(written) ?? 1).to.be.within(1, 4 * 1024 * 1024)));
  });
});

describe('pid files on disk', () => {
  const cleanups = new Cleanups();
  let directory: string;
  beforeEach(() => {
    directory = makeDirectory(cleanups);
  });
  afterEach(() => cleanups.run());
  const path = (): string => join(directory, 'd.pid');

  it('are written whole, readable by all, and read back', () => {
    expect(writePidFile(path(), 4711)).to.equal(undefined);
    expect(readFileSync(path(), 'latin1')).to.equal('4711\n');
    expect(statSync(path()).mode & 0o777).to.equal(0o644);
    const content = readPidFile(path());
    expect(content.kind === 'pid' && content.pid).to.equal(4711);
    expect(readdirSync(directory)).to.deep.equal(['d.pid']);
  });

  it('are absent where there is none, or no directory', () => {
    expect(readPidFile(path()).kind).to.equal('absent');
    expect(readPidFile(join(directory, 'no', 'd.pid')).kind).to.equal('absent');
    expect(removePidFile(path())).to.equal(undefined);
  });

  it('of rubbish, megabytes or a FIFO are unusable and can be removed', () => {
    writeFileSync(path(), '\u001b[31m');
    expect(readPidFile(path()).kind).to.equal('unusable');
    writeFileSync(path(), 'x'.repeat(5_000_000));
    expect(readPidFile(path()).kind).to.equal('unusable');
    expect(removePidFile(path())).to.equal(undefined);
    execFileSync('/usr/bin/mkfifo', [path()]);
    expect(readPidFile(path()).kind).to.equal('unusable');
    expect(removePidFile(path())).to.equal(undefined);
    expect(readdirSync(directory)).to.deep.equal([]);
  });

  it('that are links lead nowhere: neither read, nor written through, nor removed behind', () => {
    const victim = join(directory, 'victim');
    writeFileSync(victim, '1\n');
    symlinkSync(victim, path());
    expect(readPidFile(path()).kind).to.equal('unusable');
    expect(writePidFile(path(), 4711)).to.equal(undefined);
    expect(readFileSync(victim, 'latin1')).to.equal('1\n');
    expect(lstatSync(path()).isFile()).to.equal(true);
    symlinkSync(victim, join(directory, 'l.pid'));
    expect(removePidFile(join(directory, 'l.pid'))).to.equal(undefined);
    expect(readFileSync(victim, 'latin1')).to.equal('1\n');
  });

  it('that are directories stay, and say so', () => {
    mkdirSync(path());
    expect(readPidFile(path()).kind).to.equal('unusable');
    expect(removePidFile(path())).to.include(path());
    expect(writePidFile(path(), 1)).to.include(path());
  });
});
