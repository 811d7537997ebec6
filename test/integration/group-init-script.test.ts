/**
 * The init script of a group, on real daemons without systemd: its exit statuses
 * are what rc, invoke-rc.d and cluster managers go by.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';

import { buildOnce, DaemonUtilWorld, IS_ROOT } from '../support/daemon-util-world.js';
import { eventually } from '../support/eventually.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

describe("a group's init script on real daemons", function () {
  this.timeout(120_000);
  let world: DaemonUtilWorld;
  let top: string;

  before(function () {
    if (!IS_ROOT) this.skip();
    buildOnce();
  });

  beforeEach(() => {
    world = new DaemonUtilWorld();
    top = join(world.directory, 'top');
    put('etc/init.d/ganeti', join(ROOT, 'etc/init.d/ganeti'));
    put('usr/lib/watchkeeper/init-functions.sh', join(ROOT, 'scripts/init-functions.sh'));
    write('usr/sbin/daemon-util', `#!/bin/sh\nexec '${process.execPath}' '${join(ROOT, 'dist/watchkeeper.cjs')}' daemon-util "$@"\n`);
    write('etc/default/watchkeeper', `WATCHKEEPER_CONFIG=${world.config}\n`);
  });

  afterEach(() => world.cleanups.run());

  function put(name: string, source: string): void {
    mkdirSync(dirname(join(top, name)), { recursive: true });
    copyFileSync(source, join(top, name));
  }

  function write(name: string, text: string): void {
    mkdirSync(dirname(join(top, name)), { recursive: true });
    writeFileSync(join(top, name), text);
    chmodSync(join(top, name), 0o755);
  }

  /** A daemon that kept our pipe open would hold this up until its time-out. */
  function act(...args: string[]): { status: number | null; stdout: string; stderr: string } {
    const { status, stdout, stderr } = spawnSync('/bin/sh', [join(top, 'etc/init.d/ganeti'), ...args], { encoding: 'utf8', timeout: 30_000, env: { SYSTEMCTL_SKIP_REDIRECT: '1' } });
    return { status, stdout, stderr };
  }

  it('starts and stops all of them, and says how they are', () => {
    const [web, db] = [world.add('web', {}, { requires: ['db'] }), world.add('db')];
    world.write();
    expect(act('status').status).to.equal(3);
    expect(act('start')).to.deep.equal({ status: 0, stdout: '', stderr: '' });
    expect([web.isReady(), db.isReady()]).to.deep.equal([true, true]);
    const { status, stdout } = act('status');
    expect(status).to.equal(0);
    expect(stdout).to.match(/^web: running .*\ndb: running .*\n$/);
    const before = [...web.mains(), ...db.mains()];
    expect(act('start').status).to.equal(0);
    expect([...web.mains(), ...db.mains()]).to.deep.equal(before);
    expect(act('stop')).to.deep.equal({ status: 0, stdout: '', stderr: '' });
    expect([...web.mains(), ...db.mains()]).to.deep.equal([]);
    expect(act('status').status).to.equal(3);
    expect(act('stop').status).to.equal(0);
  });

  /** Called by what has the name of System V's rc. */
  function rc(action: string, level: string, before: string): { status: number | null; stdout: string; stderr: string } {
    write('rc', '#!/bin/sh\n/bin/sh "$@"\nexit $?\n');
    const { status, stdout, stderr } = spawnSync(join(top, 'rc'), [join(top, 'etc/init.d/ganeti'), action], { encoding: 'utf8', timeout: 30_000, env: { SYSTEMCTL_SKIP_REDIRECT: '1', RUNLEVEL: level, PREVLEVEL: before } });
    return { status, stdout, stderr };
  }

  it('takes a boot and a shutdown for nobody\'s wish: a stop by hand stands, and so does the boot policy', () => {
    const [web, db, spare] = [world.add('web'), world.add('db'), world.add('spare', {}, { boot: 'never' })];
    world.write();
    const booted = rc('start', '2', 'N');
    expect([booted.status, booted.stderr]).to.deep.equal([0, '']);
    expect(booted.stdout).to.match(/^spare is not started: it is wanted down \(boot policy never: .*\)\n$/);
    expect([web.mains().length, db.mains().length, spare.mains().length]).to.deep.equal([1, 1, 0]);
    expect(act('stop', 'web').status).to.equal(0);
    expect(rc('stop', '1', '2')).to.deep.equal({ status: 0, stdout: '', stderr: '' });
    expect([web.mains(), db.mains()]).to.deep.equal([[], []]);
    expect(rc('start', '2', 'S')).to.include({ status: 0, stderr: '' });
    expect([web.mains().length, db.mains().length, spare.mains().length]).to.deep.equal([0, 1, 0]);
    // typed, it is a wish
    expect(act('stop').status).to.equal(0);
    expect(rc('start', '2', 'N')).to.include({ status: 0 });
    expect(db.mains()).to.deep.equal([]);
    expect(act('start').status).to.equal(0);
    expect([web.mains().length, db.mains().length, spare.mains().length]).to.deep.equal([1, 1, 1]);
  });

  it('takes the start by a program that rc has started for a wish, although it has its variables', () => {
    const web = world.add('web');
    world.write();
    act('stop');
    const { status } = spawnSync('/bin/sh', [join(top, 'etc/init.d/ganeti'), 'start'], { timeout: 30_000, env: { SYSTEMCTL_SKIP_REDIRECT: '1', RUNLEVEL: '2', PREVLEVEL: 'N' } });
    expect([status, web.mains().length]).to.deep.equal([0, 1]);
  });

  it('deals with one by its name', () => {
    const [web, db] = [world.add('web'), world.add('db')];
    world.write();
    expect(act('start', 'web').status).to.equal(0);
    expect([web.mains().length, db.mains().length]).to.deep.equal([1, 0]);
    expect(act('status', 'web')).to.include({ status: 0 });
    expect(act('status', 'db')).to.include({ status: 3 });
    const [first] = web.mains();
    expect(act('restart', 'web').status).to.equal(0);
    expect(web.mains()).to.have.length(1).and.not.include(first);
    expect(act('stop', 'web').status).to.equal(0);
    expect(act('status', 'web').status).to.equal(3);
  });

  it('restarts, and with try-restart only what runs', () => {
    const [web, db] = [world.add('web'), world.add('db')];
    world.write();
    expect(act('try-restart').status).to.equal(0);
    expect(act('try-restart', 'web').status).to.equal(0);
    expect([web.starts(), db.starts()]).to.deep.equal([0, 0]);
    act('start', 'web');
    expect(act('try-restart').status).to.equal(0);
    expect(act('try-restart', 'web').status).to.equal(0);
    expect([web.starts(), db.starts()]).to.deep.equal([3, 0]);
    expect(act('restart').status).to.equal(0);
    expect([web.starts(), db.starts()]).to.deep.equal([4, 1]);
    expect(act('force-reload').status).to.equal(0);
    expect([web.starts(), db.starts()]).to.deep.equal([5, 2]);
    expect([web.mains().length, db.mains().length]).to.deep.equal([1, 1]);
  });

  it('makes them reopen their logs', async () => {
    const [web, db] = [world.add('web'), world.add('db')];
    world.write();
    act('start');
    expect(act('reload').status).to.equal(0);
    await eventually('both were told', () => web.reloads() === 1 && db.reloads() === 1);
    expect(act('reload', 'db').status).to.equal(0);
    await eventually('one was told', () => db.reloads() === 2);
    expect(web.reloads()).to.equal(1);
  });

  it('takes "not master" for success, and says it', () => {
    world.add('node');
    world.add('leader', { exits: { status: 11, after: 0 } });
    world.write();
    const all = act('start');
    expect(all.status).to.equal(0);
    expect(all.stderr).to.include('leader: skipped: not master');
    expect(act('start', 'leader').status).to.equal(0);
    expect(act('restart', 'leader').status).to.equal(0);
  });

  it('fails where a daemon fails, and says why', () => {
    world.add('web', { exits: { status: 4, after: 0, message: 'no room in the inn' } }, { outputFile: join(world.directory, 'web.log') });
    world.write();
    const { status, stderr } = act('start');
    expect(status).to.equal(1);
    expect(stderr).to.include('cannot start web').and.include('no room in the inn');
    expect(act('start', 'web').status).to.equal(1);
  });

  it('tells what died from what is stopped', () => {
    const pidFile = join(world.directory, 'web.pid');
    const [web, db] = [world.add('web', {}, { pidFile, pidFileWriter: 'manager' }), world.add('db')];
    world.write();
    act('start');
    for (const pid of web.mains()) process.kill(pid, 'SIGKILL');
    expect(act('status', 'web').status).to.equal(1);
    expect(act('status').status).to.equal(1);
    expect(act('start').status).to.equal(0);
    for (const pid of db.mains()) process.kill(pid, 'SIGKILL');
    expect(act('status', 'db').status).to.equal(3);
    expect(act('status').status).to.equal(3);
    expect(act('stop', 'db').status).to.equal(0);
    expect(act('status').status, 'one stopped by hand is no fault of the group').to.equal(0);
  });

  it('has nothing to start where the node is not set up', () => {
    const web = world.add('web', {}, { conditions: [{ pathExists: join(world.directory, 'certificate') }] });
    world.write();
    const { status, stdout, stderr } = act('start');
    expect([status, web.starts()]).to.deep.equal([0, 0]);
    expect(stdout).to.include('not part of a cluster');
    expect(stderr).to.include(join(world.directory, 'certificate'));
    expect(act('start', 'web').status).to.equal(0);
    expect(act('stop').status).to.equal(0);
    expect(act('status').status).to.equal(3);
  });

  it('knows mistakes of the configuration and of the call', () => {
    const web = world.add('web');
    world.write({ nonsense: 1 });
    for (const args of [['start'], ['stop'], ['restart'], ['start', 'web'], ['try-restart']]) expect(act(...args).status, args.join(' ')).to.equal(6);
    expect(act('status').status).to.equal(4);
    world.write();
    for (const args of [[], ['stpo'], ['start', 'nope'], ['start', ''], ['start', 'web', 'db'], ['start', '--', 'web'], ['start', '$(id)']]) {
      const { status, stderr } = act(...args);
      expect(status, args.join(' ')).to.equal(2);
      expect(stderr).to.not.equal('');
    }
    expect(act('status', 'nope').status).to.equal(4);
    rmSync(join(top, 'usr/sbin/daemon-util'));
    expect(act('start').status).to.equal(5);
    expect(act('status').status).to.equal(4);
    expect(web.starts()).to.equal(0);
  });
});
