import { expect } from 'chai';
import fc from 'fast-check';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { desiredStateStore, formatDesired, parseDesired } from '../../../../src/adapters/state/desired-state.js';
import { WatchkeeperError } from '../../../../src/core/errors.js';
import type { DesiredRecord } from '../../../../src/core/desired-state.js';

const DOWN: DesiredRecord = { desired: 'down', at: 1_700_000_000_000, by: 'daemon-util stop web (uid 0, pid 4711)', bootId: 'b0' };

describe('desired state on the disk', () => {
  let state = '';
  let warnings: string[] = [];
  const store = () => desiredStateStore(state, (text) => warnings.push(text));
  const file = (name = 'web') => join(state, 'desired', name);

  beforeEach(() => {
    state = fs.mkdtempSync(join(tmpdir(), 'wk-desired-'));
    warnings = [];
  });
  afterEach(() => fs.rmSync(state, { recursive: true, force: true }));

  it('is read back by another process as it was written, readable for its owner only', async () => {
    await store().write(new Map([['web', DOWN]]));
    expect(store().read('web')).to.deep.equal(DOWN);
    expect(fs.statSync(file()).mode & 0o777).to.equal(0o600);
    expect(warnings).to.deep.equal([]);
  });

  it('is written of many at once, more of them than are open at a time, and nothing is left beside them', async () => {
    const names = Array.from({ length: 150 }, (_, index) => `d${index}`);
    await store().write(new Map(names.map((name, index) => [name, { ...DOWN, at: index }])));
    expect(names.map((name) => store().read(name)?.at)).to.deep.equal(names.map((_, index) => index));
    expect(fs.readdirSync(join(state, 'desired')).sort()).to.deep.equal([...names].sort());
    expect(fs.statSync(file('d7')).mode & 0o777).to.equal(0o600);
  });

  it('is as it was, with nothing beside it, where not all of many can be written', async () => {
    await store().write(new Map([['web', DOWN]]));
    fs.mkdirSync(join(state, 'desired', 'db'));
    const failure = await store().write(new Map([['db', DOWN], ['web', { ...DOWN, desired: 'up' }]])).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(WatchkeeperError).with.property('code', 'STATE_UNWRITABLE');
    expect(store().read('web')).to.deep.equal(DOWN);
    expect(fs.readdirSync(join(state, 'desired')).sort()).to.deep.equal(['db', 'web']);
  });

  it('is nothing, without a warning, where nobody has said anything', () => {
    expect(store().read('web')).to.equal(undefined);
    expect(warnings).to.deep.equal([]);
  });

  const rubbish: Record<string, string> = {
    'an empty file': '',
    'half a record': formatDesired(DOWN).slice(0, 40),
    'a list': '[]',
    'null': 'null',
    'another schema': formatDesired(DOWN).replace('"schemaVersion":1', '"schemaVersion":2'),
    'an unknown wish': formatDesired(DOWN).replace('"down"', '"sideways"'),
    'a time that is none': formatDesired(DOWN).replace(String(DOWN.at), '"now"'),
    'control bytes': '\0\0\0\0',
    'more than ours can have': formatDesired(DOWN) + ' '.repeat(5000),
  };
  for (const [what, text] of Object.entries(rubbish)) {
    it(`takes ${what} for nothing, and reports the file`, async () => {
      await store().write(new Map([['web', DOWN]]));
      fs.writeFileSync(file(), text);
      expect(store().read('web')).to.equal(undefined);
      expect(warnings).to.have.length(1);
      expect(warnings[0]).to.include(file());
    });
  }

  it('does not follow a link, and does not hang at a FIFO or a directory', async () => {
    await store().write(new Map([['other', DOWN]]));
    fs.symlinkSync(file('other'), file('link'));
    execFileSync('/usr/bin/mkfifo', [file('fifo')]);
    fs.mkdirSync(file('directory'));
    for (const name of ['link', 'fifo', 'directory']) expect(store().read(name), name).to.equal(undefined);
    expect(warnings).to.have.length(3);
  });

  it('has no name that leaves its directory', async () => {
    for (const name of ['..', '.', '', 'a/b', '../x', 'a\nb', 'a b', '.web', 'x'.repeat(10_000)]) {
      expect(store().read(name), name).to.equal(undefined);
      expect(await store().write(new Map([[name, DOWN]])).catch((error: unknown) => error), name).to.be.instanceOf(Error);
    }
    expect(fs.readdirSync(state)).to.deep.equal([]);
  });

  it('comes back from its text for every record, in a file that a reader accepts', () => {
    const record = fc.record(
      {
        desired: fc.constantFrom('up' as const, 'down' as const),
        at: fc.nat(),
        by: fc.string({ maxLength: 200, unit: 'binary' }).filter((by) => by.length <= 200),
        bootId: fc.string({ maxLength: 64 }),
        uptime: fc.nat(),
      },
      { requiredKeys: ['desired', 'at', 'by', 'bootId'] },
    );
    fc.assert(
      fc.property(record, (given) => {
        const text = formatDesired(given);
        expect(Buffer.byteLength(text)).to.be.lessThan(4096);
        expect(parseDesired(text)).to.deep.equal(given);
      }),
    );
  });

  it('says of any text either a record or a reason, and never throws', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void parseDesired(text)));
  });
});
