import { expect } from 'chai';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { HOST_GROUND, startClaimFile } from '../../../../src/adapters/state/start-claim-file.js';

describe('the file of the claim that start-all has nothing to do', () => {
  let directory = '';
  let path = '';

  beforeEach(() => {
    directory = fs.mkdtempSync(join(tmpdir(), 'wk-claim-'));
    path = join(directory, 'start-all');
  });
  afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));

  it('is removed where an earlier watcher left it', () => {
    fs.writeFileSync(path, 'old');
    startClaimFile(directory);
    expect(fs.existsSync(path)).to.equal(false);
  });

  it('is as old as it was proven, and is replaced only by another text', () => {
    const file = startClaimFile(directory);
    file.publish('one\n', 1_500_000_000_500);
    const first = fs.statSync(path);
    expect([first.mtimeMs, first.mode & 0o777]).to.deep.equal([1_500_000_000_500, 0o600]);
    file.publish('one\n', 1_500_000_005_500);
    const second = fs.statSync(path);
    expect([second.mtimeMs, second.ino]).to.deep.equal([1_500_000_005_500, first.ino]);
    file.publish('two\n', 1_400_000_000_000);
    expect([fs.readFileSync(path, 'utf8'), fs.statSync(path).mtimeMs]).to.deep.equal(['two\n', 1_400_000_000_000]);
    expect(fs.readdirSync(directory)).to.deep.equal(['start-all']);
  });

  it('comes back after somebody has removed it, and goes when it is withdrawn', () => {
    const file = startClaimFile(directory);
    file.publish('one\n', 1_500_000_000_000);
    fs.rmSync(path);
    file.publish('one\n', 1_500_000_000_000);
    expect(fs.readFileSync(path, 'utf8')).to.equal('one\n');
    file.withdraw();
    file.withdraw();
    expect(fs.existsSync(path)).to.equal(false);
    file.publish('one\n', 1_500_000_000_000);
    expect(fs.existsSync(path)).to.equal(true);
  });

  it('stands on files whose every change is seen, also one that hides itself', () => {
    const stamp = (): string | undefined => HOST_GROUND.state(join(directory, 'file'))?.stamp;
    expect(stamp()).to.equal(undefined);
    expect(HOST_GROUND.state('/dev/null/x')).to.equal(undefined);
    const write = (text: string, then = (): void => undefined): void => {
      fs.writeFileSync(join(directory, 'file'), text);
      then();
      fs.utimesSync(join(directory, 'file'), 1_500_000_000, 1_500_000_000);
    };
    write('one');
    expect(HOST_GROUND.state(join(directory, 'file'))?.modified).to.equal(1_500_000_000_000);
    const seen = new Set([stamp()]);
    const changes: readonly (() => void)[] = [
      () => write('longer'),
      () => write('longer', () => fs.chmodSync(join(directory, 'file'), 0o600)),
      () => {
        fs.rmSync(join(directory, 'file'));
        write('longer', () => fs.chmodSync(join(directory, 'file'), 0o600));
      },
    ];
    changes.forEach((change, index) => {
      change();
      expect(seen.has(stamp()), `change ${index}`).to.equal(false);
      seen.add(stamp());
    });
    fs.renameSync(join(directory, 'file'), join(directory, 'real'));
    fs.symlinkSync('real', join(directory, 'file'));
    expect(stamp(), 'links are followed').to.equal(HOST_GROUND.state(join(directory, 'real'))?.stamp);
  });
});
