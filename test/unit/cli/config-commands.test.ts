import { expect } from 'chai';
import type { LoadedConfiguration } from '../../../src/adapters/config/configuration.js';
import { configurationFromText } from '../../../src/adapters/config/load.js';
import { configCheck, configShow } from '../../../src/cli/config-commands.js';

const SECRET = 'hunter2';
const TEXT = `
log: {level: warn}
defaults: {environment: {TOKEN: ${SECRET}}}
daemons:
  web: {executable: /bin/web, environment: {PASSWORD: ${SECRET}}, startTimeout: 90s, description: "a\\nb"}
`;

interface Told {
  readonly status: number;
  readonly out: readonly string[];
  readonly err: readonly string[];
}

async function told(run: (output: { out(line: string): void; err(line: string): void }) => Promise<number>): Promise<Told> {
  const out: string[] = [];
  const err: string[] = [];
  const status = await run({ out: (line) => out.push(line), err: (line) => err.push(line) });
  return { status, out, err };
}

function good(): LoadedConfiguration {
  return configurationFromText('test.yaml', TEXT, { WATCHKEEPER_LOCK_TIMEOUT: '2m' });
}

function bad(): LoadedConfiguration {
  return configurationFromText('test.yaml', 'a: 1\nb: 2\ndaemons: {}\n', {});
}

describe('watchkeeper config', () => {
  it('check: one line and 0 for a valid configuration', async () => {
    const { status, out, err } = await told((output) => configCheck(good, output));
    expect([status, out.length, err.length]).to.deep.equal([0, 1, 0]);
  });

  it('check: a line for each problem and 78 for a bad one', async () => {
    const { status, out, err } = await told((output) => configCheck(bad, output));
    expect([status, out.length, err.length]).to.deep.equal([78, 0, 3]);
    expect(err[1]).to.contain('test.yaml:1: a:');
    expect(err[2]).to.contain('test.yaml:2: b:');
  });

  it('check: passes on what is no fault of the configuration', async () => {
    const failed = await told((output) => configCheck(() => Promise.reject(new Error('bug')), output)).catch((error: unknown) => error);
    expect(failed).to.be.an('error');
  });

  it('show: each value with its origin', async () => {
    const { status, out } = await told((output) => configShow(good, output, { json: false }));
    expect(status).to.equal(0);
    const find = (key: string): string[] | undefined => out.find((line) => line.startsWith(`${key} `))?.split(/ {2,}/);
    expect(find('log.level')).to.deep.equal(['log.level', 'warn', '# test.yaml:2']);
    expect(find('log.format')).to.deep.equal(['log.format', 'auto', '# default']);
    expect(find('lockTimeout')).to.deep.equal(['lockTimeout', '2m', '# environment WATCHKEEPER_LOCK_TIMEOUT']);
    expect(find('daemons.web.startTimeout')).to.deep.equal(['daemons.web.startTimeout', '90s', '# test.yaml:5']);
    expect(find('daemons.web.user')).to.deep.equal(['daemons.web.user', 'none', '# default']);
  });

  it('show --json: one object', async () => {
    const { out } = await told((output) => configShow(good, output, { json: true }));
    expect(out).to.have.length(1);
    const shown = JSON.parse(out[0] ?? '') as { schemaVersion: number; values: { key: string; value: unknown; origin: string }[] };
    expect(shown.schemaVersion).to.equal(1);
    expect(shown.values).to.deep.include({ key: 'daemons.web.startTimeout', value: 90_000, origin: 'test.yaml:5' });
    expect(shown.values).to.deep.include({ key: 'daemons.web.user', value: null, origin: 'default' });
  });

  for (const json of [false, true]) {
    it(`show${json ? ' --json' : ''}: no value of a variable, no control character`, async () => {
      const { out } = await told((output) => configShow(good, output, { json }));
      expect(out.join('\n')).to.contain('PASSWORD').and.to.contain('TOKEN').and.not.to.contain(SECRET);
      for (const line of out) expect(line).not.to.match(/[\u0000-\u001f]/);
    });
  }
});
