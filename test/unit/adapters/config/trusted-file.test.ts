/** Rule 11 of the security rules: what decides what runs as root is written by root alone. */
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { listDropIns } from '../../../../src/adapters/config/drop-ins.js';
import { Problems } from '../../../../src/adapters/config/problems.js';
import { readTrusted } from '../../../../src/adapters/config/trusted-file.js';

const STRANGER = 65_534;

function asStranger<T>(run: () => T): T {
  if (process.seteuid === undefined) throw new Error('this platform has no user ids');
  process.seteuid(STRANGER);
  try {
    return run();
  } finally {
    process.seteuid(0);
  }
}

describe('readTrusted as root', function () {
  let directory = '';
  let file = '';

  before(function () {
    if (process.geteuid?.() !== 0) this.skip();
  });
  beforeEach(() => {
    directory = fs.mkdtempSync(join(tmpdir(), 'watchkeeper-trust-'));
    fs.mkdirSync(join(directory, 'etc'), { mode: 0o755 });
    file = join(directory, 'etc/watchkeeper.yaml');
    fs.writeFileSync(file, 'daemons: {}\n', { mode: 0o644 });
  });
  afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));

  function refusal(path = file): string {
    const result = readTrusted(path);
    return result.ok ? '' : result.message;
  }

  it('reads what only root could have written', () => {
    expect(readTrusted(file)).to.deep.include({ ok: true, text: 'daemons: {}\n' });
  });

  it("refuses another's file", () => {
    fs.chownSync(file, STRANGER, 0);
    expect(refusal()).to.contain(`uid ${STRANGER}`);
  });

  for (const mode of [0o664, 0o646, 0o666]) {
    it(`refuses a file of mode ${mode.toString(8)}`, () => {
      fs.chmodSync(file, mode);
      expect(refusal()).to.contain(mode.toString(8));
    });
  }

  it("refuses a file in another's directory, however far up", () => {
    fs.chownSync(join(directory, 'etc'), STRANGER, 0);
    expect(refusal()).to.contain(`uid ${STRANGER}`);
    fs.chownSync(join(directory, 'etc'), 0, 0);
    fs.chownSync(directory, STRANGER, 0);
    expect(refusal()).to.contain(`uid ${STRANGER}`);
  });

  it('refuses a file in a directory that others may write, unless it is sticky', () => {
    fs.chmodSync(join(directory, 'etc'), 0o777);
    expect(refusal()).to.contain('777');
    fs.chmodSync(join(directory, 'etc'), 0o1777);
    expect(refusal()).to.equal('');
  });

  it('judges where a link leads to, and who made the link', () => {
    const elsewhere = join(directory, 'elsewhere');
    fs.mkdirSync(elsewhere);
    fs.writeFileSync(join(elsewhere, 'x.yaml'), 'a: b\n');
    fs.unlinkSync(file);
    fs.symlinkSync(join(elsewhere, 'x.yaml'), file);
    expect(refusal()).to.equal('');
    fs.chownSync(elsewhere, STRANGER, 0);
    expect(refusal()).to.contain(elsewhere);
    fs.chownSync(elsewhere, 0, 0);
    fs.lchownSync(file, STRANGER, 0);
    expect(refusal()).to.contain(file);
  });

  it('does not wait for the writer of a FIFO', () => {
    const fifo = join(directory, 'etc/fifo');
    expect(spawnSync('/usr/bin/mkfifo', ['-m', '600', fifo]).status).to.equal(0);
    expect(refusal(fifo)).to.contain('regular file');
  });

  it('refuses drop-ins from a directory that others may write', () => {
    fs.mkdirSync(join(directory, 'etc/conf.d'));
    fs.writeFileSync(join(directory, 'etc/conf.d/a.yaml'), '');
    fs.chmodSync(join(directory, 'etc/conf.d'), 0o777);
    const problems = new Problems();
    listDropIns(file, problems);
    expect(problems.list).to.have.length(1);
  });

  it('is not so strict with somebody else, who can only harm himself', () => {
    fs.chmodSync(directory, 0o755);
    fs.chmodSync(file, 0o666);
    expect(asStranger(() => readTrusted(file).ok)).to.equal(true);
  });

  it('says so where a file may not be read', () => {
    fs.chmodSync(directory, 0o755);
    fs.chmodSync(file, 0o600);
    expect(asStranger(() => refusal())).to.contain('permission denied');
  });
});
