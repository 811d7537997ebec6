import { expect } from 'chai';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { removeLeftovers, removeLeftoversBelow, writeAtomic } from '../../../../src/adapters/state/atomic-file.js';
import { WatchkeeperError } from '../../../../src/core/errors.js';

const DURABLE = { durable: true, mode: 0o600 } as const;

describe('atomic files', () => {
  let directory = '';
  beforeEach(() => (directory = fs.mkdtempSync(join(tmpdir(), 'wk-atomic-'))));
  afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));

  it('replace the old text, with the mode asked for, and leave nothing beside it', () => {
    const path = join(directory, 'web');
    writeAtomic(path, 'old', DURABLE);
    const umask = process.umask(0o077);
    try {
      writeAtomic(path, 'new', { durable: false, mode: 0o644 });
    } finally {
      process.umask(umask);
    }
    expect(fs.readFileSync(path, 'utf8')).to.equal('new');
    expect(fs.statSync(path).mode & 0o777).to.equal(0o644);
    expect(fs.readdirSync(directory)).to.deep.equal(['web']);
  });

  it('replace a symbolic link instead of writing through it', () => {
    const victim = join(directory, 'victim');
    fs.writeFileSync(victim, 'precious');
    fs.symlinkSync(victim, join(directory, 'web'));
    writeAtomic(join(directory, 'web'), 'new', DURABLE);
    expect(fs.readFileSync(victim, 'utf8')).to.equal('precious');
    expect(fs.lstatSync(join(directory, 'web')).isFile()).to.equal(true);
  });

  it('tell what to do where the directory is missing', () => {
    const write = () => writeAtomic(join(directory, 'gone', 'web'), 'x', DURABLE);
    expect(write).to.throw(WatchkeeperError).with.property('code', 'STATE_UNWRITABLE');
    expect(write).to.throw(/gone\/web.*try mkdir -p .*gone$/);
  });

  it('leave the old file and no other where the rename fails', () => {
    fs.mkdirSync(join(directory, 'web', 'full'), { recursive: true });
    expect(() => writeAtomic(join(directory, 'web'), 'x', DURABLE)).to.throw(WatchkeeperError);
    expect(fs.readdirSync(directory)).to.deep.equal(['web']);
  });

  it('sweep up what a killed writer left, but not what a living one is writing, nor anything else', () => {
    const gone = `.web.4194305.0123456789ab.tmp`; // above the greatest pid_max
    const living = `.web.${process.ppid}.0123456789ab.tmp`;
    const before = `.web.${process.pid}.0123456789ab.tmp`; // its writer had our pid, and was not we
    for (const name of [gone, living, before, 'web', '.hidden', 'x.tmp']) fs.writeFileSync(join(directory, name), '');
    expect(removeLeftovers(directory)).to.equal(2);
    expect(fs.readdirSync(directory).sort()).to.deep.equal([living, 'web', '.hidden', 'x.tmp'].sort());
  });

  it('what killed writers left goes from the directories right below, too, and from nowhere else', () => {
    const elsewhere = join(directory, 'elsewhere');
    const runtime = join(directory, 'run');
    const left = '.web.4194305.0123456789ab.tmp';
    for (const one of [elsewhere, runtime, join(runtime, 'claims'), join(runtime, 'state')]) {
      fs.mkdirSync(one);
      fs.writeFileSync(join(one, left), '');
      fs.writeFileSync(join(one, 'web'), '');
    }
    fs.symlinkSync(elsewhere, join(runtime, 'link'));
    removeLeftoversBelow(runtime);
    expect(fs.readdirSync(runtime).sort()).to.deep.equal(['claims', 'link', 'state', 'web']);
    expect(['claims', 'state'].flatMap((name) => fs.readdirSync(join(runtime, name)))).to.deep.equal(['web', 'web']);
    expect(fs.readdirSync(elsewhere)).to.deep.equal([left, 'web']);
  });
});
