/** The library as another program has it: built, typed, on real daemons; and its example. */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';

import type * as Library from '../../src/lib/watchkeeper.js';
import { buildOnce, DaemonUtilWorld } from '../support/daemon-util-world.js';
import { eventually } from '../support/eventually.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');

describe('the library', function () {
  this.timeout(120_000);
  let library: typeof Library;
  let world: DaemonUtilWorld;

  before(async () => {
    buildOnce();
    library = (await import(join(ROOT, 'dist/index.mjs'))) as typeof Library;
  });
  beforeEach(() => (world = new DaemonUtilWorld()));
  afterEach(() => world.cleanups.run());

  const node = (): Library.Watchkeeper => library.openWatchkeeper({ config: world.config, by: 'a test' });

  it('is what the package exports, and nothing else is', () => {
    const script = "const all = await import('watchkeeper'); console.log(Object.keys(all).join()); await import('watchkeeper/dist/watchkeeper.cjs').catch((error) => console.log(error.code));";
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], { cwd: ROOT, encoding: 'utf8', timeout: 30_000 });
    expect(stdout, stderr).to.equal('openWatchkeeper\nERR_PACKAGE_PATH_NOT_EXPORTED\n');
  });

  for (const project of ['examples', 'test/fixtures/consumer']) {
    it(`has types that hold for a consumer: ${project}`, () => {
      const { status, stdout } = spawnSync(process.execPath, [TSC, '--project', join(ROOT, project)], { cwd: ROOT, encoding: 'utf8', timeout: 110_000 });
      expect(stdout).to.equal('');
      expect(status).to.equal(0);
    });
  }

  for (const how of ['by itself', 'by the watcher'] as const) {
    describe(how, () => {
      const begin = async (): Promise<void> => {
        world.write({ defaults: { boot: 'never' } });
        if (how === 'by the watcher') await world.watch();
      };

      it('starts, restarts and stops one, with arguments for one start only', async () => {
        const web = world.add('web');
        await begin();
        const started = await node().start('web', { arguments: ['--no-voting', 'two words'] });
        expect(started).to.include({ kind: 'ok', changed: true, pid: web.mains()[0] });
        expect(web.lastArguments().slice(-2)).to.deep.equal(['--no-voting', 'two words']);
        expect(await node().start('web', { arguments: ['x'] })).to.include({ kind: 'ok', changed: false, pid: web.mains()[0] });
        expect(web.starts()).to.equal(1);
        expect(await node().restart('web')).to.include({ kind: 'ok', changed: true, pid: web.mains()[0] });
        expect(web.lastArguments()).to.not.include('--no-voting');
        const status = await node().status(['web']);
        expect(status.kind === 'ok' ? status.daemons[0] : status).to.include({ name: 'web', observed: 'running', desired: 'up', pid: web.mains()[0] });
        expect(await node().stop('web')).to.include({ kind: 'ok', changed: true });
        expect(web.mains()).to.deep.equal([]);
        expect((await world.run('status', 'web')).stdout).to.include('a test');
      });

      it('starts and stops the master role, each daemon with its own arguments', async () => {
        const [voter, api, other] = [world.add('voter', {}, { roles: ['master'] }), world.add('api', {}, { roles: ['master'], requires: ['voter'] }), world.add('other')];
        await begin();
        const up = await node().startMaster({ arguments: { voter: ['--yes-do-it'] } });
        expect(up).to.deep.include({ ok: true, notMaster: false, untried: [], failure: undefined });
        expect(up.daemons.map(({ name }) => name)).to.deep.equal(['voter', 'api']);
        expect([voter.lastArguments().at(-1), api.lastArguments().at(-1) === '--yes-do-it', other.mains().length]).to.deep.equal(['--yes-do-it', false, 0]);
        const down = await node().stopMaster();
        expect([down.ok, down.daemons.map(({ name }) => name)]).to.deep.equal([true, ['api', 'voter']]);
        expect([voter.mains(), api.mains()]).to.deep.equal([[], []]);
        expect((await node().startAll()).ok).to.equal(true);
        expect([voter.isReady(), api.isReady(), other.isReady()]).to.deep.equal([true, true, true]);
        expect((await node().stopAll()).ok).to.equal(true);
      });

      it('tells by values what is not as it was asked for', async () => {
        world.add('bad', { exits: { status: 4, after: 0 } }, { roles: ['master'], restart: { immediateRestarts: 0, baseDelay: '30s' } });
        world.add('late', {}, { roles: ['master'], requires: ['bad'] });
        world.add('leader', { exits: { status: 11, after: 0 } });
        await begin();
        expect(await node().start('bad')).to.include({ kind: 'failed', code: 'failed' });
        const group = await node().startMaster();
        expect(group).to.deep.include({ ok: false, untried: ['late'] });
        expect(group.failure).to.include({ code: 'failed' });
        expect(await node().start('leader')).to.include({ kind: 'skipped', notMaster: true });
        expect(await node().start('nope')).to.include({ kind: 'failed', code: 'UNKNOWN_DAEMON' });
        expect(await node().status(['nope'])).to.include({ kind: 'failed', code: 'UNKNOWN_DAEMON' });
        expect((await node().startMaster({ arguments: { leader: [] } })).failure).to.include({ code: 'USAGE' });
        writeFileSync(world.config, 'nonsense: 1\n');
        expect(await node().stop('bad')).to.include({ kind: 'failed', code: 'CONFIG_INVALID' });
      });

      it('waits no longer than it may, and begins nothing that is too late', async () => {
        const slow = world.add('slow', { readyAfter: 1500 });
        await begin();
        const controller = new AbortController();
        controller.abort();
        expect(await node().start('slow', { signal: controller.signal })).to.include({ kind: 'failed', code: 'canceled' });
        expect(await node().start('slow', { deadline: 0 })).to.include({ kind: 'failed', code: 'timeout' });
        expect(slow.starts()).to.equal(0);
        const later = new AbortController();
        const outcome = node().start('slow', { signal: later.signal });
        await eventually('it was begun', () => slow.starts() === 1, 20_000);
        later.abort();
        expect(await outcome).to.include({ kind: 'failed', code: 'canceled' });
        // What was begun goes on.
        await eventually('it is up', () => slow.isReady(), 20_000);
        expect(await node().start('slow', { deadline: 60_000 })).to.include({ kind: 'ok' });
        expect(slow.starts()).to.equal(1);
      });
    });
  }
});

