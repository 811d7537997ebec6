/**
 * The units of Ganeti's catalogue on real systemds, 252 and 257, with Debian's
 * Ganeti: nothing to complain of, each sandbox in force, its exposure as
 * docs/sandboxing.md has it, and a cluster that lives in them. Debian's own
 * daemon-util starts them here: any that asks systemd will do.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';

import { configurationFromText } from '../../src/adapters/config/load.js';
import type { DaemonSpec } from '../../src/core/daemon.js';
import { installTree, REPOSITORY } from '../support/containers/installed-tree.js';
import { ganetiRecipe, type Suite } from '../support/containers/recipe.js';
import { missingRequirement } from '../support/containers/requirements.js';
import { rootFileSystem } from '../support/containers/root-file-system.js';
import { Cleanups, eventually } from '../support/eventually.js';
import { alone, initCluster, startNode, type GanetiNode } from '../support/ganeti/node.js';

/** A first run builds the root file systems, too. */
const BUILD_TIMEOUT = 780_000;
const STEP_TIMEOUT = 240_000;
const VERSIONS: readonly (readonly [suite: Suite, version: number])[] = [['bookworm', 252], ['trixie', 257]];
const SEE = 'docs/sandboxing.md should say';

const CATALOGUE = configurationFromText('ganeti.yaml', readFileSync(join(REPOSITORY, 'etc/watchkeeper/ganeti.yaml'), 'utf8'), {}).catalogue;
/** Always there: kvmd ends at once without KVM, metad is on demand. */
const DAEMONS = CATALOGUE.daemons.filter(({ name, onDemand }) => !onDemand && name !== 'ganeti-kvmd');

for (const [suite, version] of VERSIONS) describe(`Ganeti's units on ${suite}, systemd ${version}`, () => live(suite, version));

