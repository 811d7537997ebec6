import { expect } from 'chai';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { claimedConfiguration } from '../../../../src/adapters/config/grounds.js';
import { configurationFromText, loadConfiguration } from '../../../../src/adapters/config/load.js';
import type { ClaimedConfiguration } from '../../../../src/ports/start-claim.js';

const IS_ROOT = process.geteuid?.() === 0;

describe('what a configuration stands on', () => {
  let directory = '';
  const at = (name: string): string => join(directory, name);

  beforeEach(() => {
    // Not below /tmp where we are root: root believes nothing from there.
    directory = fs.mkdtempSync(join(IS_ROOT ? '/var/lib' : tmpdir(), 'wk-grounds-'));
    fs.mkdirSync(at('shared'));
    fs.writeFileSync(at('wk.yaml'), 'catalogue: catalogue.yaml');
    fs.writeFileSync(at('shared/real.yaml'), 'daemons: {}');
    fs.symlinkSync('shared/real.yaml', at('catalogue.yaml'));
  });
  afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));

  const load = (): ClaimedConfiguration => claimedConfiguration(loadConfiguration(at('wk.yaml'), {}));

  it('is each file, each directory of one and of what a link leads to, and where drop-ins are or would be', () => {
    const plain = load();
    expect(plain.main).to.equal(at('wk.yaml'));
    expect(plain.files).to.have.members([at('wk.yaml'), at('catalogue.yaml')]);
    expect(plain.directories).to.have.members([directory, at('shared')]);
    expect(plain.absent).to.deep.equal([at('conf.d')]);
    fs.mkdirSync(at('conf.d'));
    fs.writeFileSync(at('conf.d/a.yaml'), 'lockTimeout: 1s');
    const extended = load();
    expect(extended.files).to.include(at('conf.d/a.yaml'));
    expect(extended.directories).to.include(at('conf.d'));
    expect(extended.absent).to.deep.equal([]);
    expect(plain.isCurrent(), 'there is a drop-in now').to.equal(false);
    expect(extended.isCurrent()).to.equal(true);
  });

  it('is each variable that a setting can come from', () => {
    expect(load().variables).to.include.members(['WATCHKEEPER_LOG_LEVEL', 'WATCHKEEPER_PATHS_STATE', 'WATCHKEEPER_HEARTBEAT_INTERVAL']);
  });

  it('is nothing of a built-in one', () => {
    const demo = claimedConfiguration(configurationFromText('the demo', 'daemons: {}', {}));
    expect([demo.files, demo.directories, demo.absent, demo.isCurrent()]).to.deep.equal([[], [], [], true]);
  });

  it('no longer holds where reading it would give something else, or an error', () => {
    fs.mkdirSync(at('conf.d'));
    const changes: readonly (readonly [string, () => void, () => void])[] = [
      ['a new drop-in', () => fs.writeFileSync(at('conf.d/b.yaml'), ''), () => fs.rmSync(at('conf.d/b.yaml'))],
      ['a drop-in of a wrong name', () => fs.writeFileSync(at('conf.d/b.yml'), ''), () => fs.rmSync(at('conf.d/b.yml'))],
      ['a file that is gone', () => fs.renameSync(at('wk.yaml'), at('away')), () => fs.renameSync(at('away'), at('wk.yaml'))],
      ['another text', () => fs.appendFileSync(at('shared/real.yaml'), '\n'), () => undefined],
    ];
    const configuration = load();
    fs.writeFileSync(at('conf.d/backup~'), 'nothing that is read');
    expect(configuration.isCurrent()).to.equal(true);
    for (const [what, change, undo] of changes) {
      change();
      expect(configuration.isCurrent(), what).to.equal(false);
      undo();
    }
  });

  it('no longer holds where somebody else could write it', function () {
    if (!IS_ROOT) this.skip();
    const configuration = load();
    for (const path of [directory, at('shared'), at('shared/real.yaml')]) {
      const { mode } = fs.statSync(path);
      fs.chmodSync(path, mode | 0o022);
      expect(configuration.isCurrent(), path).to.equal(false);
      fs.chmodSync(path, mode);
      expect(configuration.isCurrent(), path).to.equal(true);
    }
  });
});