describe('examples/failover.ts', function () {
  this.timeout(180_000);
  let here: DaemonUtilWorld;
  let there: DaemonUtilWorld;

  before(() => buildOnce());
  beforeEach(() => {
    here = new DaemonUtilWorld();
    there = new DaemonUtilWorld();
  });
  afterEach(async () => {
    await here.cleanups.run();
    await there.cleanups.run();
  });

  /** Instead of ssh, the other configuration. */
  function oldMaster(): string {
    const program = join(there.directory, 'ssh');
    writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${join(ROOT, 'dist/watchkeeper.cjs')}' daemon-util --config '${there.config}' "$@"\n`);
    chmodSync(program, 0o755);
    return program;
  }

  async function failover(): Promise<{ status: number | null; stderr: string }> {
    const child = spawn(process.execPath, ['--import', 'tsx', join(ROOT, 'examples/failover.ts'), 'voter', oldMaster()], { cwd: ROOT, env: { ...process.env, WATCHKEEPER_CONFIG: here.config }, stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
    return { status, stderr };
  }

  const master = (world: DaemonUtilWorld, behaviour: Parameters<DaemonUtilWorld['add']>[1] = {}) => [world.add('voter', {}, { roles: ['master'] }), world.add('api', behaviour, { roles: ['master'], requires: ['voter'] })] as const;

  it('moves the master here, once without a vote', async () => {
    const [oldVoter, oldApi] = master(there);
    const [voter, api] = master(here);
    there.write();
    here.write();
    expect((await there.run('start-master')).status).to.equal(0);
    const { status, stderr } = await failover();
    expect(status, stderr).to.equal(0);
    expect([oldVoter.mains(), oldApi.mains()]).to.deep.equal([[], []]);
    expect([voter.isReady(), api.isReady(), voter.starts()]).to.deep.equal([true, true, 1]);
    expect(voter.lastArguments().slice(-2)).to.deep.equal(['--no-voting', '--yes-do-it']);
    expect(readFileSync(join(here.state, 'desired/voter'), 'utf8')).to.include('failover');
    expect((await here.run('restart', 'voter')).status).to.equal(0);
    expect(voter.lastArguments()).to.not.include('--no-voting');
  });

  it('goes back where this node cannot be the master', async () => {
    const [oldVoter, oldApi] = master(there);
    const [voter, api] = master(here, { exits: { status: 3, after: 0 } });
    there.write();
    here.write();
    await there.run('start-master');
    const { status, stderr } = await failover();
    expect(status, stderr).to.equal(2);
    expect(stderr).to.include('api failed (failed): exited with status 3').and.include('going back');
    expect([voter.mains(), api.mains()]).to.deep.equal([[], []]);
    expect([oldVoter.isReady(), oldApi.isReady()]).to.deep.equal([true, true]);
  });

  it('changes nothing where it cannot even look, and says how it is called', async () => {
    const [oldVoter] = master(there);
    there.write();
    await there.run('start-master');
    const before = oldVoter.mains();
    // no configuration here
    const { status, stderr } = await failover();
    expect([status, oldVoter.mains()]).to.deep.equal([1, before]);
    expect(stderr).to.include(here.config);
    expect(existsSync(here.state)).to.equal(false);
    const usage = spawnSync(process.execPath, ['--import', 'tsx', join(ROOT, 'examples/failover.ts')], { cwd: ROOT, encoding: 'utf8', timeout: 60_000 });
    expect(usage.status).to.equal(1);
    expect(usage.stderr).to.include('usage: failover');
  });
});
