/** The watcher without systemd, and daemons that it did not start, or whose record it cannot keep. */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';

import { buildOnce } from '../support/daemon-util-world.js';
import { eventually } from '../support/eventually.js';
import { procProcess } from '../support/proc.js';
import { WatcherWorld } from '../support/watcher-world.js';

describe('watcher without systemd, daemons that others started', function () {
  this.timeout(60_000);
  let world: WatcherWorld;

  before(() => buildOnce());
  beforeEach(() => (world = new WatcherWorld()));
  afterEach(() => world.cleanups.run());

  it('are stopped also when the pid file that told of them is gone', async () => {
    const pidFile = join(world.directory, 'web.pid');
    const web = world.add('web', {}, { pidFile });
    world.write();
    const { executable, arguments: words } = web.spec;
    const theirs = spawn(executable, words, { cwd: '/', env: { PATH: '/usr/bin:/bin' }, detached: true, stdio: 'ignore' });
    const pid = theirs.pid ?? 0;
    await eventually('it accepts connections', () => web.isReady());
    writeFileSync(pidFile, `${pid}\n`);
    await world.startWatcher();
    await world.running('web');
    expect((await world.status('web')).daemons['web']?.pid).to.equal(pid);
    rmSync(pidFile);
    const stopped = await world.run('stop', 'web');
    expect([stopped.status, procProcess(pid), web.mains()], stopped.stderr).to.deep.equal([0, undefined, []]);
    expect((await world.run('start', 'web')).status).to.equal(0);
    expect([web.mains().length, web.starts()]).to.deep.equal([1, 2]);
  });

  it('are left alone by a reload that takes them out, and stopped for good after one that brings them back', async () => {
    const web = world.add('web');
    world.add('db');
    world.write();
    const complete = readFileSync(world.config, 'utf8');
    await world.startWatcher();
    await world.running('web');
    const without = JSON.parse(complete) as { daemons: Record<string, unknown> };
    delete without.daemons['web'];
    writeFileSync(world.config, JSON.stringify(without));
    expect((await world.watchkeeper('reload')).status).to.equal(0);
    writeFileSync(world.config, complete);
    expect((await world.watchkeeper('reload')).status).to.equal(0);
    await world.running('web');
    const [old = 0] = web.mains();
    process.kill(old, 'SIGKILL');
    await eventually('it is back', () => web.mains().length === 1 && web.mains()[0] !== old);
    const stopped = await world.run('stop', 'web');
    expect([stopped.status, web.mains()], stopped.stderr).to.deep.equal([0, []]);
    await new Promise((resolve) => setTimeout(resolve, 2000));
    expect([web.mains(), web.starts(), await world.observed('web')]).to.deep.equal([[], 2, 'stopped']);
  });

  it('a record that cannot be taken back is no failure of a stop', async () => {
    const web = world.add('web');
    world.write();
    await world.startWatcher();
    await world.running('web');
    // A rename over it fails, as one on a full file system does.
    const claim = join(world.runtime, 'claims/web');
    rmSync(claim);
    mkdirSync(claim);
    writeFileSync(join(claim, 'x'), '');
    const stopped = await world.run('stop', 'web');
    expect([stopped.status, web.mains(), await world.observed('web')], stopped.stderr).to.deep.equal([0, [], 'stopped']);
    rmSync(claim, { recursive: true });
    expect((await world.run('start', 'web')).status).to.equal(0);
    expect([web.mains().length, await world.observed('web')]).to.deep.equal([1, 'running']);
  });

  it('a stop that its pid file hinders says so, and leaves no ghost', async () => {
    const directory = join(world.directory, 'pids');
    mkdirSync(directory);
    const pidFile = join(directory, 'web.pid');
    const web = world.add('web', {}, { pidFile });
    world.write();
    await world.startWatcher();
    await world.running('web');
    // Nobody can unlink a directory.
    rmSync(pidFile, { force: true });
    mkdirSync(pidFile);
    const stopped = await world.run('stop', 'web');
    expect([stopped.status, web.mains()]).to.deep.equal([1, []]);
    expect(stopped.stderr).to.include('stopped, but');
    expect(await world.observed('web')).to.equal('stopped');
    rmSync(pidFile, { recursive: true });
    expect((await world.run('start', 'web')).status).to.equal(0);
    expect(web.mains().length).to.equal(1);
  });
});
