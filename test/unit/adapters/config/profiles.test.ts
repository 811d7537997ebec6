/** The catalogues in etc/watchkeeper, put in force and changed as the documents tell an operator. */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect } from 'chai';

import type { Configuration } from '../../../../src/adapters/config/configuration.js';
import { loadConfiguration } from '../../../../src/adapters/config/load.js';
import type { DaemonSpec } from '../../../../src/core/daemon.js';
import { unitSet } from '../../../../src/core/unit-set.js';

const ROOT = resolve(import.meta.dirname, '../../../..');
const ETC = join(ROOT, 'etc/watchkeeper');
const PROFILES = ['ganeti.yaml', 'ganeti-masterd.yaml'] as const;

describe('profiles', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'watchkeeper-profile-'));
    mkdirSync(join(directory, 'conf.d'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  function load(profile: string, dropIn = ''): Configuration {
    for (const name of PROFILES) copyFileSync(join(ETC, name), join(directory, name));
    const main = readFileSync(join(ETC, 'watchkeeper.yaml'), 'utf8');
    writeFileSync(join(directory, 'watchkeeper.yaml'), main.replace(/^#catalogue:$/m, `catalogue: ${profile}`));
    writeFileSync(join(directory, 'conf.d/site.yaml'), dropIn);
    return loadConfiguration(join(directory, 'watchkeeper.yaml'), {});
  }

  function daemon({ catalogue }: Configuration, name: string): DaemonSpec {
    const spec = catalogue.daemons.find((one) => one.name === name);
    if (spec === undefined) throw new Error(`no ${name}`);
    return spec;
  }

  it('are put in force by one line of the shipped configuration', () => {
    expect(load('ganeti.yaml').catalogue.daemons.map(({ name }) => name.replace('ganeti-', ''))).to.deep.equal([
      'noded', 'confd', 'wconfd', 'rapi', 'luxid', 'kvmd', 'mond', 'metad',
    ]);
    expect(load('ganeti-masterd.yaml').catalogue.daemons.map(({ name }) => name.replace('ganeti-', ''))).to.deep.equal(['noded', 'masterd', 'rapi', 'confd', 'luxid']);
  });

  for (const document of ['ganeti.md', 'sandboxing.md']) {
    it(`can be changed as docs/${document} shows`, () => {
      const examples = [...readFileSync(join(ROOT, 'docs', document), 'utf8').matchAll(/^```yaml\n([^]*?)^```$/gm)].map((match) => match[1] ?? '');
      expect(examples.length).to.be.greaterThan(0);
      for (const example of examples) {
        const { catalogue, paths } = load('ganeti.yaml', example);
        // Merged, not misspelt: no daemon more than there is.
        expect(catalogue.daemons, example).to.have.length(8);
        expect(() => unitSet(catalogue, { version: 252, prefix: '/usr', paths }), example).not.to.throw();
      }
    });
  }

  for (const profile of PROFILES) {
    it(`${profile}: what Ganeti's daemons have in common`, () => {
      const configuration = load(profile);
      const { group, daemons } = configuration.catalogue;
      expect(group.notMasterExitStatus).to.equal(11);
      expect([group.setup?.executable, ...(group.setup?.arguments ?? [])].join(' ')).to.include('/usr/lib/ganeti/ensure-dirs');
      for (const spec of daemons) {
        const short = spec.name.replace('ganeti-', '');
        expect(spec.executable, spec.name).to.equal(`/usr/sbin/${spec.name}`);
        expect(spec.unit, spec.name).to.equal(`${spec.name}.service`);
        expect(spec.pidFile, spec.name).to.equal(`/run/ganeti/${spec.name}.pid`);
        expect(spec.foregroundArguments, spec.name).to.deep.equal(['-f']);
        expect(spec.argumentVariables, spec.name).to.deep.equal([`${short.toUpperCase()}_ARGS`, `EXTRA_${short.toUpperCase()}_ARGS`]);
        expect(spec.conditions, spec.name).to.deep.include({ kind: 'path-exists', path: '/var/lib/ganeti/server.pem' });
        // Not to be master is a success of those that only a master has, and of no other.
        expect(spec.successExitStatuses.includes(11), spec.name).to.equal(spec.roles.includes('master'));
        expect(spec.restart.when, spec.name).to.equal('on-failure');
        expect(spec.systemdRetry.enabled, spec.name).to.equal(true);
      }
      expect(daemon(configuration, 'ganeti-noded').killMode, 'its children are virtual machines').to.equal('process');
    });
  }

  it("ganeti.yaml: the users that Debian's daemon-util has, and what else is Ganeti's own", () => {
    const configuration = load('ganeti.yaml');
    expect(Object.fromEntries(configuration.catalogue.daemons.map(({ name, user, group }) => [name.replace('ganeti-', ''), `${user ?? ''}:${group ?? ''}`]))).to.deep.equal({
      noded: 'root:root',
      confd: 'gnt-confd:gnt-confd',
      wconfd: 'gnt-masterd:gnt-confd',
      rapi: 'gnt-rapi:gnt-rapi',
      luxid: 'gnt-masterd:gnt-luxid',
      kvmd: 'root:gnt-daemons',
      mond: 'root:root',
      metad: 'gnt-metad:gnt-metad',
    });
    expect(configuration.catalogue.daemons.filter(({ roles }) => roles.includes('master')).map(({ name }) => name)).to.deep.equal(['ganeti-wconfd', 'ganeti-rapi', 'ganeti-luxid']);
    const metad = daemon(configuration, 'ganeti-metad');
    expect([metad.onDemand, metad.capabilities]).to.deep.equal([true, ['CAP_NET_BIND_SERVICE']]);
    expect(daemon(configuration, 'ganeti-luxid').killMode, 'its children are jobs').to.equal('process');
    expect(daemon(configuration, 'ganeti-luxid').after).to.include('ganeti-wconfd');
  });
});
