import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';

import { LaterWrites } from '../../../../src/adapters/state/later-writes.js';
import { WatchkeeperError } from '../../../../src/core/errors.js';

describe('LaterWrites', () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'wk-lw-'))));
  afterEach(() => rmSync(directory, { recursive: true, force: true }));
  const text = (name: string): string => readFileSync(join(directory, name), 'utf8');

  it('has the last word of each name on the disk, whatever was said while it was busy', async () => {
    const writes = new LaterWrites(directory, 0o600);
    const first = writes.write('a', 'one');
    await Promise.resolve();
    const rest = [writes.write('a', 'two'), writes.write('b', 'three'), writes.write('a', 'four')];
    expect([writes.pending('a'), writes.pending('b'), writes.pending('c')]).to.deep.equal(['four', 'three', undefined]);
    await first;
    expect(text('a')).to.equal('one');
    await Promise.all(rest);
    expect([text('a'), text('b'), writes.pending('a')]).to.deep.equal(['four', 'three', undefined]);
    expect(readdirSync(directory).sort()).to.deep.equal(['a', 'b']);
  });

  it('is settled when nothing is under way, after any number of words', async () => {
    const writes = new LaterWrites(directory, 0o600);
    await writes.settled();
    for (let word = 0; word < 20; word += 1) {
      void writes.write('a', String(word));
      if (word % 3 === 0) await new Promise(setImmediate);
    }
    await writes.settled();
    expect(text('a')).to.equal('19');
  });

  it('rejects what it could not write, and writes what comes after it', async () => {
    const writes = new LaterWrites(join(directory, 'sub'), 0o600);
    expect(await writes.write('a', 'one').catch((error: unknown) => error)).to.be.instanceOf(WatchkeeperError).with.property('code', 'STATE_UNWRITABLE');
    expect(writes.pending('a')).to.equal(undefined);
    mkdirSync(join(directory, 'sub'));
    await writes.write('a', 'two');
    expect(text('sub/a')).to.equal('two');
  });
});
