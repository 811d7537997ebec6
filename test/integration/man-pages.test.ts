import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { buildManPages } from '../../scripts/dev/man-pages.mjs';

const ROOT = path.resolve(import.meta.dirname, '../..');
const MANDOC = '/usr/bin/mandoc';

describe('manual pages', () => {
  let root: string;
  const built = (): Record<string, string> =>
    Object.fromEntries(readdirSync(path.join(root, 'dist/man')).filter((name) => !name.startsWith('.')).map((name) => [name, readFileSync(path.join(root, 'dist/man', name), 'utf8')]));

  beforeEach(function () {
    if (!existsSync('/usr/bin/scdoc')) this.skip();
    root = mkdtempSync(path.join(os.tmpdir(), 'watchkeeper-man-'));
    cpSync(path.join(ROOT, 'docs/man'), path.join(root, 'docs/man'), { recursive: true });
    expect(buildManPages(root)).to.equal(undefined);
  });

  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it('are all made, and mandoc has nothing to complain of', function () {
    if (!existsSync(MANDOC)) this.skip();
    const names = Object.keys(built());
    expect(names).to.include.members(['daemon-util.8', 'watchkeeper.8', 'watchkeeper.yaml.5', 'ocf_watchkeeper_daemon.7', 'ocf_watchkeeper_role.7', 'ocf_watchkeeper_unit.7']);
    expect(names).to.have.length(readdirSync(path.join(ROOT, 'docs/man')).length);
    const { status, stdout, stderr } = spawnSync(MANDOC, ['-Tlint', '-Wwarning', ...names.map((name) => path.join(root, 'dist/man', name))], { encoding: 'utf8' });
    expect(`${stdout}${stderr}`).to.equal('');
    expect(status).to.equal(0);
  });

  it('keep a paragraph after each entry, though scdoc has its own way of ending one', function () {
    if (!existsSync(MANDOC)) this.skip();
    const { stdout } = spawnSync(MANDOC, ['-Tascii', path.join(root, 'dist/man/watchkeeper.8')], { encoding: 'utf8' });
    const plain = stdout.replace(/.[\b]/g, '');
    expect(plain).to.match(/Example: watchkeeper run\n\n {7}status \[DAEMON\.\.\.\]\n {11}\S/);
  });

  it('are the same bytes for the same date', () => {
    const before = process.env['SOURCE_DATE_EPOCH'];
    process.env['SOURCE_DATE_EPOCH'] = '1000000000';
    try {
      buildManPages(root);
      const first = built();
      expect(first['watchkeeper.8']).to.include('"2001-09-09"');
      rmSync(path.join(root, 'dist'), { recursive: true });
      buildManPages(root);
      expect(built()).to.deep.equal(first);
    } finally {
      if (before === undefined) delete process.env['SOURCE_DATE_EPOCH'];
      else process.env['SOURCE_DATE_EPOCH'] = before;
    }
  });

  it('are left out, and not left over, where the converter is missing; that is said', () => {
    writeFileSync(path.join(root, 'docs/man/watchkeeper.8.scd'), 'watchkeeper(8)\n\n# NAME\n\nother\n');
    expect(buildManPages(root, '/usr/bin/no-such-scdoc')).to.match(/scdoc is missing; try apt-get install/);
    expect(existsSync(path.join(root, 'dist/man'))).to.equal(false);
  });

  it('are not made of a source with a mistake', () => {
    writeFileSync(path.join(root, 'docs/man/watchkeeper.8.scd'), 'watchkeeper\n');
    expect(() => buildManPages(root)).to.throw(/docs\/man\/watchkeeper\.8\.scd: /);
    expect(Object.keys(built())).to.include('watchkeeper.8');
  });
});
