import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';

import { HostUnitInstaller } from '../../../../src/adapters/systemd/unit-installer.js';
import { WatchkeeperError } from '../../../../src/core/errors.js';
import type { UnitFilePath } from '../../../../src/core/unit-set.js';
import { withHeader } from '../../../../src/core/unit-header.js';
import type { Runner } from '../../../../src/ports/runner.js';

const RUNNER: Runner = {
  run: () => {
    throw new Error('no program is needed');
  },
};
const UNIT: UnitFilePath = 'systemd/system/web.service';
const generated = (body: string): string => withHeader(body, { version: 252, runtimeDirectory: '/run/w', helperDirectory: '/usr/lib/w' });
const TEXT = generated('[Unit]\n');
const SET = new Map([[UNIT, TEXT]]);

describe('unit installer', () => {
  let root: string;
  let installer: HostUnitInstaller;
  beforeEach(() => {
    root = fs.mkdtempSync(join(tmpdir(), 'watchkeeper-units-'));
    installer = new HostUnitInstaller(root, RUNNER);
  });
  afterEach(() => fs.rmSync(root, { recursive: true, force: true }));

  const own = (): string => join(root, 'etc', UNIT);
  function put(path: string, text: string): void {
    fs.mkdirSync(dirname(path), { recursive: true });
    fs.writeFileSync(path, text);
  }
  const state = (): string | undefined => installer.look(SET)[0]?.state;

  it('writes whole files, readable by all, and leaves nothing beside them', () => {
    expect(state()).to.equal('absent');
    installer.write(UNIT, TEXT);
    expect(state()).to.equal('same');
    expect(fs.statSync(own()).mode & 0o777).to.equal(0o644);
    expect(fs.readdirSync(dirname(own()))).to.deep.equal(['web.service']);
    installer.write(UNIT, generated('[Service]\n'));
    expect(state()).to.equal('outdated');
  });

  it('knows what is not ours: edited, of others, masked, a link, a directory', () => {
    put(own(), `${TEXT}# by hand\n`);
    expect(state()).to.equal('edited');
    put(own(), '[Unit]\n');
    expect(state()).to.equal('foreign');
    for (const [target, expected] of [['/dev/null', 'masked'], ['/etc/passwd', 'foreign']] as const) {
      fs.rmSync(own());
      fs.symlinkSync(target, own());
      expect(state()).to.equal(expected);
    }
    fs.rmSync(own());
    fs.mkdirSync(own());
    expect(state()).to.equal('foreign');
  });

  it("takes a package's for what systemd reads, unless there is one in /etc", () => {
    put(join(root, 'usr/lib', UNIT), TEXT);
    expect(state()).to.equal('same');
    put(join(root, 'usr/lib', UNIT), '[Unit]\n');
    expect(state()).to.equal('absent');
    put(own(), TEXT);
    expect(state()).to.equal('same');
  });

  it('replaces a link itself, and never what it leads to', () => {
    const target = join(root, 'precious');
    put(target, 'precious');
    fs.mkdirSync(dirname(own()), { recursive: true });
    fs.symlinkSync(target, own());
    installer.write(UNIT, TEXT);
    expect([fs.readFileSync(target, 'utf8'), fs.lstatSync(own()).isFile()]).to.deep.equal(['precious', true]);
  });

  it('refuses a directory that others may write to', () => {
    fs.mkdirSync(join(root, 'etc/systemd'), { recursive: true });
    fs.chmodSync(join(root, 'etc/systemd'), 0o777);
    expect(() => installer.write(UNIT, TEXT)).to.throw(WatchkeeperError, /others may write/);
    expect(fs.readdirSync(join(root, 'etc/systemd'))).to.deep.equal([]);
  });

  it('finds what was generated once, and nothing else', () => {
    put(join(root, 'etc/systemd/system/old.service'), TEXT);
    put(join(root, 'etc/systemd/system/other.service'), '[Unit]\n');
    installer.write(UNIT, TEXT);
    expect(installer.leftOver(SET)).to.deep.equal([join(root, 'etc/systemd/system/old.service')]);
  });
});
