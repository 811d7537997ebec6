import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import { ConfigurationCache } from '../../../../src/adapters/config/cache.js';
import { loadWithTexts } from '../../../../src/adapters/config/load.js';

const TEXT = `
group: {name: shop, notMasterExitStatus: 11, setup: {executable: /bin/setup}}
defaults: {user: nobody, environment: {A: 1}}
daemons:
  web: {executable: /bin/web, conditions: [{pathExists: /etc/web}], health: {answers: {kind: liveness, by: tcp, port: 80}}}
  log: {executable: /bin/log, after: [web], restart: {when: always}}
tasks:
  clean: {argv: [/bin/clean], schedule: '* * * * *'}
hooks:
  tell: {argv: [/bin/tell], on: [crash]}
`;

type Parts = Record<string, unknown>;

describe('the kept configuration', () => {
  let directory: string;
  let main: string;
  let environment: Record<string, string>;

  beforeEach(async () => {
    directory = fs.mkdtempSync(join(tmpdir(), 'watchkeeper-cache-'));
    main = join(directory, 'watchkeeper.yaml');
    fs.writeFileSync(main, TEXT);
    fs.mkdirSync(join(directory, 'run'), { mode: 0o755 });
    environment = { WATCHKEEPER_PATHS_RUNTIME: join(directory, 'run'), OTHER: '1' };
    await keep();
  });
  afterEach(() => fs.rmSync(directory, { recursive: true }));

  const cache = (program = 'build 1'): ConfigurationCache => new ConfigurationCache(main, environment, program);
  const kept = (): string => join(directory, 'run/configuration');

  async function keep(): Promise<void> {
    const { configuration, texts } = loadWithTexts(main, environment);
    await cache().write(configuration, texts);
  }

  it('is what the files say, in all that programs ask of it', () => {
    const { settings, paths, catalogue, tasks, hooks, files } = loadWithTexts(main, environment).configuration;
    expect(cache().read()).to.deep.equal({ settings, paths, catalogue, tasks, hooks, main, files });
    expect((fs.statSync(kept()).mode & 0o7777).toString(8)).to.equal('600');
  });

  it('is nothing where a part of it is something else, or is not there', () => {
    const text = fs.readFileSync(kept(), 'utf8');
    const damaged = (change: (record: Parts) => void): readonly unknown[] => {
      const { value, absent } = JSON.parse(text) as { value: Parts; absent: unknown };
      change(value);
      fs.writeFileSync(kept(), JSON.stringify({ value, absent }), { mode: 0o600 });
      return [cache().read(), cache().last()];
    };
    expect(damaged(() => undefined)).to.not.include(undefined);
    const rubbish = [undefined, null, 5, '', [null], {}];
    for (const odd of rubbish) {
      for (const key of ['environment', 'sources', 'dropIns', 'meaning']) expect(damaged((record) => (record[key] = odd)), `${key} ${JSON.stringify(odd)}`).to.deep.equal([undefined, undefined]);
      for (const key of ['settings', 'paths', 'catalogue', 'tasks', 'hooks', 'main']) {
        if (JSON.stringify(odd) === '{}' && (key === 'settings' || key === 'paths')) continue;
        expect(damaged(({ meaning }) => ((meaning as Parts)[key] = odd)), `${key} ${JSON.stringify(odd)}`).to.deep.equal([undefined, undefined]);
      }
    }
    expect(damaged((record) => (record['sources'] = [{ path: 5, text: '' }]))).to.deep.equal([undefined, undefined]);
    expect(damaged(({ meaning }) => ((meaning as { catalogue: Parts }).catalogue['daemons'] = [null]))).to.deep.equal([undefined, undefined]);
  });

  const changes: Readonly<Record<string, () => void>> = {
    'a byte of a file': () => fs.writeFileSync(main, TEXT.replace('/bin/web', '/bin/wev')),
    'a drop-in that came': () => {
      fs.mkdirSync(join(directory, 'conf.d'), { mode: 0o755 });
      fs.writeFileSync(join(directory, 'conf.d/a.yaml'), '{}');
    },
    'a variable of ours': () => (environment['WATCHKEEPER_LOG_LEVEL'] = 'debug'),
    'a file that others may write': () => fs.chmodSync(main, 0o666),
    'a file that is gone': () => fs.rmSync(main),
    'what is kept, cut off': () => fs.truncateSync(kept(), 100),
    'what is kept, readable for others': () => fs.chmodSync(kept(), 0o644),
    'what is kept, replaced by a link': () => {
      fs.renameSync(kept(), join(directory, 'elsewhere'));
      fs.symlinkSync(join(directory, 'elsewhere'), kept());
    },
    'what is kept, no file': () => {
      fs.rmSync(kept());
      fs.mkdirSync(kept());
    },
  };
  for (const [what, change] of Object.entries(changes)) {
    it(`is not believed after a change: ${what}`, function () {
      if (what.includes('others may') && process.geteuid?.() !== 0) this.skip();
      change();
      expect(cache().read()).to.equal(undefined);
    });
  }

  it('is believed whatever becomes of the time of a file: the text counts', () => {
    fs.utimesSync(main, 1, 1);
    expect(cache().read()?.files[0]?.modified).to.equal(1000);
    fs.writeFileSync(main, TEXT.replace('/bin/web', '/bin/wev'));
    fs.utimesSync(main, 1, 1);
    expect(cache().read()).to.equal(undefined);
  });

  it("is not another program's, nor of another main file", () => {
    expect(cache('build 2').read()).to.equal(undefined);
    const other = join(directory, 'other.yaml');
    fs.copyFileSync(main, other);
    expect(new ConfigurationCache(other, environment, 'build 1').read()).to.equal(undefined);
  });

  it('is kept nowhere where no runtime directory is ours', async () => {
    fs.rmSync(kept());
    fs.chmodSync(join(directory, 'run'), 0o777);
    await keep();
    expect(fs.existsSync(kept())).to.equal(false);
    fs.rmdirSync(join(directory, 'run'));
    await keep();
    expect(cache().read()).to.equal(undefined);
  });
});
