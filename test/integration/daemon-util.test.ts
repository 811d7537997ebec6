/** The built daemon-util with real daemons, without a watcher and without systemd. */
import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { join } from 'node:path';

import { parseDesired } from '../../src/adapters/state/desired-state.js';
import { buildOnce, DaemonUtilWorld, IS_ROOT, type Result } from '../support/daemon-util-world.js';
import { eventually } from '../support/eventually.js';
import { procProcess } from '../support/proc.js';

const SILENT = { status: 0, signal: null, stdout: '', stderr: '' };

describe('daemon-util on real daemons', function () {
  this.timeout(60_000);
  let world: DaemonUtilWorld;

  before(() => buildOnce());
  beforeEach(() => (world = new DaemonUtilWorld()));
  afterEach(() => world.cleanups.run());

  const desired = (name: string) => parseDesired(fs.readFileSync(join(world.state, 'desired', name), 'utf8'));

  it('starts, checks, reports, restarts and stops one', async () => {
    const web = world.add('web');
    world.write();
    expect((await world.run('check', 'web')).status).to.equal(1);
    expect(await world.run('start', 'web')).to.deep.equal(SILENT);
    expect(web.isReady()).to.equal(true);
    expect(await world.run('check', 'web')).to.deep.equal(SILENT);
    const [pid] = web.mains();
    expect(await world.run('pid', 'web')).to.deep.equal({ ...SILENT, stdout: `${pid}\n` });
    expect((await world.run('status', 'web')).stdout).to.match(new RegExp(`^web: running \\(pid ${pid}, up [^,]+, 0 restarts\\)\n$`));
    expect(await world.run('start', 'web')).to.deep.equal(SILENT);
    expect(web.mains()).to.deep.equal([pid]);
    expect(await world.run('restart', 'web')).to.deep.equal(SILENT);
    expect(web.mains()).to.have.length(1).and.not.include(pid);
    expect(await world.run('stop', 'web')).to.deep.equal(SILENT);
    expect(web.mains()).to.deep.equal([]);
    expect(await world.run('stop', 'web')).to.deep.equal(SILENT);
    expect(desired('web')).to.include({ desired: 'down' });
  });

  it('starts all in order, ends at the first failure, and stops all', async () => {
    const db = world.add('db');
    const broken = world.add('broken', { exits: { status: 3, after: 0, message: 'no port for me' }, readyAfter: 'never' }, { after: ['db'] });
    const web = world.add('web', {}, { after: ['broken'] });
    const rare = world.add('rare', {}, { onDemand: true });
    world.write();
    const result = await world.run('start-all');
    expect(result.status).to.equal(1);
    expect(result.stderr).to.include('cannot start broken').and.include('status 3').and.include('not tried after that: web');
    expect([db, broken, web, rare].map((daemon) => daemon.starts())).to.deep.equal([1, 1, 0, 0]);
    expect((await world.run('start', 'rare')).status).to.equal(0);
    expect(await world.run('stop-all')).to.deep.equal(SILENT);
    expect([...db.mains(), ...rare.mains()]).to.deep.equal([]);
  });

  it('hands one-shot arguments to one start only, as they are', async () => {
    const web = world.add('web', {}, { argumentVariables: ['EXTRA_WEB_ARGS'], roles: ['master'] });
    world.write();
    const hostile = ['--json', '--', 'a b', "'", '"', '$(id)', '*', '', 'new\nline', '--dry-run'];
    await world.run('start', 'web', ...hostile);
    expect(web.lastArguments().slice(-hostile.length)).to.deep.equal(hostile);
    await world.run('restart', 'web');
    expect(web.lastArguments()).to.deep.equal(web.spec.arguments);
    await world.run('stop-master');
    world.environment = { EXTRA_WEB_ARGS: '--no-voting --yes-do-it', EXTRA_OTHER_ARGS: '--never' };
    expect(await world.run('start-master')).to.deep.equal(SILENT);
    expect(web.lastArguments().slice(-2)).to.deep.equal(['--no-voting', '--yes-do-it']);
  });

  it('takes "not master" and an unmet condition for what they are', async () => {
    const master = world.add('master', { exits: { status: 11, after: 0 }, readyAfter: 'never' }, { roles: ['master'] });
    world.add('unset', {}, { conditions: [{ pathExists: '/no/such/file' }] });
    world.write();
    const started = await world.run('start', 'master');
    expect(started).to.include({ status: 11, stdout: '' });
    expect((await world.run('check-exitcode', String(started.status))).stdout).to.equal('not master\n');
    expect((await world.run('start-all')).status).to.equal(0);
    expect(await world.run('start', 'unset')).to.include({ status: 0 });
    expect(master.mains()).to.deep.equal([]);
  });

  it('runs the setup program once per transaction, and only if something is started', async () => {
    const count = join(world.directory, 'setups');
    world.add('db');
    world.add('web');
    const script = join(world.directory, 'setup');
    fs.writeFileSync(script, `#!/bin/sh\necho x >>'${count}'\n`, { mode: 0o755 });
    world.write({}, { setup: { executable: script } });
    const setups = () => (fs.existsSync(count) ? fs.readFileSync(count, 'utf8').length / 2 : 0);
    expect((await world.run('start-all')).stderr).to.equal('');
    expect(setups()).to.equal(1);
    await world.run('start-all');
    await world.run('start', 'db');
    expect(setups()).to.equal(1);
  });

  it('starts what died by itself, but not what was stopped by hand, in check-and-start', async () => {
    const web = world.add('web');
    world.write();
    await world.run('start', 'web');
    web.mains().forEach((pid) => process.kill(pid, 'SIGKILL'));
    await eventually('it is dead', () => web.mains().length === 0);
    expect(await world.run('check-and-start', 'web')).to.deep.equal(SILENT);
    expect(web.mains()).to.have.length(1);
    await world.runByAnother('stop', 'web');
    const result = await world.run('check-and-start', 'web');
    expect(result.status).to.equal(1);
    expect(result.stdout).to.include('stopped by daemon-util stop web');
    expect(web.mains()).to.deep.equal([]);
  });

  it('brings back in check-and-start what only went down with all, once another was started again', async () => {
    const [web, db, api] = [world.add('web'), world.add('db'), world.add('api')];
    world.write();
    await world.run('start-all');
    await world.runByAnother('stop', 'api'); // singled out: so it stays through a stop of all
    await world.runByAnother('stop-all');
    expect((await world.run('check-and-start', 'db')).status).to.equal(1);
    await world.run('start', 'web');
    expect(await world.run('check-and-start', 'db')).to.deep.equal(SILENT);
    expect((await world.run('check-and-start', 'api')).status).to.equal(1);
    expect([web.mains(), db.mains(), api.mains()].map(({ length }) => length)).to.deep.equal([1, 1, 0]);
    expect((await world.run('start-all')).status).to.equal(0);
    expect(api.mains()).to.have.length(1);
    await world.runByAnother('stop-all');
    await world.run('start', 'web');
    await world.runByAnother('stop', 'db'); // and now this one is
    expect((await world.run('check-and-start', 'db')).status).to.equal(1);
    expect(db.mains()).to.deep.equal([]);
  });

  it('makes a daemon reopen its logs', async () => {
    const web = world.add('web');
    world.write();
    expect(await world.run('rotate-logs', 'web')).to.deep.equal(SILENT);
    await world.run('start', 'web');
    expect(await world.run('rotate-all-logs')).to.deep.equal(SILENT);
    await eventually('the signal arrives', () => web.reloads() === 1);
  });

  it('does and writes nothing with --dry-run', async () => {
    const web = world.add('web');
    world.write();
    for (const command of [['start', 'web'], ['start-all'], ['stop-all'], ['restart', 'web'], ['check-and-start', 'web'], ['rotate-all-logs']]) {
      const result = await world.run('--dry-run', ...command);
      expect(result.status, command[0]).to.equal(0);
      expect(result.stdout, command[0]).to.match(/^through (start-stop-daemon|built-in) /).and.include('web');
    }
    expect(web.starts()).to.equal(0);
    expect(fs.existsSync(world.state), 'state').to.equal(false);
    expect(fs.existsSync(join(world.runtime, 'lock')), 'locks').to.equal(false);
  });

  describe('with two at once', () => {
    it('starts one instance', async () => {
      const web = world.add('web', { readyAfter: 300 });
      world.write();
      const results = await Promise.all([1, 2, 3].map(() => world.run('start', 'web')));
      expect(results.map(({ status }) => status)).to.deep.equal([0, 0, 0]);
      expect(web.starts()).to.equal(1);
    });

    it('tells the one that waited in vain who is at it', async () => {
      const web = world.add('web', { stopTakes: 4000 });
      world.write({ lockTimeout: '300ms' });
      await world.run('start', 'web');
      const stopping = world.begin('stop', 'web');
      await eventually('the stop has begun', () => JSON.stringify(desired('web')).includes('"down"'));
      const late = await world.run('start', 'web');
      expect(late.status).to.equal(1);
      expect(late.stderr).to.include(`daemon-util stop web (uid ${process.getuid?.() ?? 0}, pid ${stopping.pid})`);
      expect(await stopping.ended).to.deep.equal(SILENT);
      expect(desired('web'), 'the loser changed nothing').to.include({ desired: 'down' });
      expect(web.mains()).to.deep.equal([]);
    });

    it('frees the daemon for the next when the first is killed', async () => {
      const web = world.add('web', { readyAfter: 'never' });
      world.write({ lockTimeout: '2s' });
      const first = world.begin('start', 'web');
      await eventually('it is spawned', () => web.mains().length === 1);
      first.kill('SIGKILL');
      expect((await first.ended).signal).to.equal('SIGKILL');
      expect(desired('web')).to.include({ desired: 'up' });
      expect(await world.run('stop', 'web')).to.include({ status: 0 });
      expect(web.mains()).to.deep.equal([]);
    });
  });

  describe('with a watcher', () => {
    it('lets it start and stop, and the daemons belong to it', async () => {
      const web = world.add('web', {}, { argumentVariables: ['EXTRA_WEB_ARGS'] });
      world.write();
      const watcher = await world.watch();
      await eventually('it has started the group', () => web.isReady());
      expect(await world.run('stop', 'web')).to.deep.equal(SILENT);
      expect(web.mains()).to.deep.equal([]);
      expect((await world.run('status', 'web')).stdout).to.match(/^web: stopped/);
      expect(await world.runByAnother('check-and-start', 'web')).to.include({ status: 1, stderr: '' });
      // Who had it stopped himself may have it back so.
      expect(await world.run('check-and-start', 'web')).to.deep.equal(SILENT);
      expect(web.mains()).to.have.length(1);
      expect(await world.runByAnother('stop', 'web')).to.deep.equal(SILENT);
      expect(await world.run('check-and-start', 'web')).to.include({ status: 1, stderr: '' });
      world.environment = { EXTRA_WEB_ARGS: '--extra' };
      expect(await world.run('start', 'web', 'a b')).to.deep.equal(SILENT);
      expect(web.lastArguments().slice(-2)).to.deep.equal(['--extra', 'a b']);
      const [pid = 0] = web.mains();
      expect(procProcess(pid)?.ppid).to.equal(watcher.pid);
      expect(await world.run('pid', 'web')).to.deep.equal({ ...SILENT, stdout: `${pid}\n` });
      expect(await world.run('restart', 'web')).to.deep.equal(SILENT);
      expect(await world.run('stop-all')).to.deep.equal(SILENT);
      expect(web.mains()).to.deep.equal([]);
    });

    it('tells the truth while it hangs, and changes nothing behind its back', async () => {
      const web = world.add('web');
      world.write({ controlTimeout: '500ms' });
      const watcher = await world.watch();
      await eventually('it has started the group', () => web.isReady());
      watcher.kill('SIGSTOP');
      expect((await world.run('check', 'web')).status).to.equal(0);
      const result = await world.run('stop', 'web');
      expect(result.status).to.equal(1);
      expect(result.stderr).to.include('no answer');
      expect(web.mains()).to.have.length(1);
      watcher.kill('SIGCONT');
      expect(await world.run('stop', 'web')).to.deep.equal(SILENT);
    });

    it('does without it once it is killed', async () => {
      const web = world.add('web');
      world.write();
      const watcher = await world.watch();
      await eventually('it has started the group', () => web.isReady());
      watcher.kill('SIGKILL');
      await watcher.ended;
      expect((await world.run('check', 'web')).status).to.equal(0);
      expect(await world.run('stop', 'web')).to.deep.equal(SILENT);
      expect(web.mains()).to.deep.equal([]);
    });
  });

  it('refuses hostile names and does nothing', async () => {
    world.add('web');
    world.write();
    for (const name of ['/', '..', '../../etc/shadow', 'a b', 'a\nb', 'x'.repeat(10_000), '\u001b[2J', '-rf']) {
      for (const command of ['start', 'stop', 'check', 'daemon-pidfile']) {
        const result = await world.run(command, '--', name);
        expect(result.status, `${command} ${name.slice(0, 20)}`).to.equal(1);
        expect(result.stdout).to.equal('');
        expect(result.stderr).to.match(/^[\x20-\x7e]{1,400}\n$/);
      }
    }
    expect(fs.existsSync(world.state)).to.equal(false);
  });

  it('survives a reader that goes away, and reports a full output', () => {
    world.add('web');
    world.write();
    const shell = (script: string) =>
      spawnSync('/bin/sh', ['-c', script, 'sh', process.execPath, 'dist/watchkeeper.cjs'], {
        cwd: new URL('../..', import.meta.url),
        env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', WATCHKEEPER_CONFIG: world.config },
        encoding: 'utf8',
        timeout: 20_000,
      });
    expect(shell('("$1" "$2" daemon-util help; echo "status $?" >&2) | true').stderr).to.equal('status 0\n');
    const full = shell('"$1" "$2" daemon-util help >/dev/full');
    expect(full.status).to.equal(1);
    expect(full.stderr).to.include('ENOSPC');
    expect(shell('"$1" "$2" daemon-util check-exitcode 0 <&- >&- 2>&-').status).to.equal(0);
  });

  it('answers a broken configuration with 78 and the place', async () => {
    fs.writeFileSync(world.config, 'daemons:\n  web:\n    executabel: /bin/true\n');
    const result = await world.run('check-config');
    expect(result.status).to.equal(78);
    expect(result.stdout).to.equal('');
    expect(result.stderr).to.include(`${world.config}:3`);
  });

  describe('where the state cannot be written', () => {
    function mounted(options: string): void {
      fs.mkdirSync(world.state);
      const mount = spawnSync('/usr/bin/mount', ['-t', 'tmpfs', '-o', options, 'wk-test', world.state], { encoding: 'utf8' });
      if (mount.status !== 0) throw new Error(`mount: ${mount.stderr}`);
      world.cleanups.add(() => {
        const umount = spawnSync('/usr/bin/umount', [world.state], { encoding: 'utf8' });
        if (umount.status !== 0) throw new Error(`umount: ${umount.stderr}`);
      });
    }

    function refused(result: Result, why: string): void {
      expect(result.status).to.equal(1);
      expect(result.stderr).to.match(/^daemon-util: cannot [^\n]*; try [^\n]*\n$/).and.include(why);
    }

    it('on a full disk it says so, changes nothing and loses nothing', async function () {
      if (!IS_ROOT) this.skip();
      const web = world.add('web');
      world.write();
      mounted('size=64k,mode=755');
      await world.run('start', 'web');
      const before = fs.readFileSync(join(world.state, 'desired', 'web'), 'utf8');
      const filler = fs.openSync(join(world.state, 'filler'), 'w');
      expect(() => {
        for (;;) fs.writeSync(filler, Buffer.alloc(1024));
      }).to.throw(/ENOSPC/);
      fs.closeSync(filler);
      refused(await world.run('stop', 'web'), 'no space left');
      expect(web.mains()).to.have.length(1);
      expect(fs.readFileSync(join(world.state, 'desired', 'web'), 'utf8')).to.equal(before);
      expect(fs.readdirSync(join(world.state, 'desired'))).to.deep.equal(['web']);
      expect(await world.run('start', 'web'), 'what changes nothing needs no space').to.deep.equal(SILENT);
      fs.rmSync(join(world.state, 'filler'));
      expect(await world.run('stop', 'web')).to.deep.equal(SILENT);
    });

    it('on a read-only file system too', async function () {
      if (!IS_ROOT) this.skip();
      const web = world.add('web');
      world.write();
      mounted('size=64k,mode=755,ro');
      refused(await world.run('start', 'web'), 'read-only');
      expect(web.starts()).to.equal(0);
    });

    it('without the permission it says as whom', function () {
      if (!IS_ROOT) this.skip();
      world.add('web');
      world.write();
      const result = spawnSync('/usr/bin/setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, 'dist/watchkeeper.cjs', 'daemon-util', 'start', 'web'], {
        cwd: new URL('../..', import.meta.url),
        env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', WATCHKEEPER_CONFIG: world.config },
        encoding: 'utf8',
      });
      expect(result.status).to.equal(1);
      expect(result.stderr).to.include('permission denied').and.include('as root');
    });
  });

  it('leaves a whole record behind whenever its writer is killed', async () => {
    const writer = new URL('../fixtures/write-desired.ts', import.meta.url).pathname;
    const { spawn } = await import('node:child_process');
    fs.mkdirSync(world.state);
    const directory = join(world.state, 'desired');
    for (let round = 0; round < 8; round += 1) {
      const child = spawn(process.execPath, ['--import', 'tsx/esm', writer, world.state], { stdio: ['ignore', 'pipe', 'inherit'] });
      world.cleanups.add(() => void child.kill('SIGKILL'));
      const ended = new Promise((resolve) => child.once('exit', resolve));
      await new Promise((resolve) => child.stdout.once('data', resolve));
      await new Promise((resolve) => setTimeout(resolve, 3 + round * 7)); // another moment of the write each time
      child.kill('SIGKILL');
      await ended;
      expect(parseDesired(fs.readFileSync(join(directory, 'web'), 'utf8')), `round ${round}`).to.have.property('desired');
    }
    world.add('web');
    world.write();
    await world.run('start', 'web');
    expect(fs.readdirSync(directory), 'what they left is swept up').to.deep.equal(['web']);
  });
});