function live(suite: Suite, version: number): void {
  const cleanups = new Cleanups();
  let node: GanetiNode;
  const run = (...argv: [string, ...string[]]): Promise<string> => node.container.must(argv, { timeout: 90_000 });
  const property = async (unit: string, name: string): Promise<string> => (await run('/usr/bin/systemctl', 'show', '--value', `--property=${name}`, unit)).trim();

  before(async function () {
    this.timeout(BUILD_TIMEOUT);
    const missing = missingRequirement();
    if (missing !== undefined) {
      console.log(`    skipped: ${missing}`);
      this.skip();
    }
    await rootFileSystem(ganetiRecipe(suite));
    node = await startNode(suite, 'systemd');
    cleanups.add(() => node.container.stop());
    alone(node);
    installTree(node.container.root);
    // As docs/ganeti.md tells an operator.
    await run('/bin/sed', '-i', 's/^#catalogue:$/catalogue: ganeti.yaml/', '/etc/watchkeeper/watchkeeper.yaml');
  });
  after(() => cleanups.run());

  it('are taken by systemd without a complaint, and installed once', async function () {
    this.timeout(STEP_TIMEOUT);
    expect(await run('/usr/bin/systemctl', '--version')).to.match(new RegExp(`^systemd ${version}\\b`));
    expect(await run('/usr/sbin/watchkeeper', 'config', 'check')).to.match(/valid; 8 daemons/);
    expect(await run('/usr/sbin/watchkeeper', 'units', 'verify')).to.match(/^\d+ files: nothing to complain of\n$/);
    // The watcher's own came with the package.
    expect(await run('/usr/sbin/watchkeeper', 'units', 'install')).to.match(/installed \/etc\/systemd\/system\/ganeti\.target\n/).and.not.to.include('watchkeeper.service');
    expect(await run('/usr/sbin/watchkeeper', 'units', 'install')).to.equal('all units are installed already\n');
    expect(await run('/usr/sbin/watchkeeper', 'units', 'diff')).to.equal('');
    expect(await property('ganeti.target', 'LoadState')).to.equal('loaded');
    // Those in units/ are what is installed here.
    const committed = readFileSync(join(REPOSITORY, `units/ganeti/${version}/systemd/system/ganeti-mond.service`), 'utf8');
    expect(await node.container.read('/etc/systemd/system/ganeti-mond.service')).to.equal(committed);
  });

  it('are not replaced where somebody has edited one, and verify tells of an error in the catalogue', async function () {
    this.timeout(STEP_TIMEOUT);
    const file = '/etc/systemd/system/ganeti-rapi.service';
    const text = await node.container.read(file);
    await node.container.write(file, `${text}Nice=5\n`);
    const refused = await node.container.run(['/usr/sbin/watchkeeper', 'units', 'install']);
    expect([refused.status, refused.stderr]).to.satisfy(([status, words]: [number, string]) => status === 1 && words.includes(`${file}: it was edited by hand`), refused.stderr);
    expect((await node.container.run(['/usr/sbin/watchkeeper', 'units', 'diff'])).stdout).to.match(/^-Nice=5$/m);
    expect(await run('/usr/sbin/watchkeeper', 'units', 'install', '--force')).to.equal(`replaced ${file}\n`);
    await node.container.write('/etc/watchkeeper/conf.d/wrong.yaml', 'daemons: {ganeti-rapi: {executable: /usr/sbin/ganeti-nothing}}\n');
    const verified = await node.container.run(['/usr/sbin/watchkeeper', 'units', 'verify']);
    expect([verified.status, verified.stderr]).to.satisfy(([status, words]: [number, string]) => status === 1 && words.includes('/usr/sbin/ganeti-nothing'), verified.stderr);
    await run('/bin/rm', '/etc/watchkeeper/conf.d/wrong.yaml');
  });

  it('leave a node without a cluster alone: conditions, and no failure', async function () {
    this.timeout(STEP_TIMEOUT);
    await run('/usr/bin/systemctl', 'start', 'ganeti.target');
    for (const { unit } of CATALOGUE.daemons) expect([unit, await property(unit, 'ActiveState'), await property(unit, 'Result')]).to.deep.equal([unit, 'inactive', 'success']);
    for (const { unit, onDemand } of CATALOGUE.daemons) if (!onDemand) expect([unit, await property(unit, 'ConditionResult')]).to.deep.equal([unit, 'no']);
    await run('/usr/bin/systemctl', 'stop', 'ganeti.target');
  });

  it('have the exposure that docs/sandboxing.md has', async function () {
    this.timeout(STEP_TIMEOUT);
    const rows = readFileSync(join(REPOSITORY, 'docs/sandboxing.md'), 'utf8').split('\n').filter((line) => /^\| `[a-z-]+\.service` \|/.test(line));
    const column = VERSIONS.findIndex(([, one]) => one === version) + 2;
    const documented = rows.map((row) => row.split('|').map((cell) => cell.trim())).map((cells) => `${cells[1] ?? ''} ${cells[column] ?? ''}`);
    const measured: string[] = [];
    for (const unit of ['ganeti-common.service', ...CATALOGUE.daemons.map((daemon) => daemon.unit), 'watchkeeper.service']) {
      const [, exposure] = /Overall exposure level for \S+: (\d+\.\d)/.exec(await run('/usr/bin/systemd-analyze', 'security', '--no-pager', unit)) ?? [];
      measured.push(`\`${unit}\` ${exposure ?? '?'}`);
    }
    expect(documented, SEE).to.deep.equal(measured);
  });

  it('carry a cluster: jobs, instances, RAPI; each sandbox is in force', async function () {
    this.timeout(STEP_TIMEOUT);
    await initCluster(node);
    for (const { name, unit } of DAEMONS) await eventually(`${name} is up`, async () => (await property(unit, 'ActiveState')) === 'active', 30_000);
    for (const spec of DAEMONS) {
      const status = await node.container.read(`/proc/${await property(spec.unit, 'MainPID')}/status`);
      expect(status, spec.name).to.match(/^Seccomp:\t2$/m);
      const bounding = BigInt(`0x${/^CapBnd:\t([0-9a-f]+)$/m.exec(status)?.[1] ?? ''}`);
      if (spec.name === 'ganeti-noded') expect(bounding & (1n << SYS_TIME), spec.name).to.equal(0n);
      else expect(bounding, spec.name).to.equal(allowed(spec));
      expect(status, spec.name).to.match(spec.name === 'ganeti-noded' ? /^NoNewPrivs:\t0$/m : /^NoNewPrivs:\t1$/m);
    }
    // Through luxid, a job of its own, wconfd and noded, which runs the program.
    expect(await run('/usr/sbin/gnt-cluster', 'command', 'echo', 'here')).to.include('here');
    for (const words of [['add-tags', 'one'], ['renew-crypto', '-f', '--new-rapi-certificate'], ['copyfile', '/etc/hosts']]) await run('/usr/sbin/gnt-cluster', ...words);
    await run('/usr/sbin/gnt-network', 'add', '--network=198.51.100.0/24', 'net1');
  });

  it('let a job go on while luxid is restarted', async function () {
    this.timeout(STEP_TIMEOUT);
    const submitted = await node.container.run(['/usr/sbin/gnt-debug', 'delay', '--submit', '6'], { timeout: 90_000 });
    const job = /JobID: (\d+)/.exec(submitted.stdout + submitted.stderr)?.[1] ?? '';
    const state = async (): Promise<string> => (await run('/usr/sbin/gnt-job', 'list', '--no-headers', '-o', 'status', job)).trim();
    await eventually('the job runs', async () => (await state()) === 'running', 30_000);
    await run('/usr/bin/systemctl', 'restart', 'ganeti-luxid.service');
    await eventually('the job is done', async () => (await state()) === 'success', 60_000);
  });

  it('bring back what is killed', async function () {
    this.timeout(STEP_TIMEOUT);
    for (const { unit, name } of DAEMONS) {
      const before = await property(unit, 'MainPID');
      await run('/bin/kill', '-KILL', before);
      await eventually(`${name} is back`, async () => (await property(unit, 'ActiveState')) === 'active' && (await property(unit, 'MainPID')) !== before, 60_000);
    }
  });

  it('bear the tighter noded that docs/sandboxing.md shows', async function () {
    this.timeout(STEP_TIMEOUT);
    const example = /```yaml\n([^]*?)```/.exec(readFileSync(join(REPOSITORY, 'docs/sandboxing.md'), 'utf8'))?.[1] ?? '';
    await node.container.write('/etc/watchkeeper/conf.d/tight.yaml', example);
    expect(await run('/usr/sbin/watchkeeper', 'units', 'install')).to.equal('replaced /etc/systemd/system/ganeti-noded.service\n');
    await run('/usr/bin/systemctl', 'restart', 'ganeti-noded.service');
    expect(await property('ganeti-noded.service', 'LockPersonality')).to.equal('yes');
    expect(await run('/usr/sbin/gnt-cluster', 'command', 'echo', 'here')).to.include('here');
  });

  it('restart, stop and start with their targets, and by the name of the stub', async function () {
    this.timeout(STEP_TIMEOUT);
    const states = async (): Promise<readonly string[]> => {
      const all: string[] = [];
      for (const { unit } of DAEMONS) all.push(await property(unit, 'ActiveState'));
      return [...new Set(all)];
    };
    await run('/usr/bin/systemctl', 'start', 'ganeti.service');
    await run('/usr/bin/systemctl', 'stop', 'ganeti.service');
    // systemctl waits for the job of the one unit that it was told of.
    await eventually('all are down', async () => (await states()).join() === 'inactive', 60_000);
    await run('/usr/bin/systemctl', 'start', 'ganeti.service');
    expect(await states(), 'each is up once it is ready').to.deep.equal(['active']);
    const time = async (name: string, which: string): Promise<number> => Number(await property(`ganeti-${name}.service`, which));
    for (const [earlier, later] of [['noded', 'wconfd'], ['wconfd', 'luxid']] as const) {
      expect(await time(later, 'ExecMainStartTimestampMonotonic'), `${later} after ${earlier}`).to.be.at.least(await time(earlier, 'ActiveEnterTimestampMonotonic'));
      expect(await time(later, 'NRestarts'), later).to.equal(0);
    }
    const noded = await property('ganeti-noded.service', 'MainPID');
    const rapi = await property('ganeti-rapi.service', 'MainPID');
    await run('/usr/bin/systemctl', 'restart', 'ganeti-master.target');
    await eventually('all are up', async () => (await states()).join() === 'active', 60_000);
    expect(await property('ganeti-noded.service', 'MainPID'), 'the node role is left alone').to.equal(noded);
    expect(await property('ganeti-rapi.service', 'MainPID')).not.to.equal(rapi);
  });
}

/** Bits of linux/capability.h, of those that the catalogue leaves to anybody. */
const BITS: Readonly<Record<string, bigint>> = { CAP_DAC_OVERRIDE: 1n, CAP_NET_BIND_SERVICE: 10n, CAP_SYS_ADMIN: 21n };
const SYS_TIME = 25n;

function allowed({ name, sandbox }: DaemonSpec): bigint {
  const words = (sandbox.CapabilityBoundingSet?.[0] ?? '').split(' ').filter((word) => word !== '');
  return words.reduce((sum, word) => {
    const bit = BITS[word];
    if (bit === undefined) throw new Error(`${name} has ${word}, which this test does not know`);
    return sum | (1n << bit);
  }, 0n);
}
