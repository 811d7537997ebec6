/**
 * Boot and shutdown by System V's rc, in the order that insserv makes of the
 * init scripts' headers: the watcher is there before the group, and after it.
 */
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { expect } from 'chai';

import { startContainer, type Container } from '../support/containers/container.js';
import { REPOSITORY } from '../support/containers/installed-tree.js';
import { sysvRecipe } from '../support/containers/recipe.js';
import { missingRequirement } from '../support/containers/requirements.js';
import { eventually } from '../support/eventually.js';

const DAEMONS = ['db', 'web'];
const READY = { kind: 'settled', settle: '100ms' };
const CONFIGURATION = {
  group: { name: 'ganeti' },
  daemons: {
    ...Object.fromEntries(DAEMONS.map((name) => [name, { executable: '/usr/local/lib/sleeper', readiness: READY }])),
    spare: { executable: '/usr/local/lib/sleeper', readiness: READY, boot: 'never' },
  },
};
const SLEEPER = '#!/bin/sh\nexec /bin/sleep 1000000\n';

describe("System V's rc", function () {
  // a first run builds the root file system, too
  this.timeout(600_000);
  const missing = missingRequirement();
  let container: Container;

  before(async function () {
    if (missing !== undefined) {
      console.log(`    skipped: ${missing}`);
      this.skip();
    }
    container = await startContainer({ recipe: sysvRecipe('bookworm'), init: 'none', installed: true, prepare });
    await container.write('/etc/watchkeeper/watchkeeper.yaml', JSON.stringify(CONFIGURATION));
    await container.write('/usr/local/lib/sleeper', SLEEPER, 0o755);
    for (const name of ['ganeti', 'watchkeeper']) await container.must(['/usr/sbin/update-rc.d', name, 'defaults']);
  });

  function prepare(root: string): void {
    mkdirSync(join(root, 'etc/init.d'), { recursive: true });
    copyFileSync(join(REPOSITORY, 'etc/init.d/ganeti'), join(root, 'etc/init.d/ganeti'));
  }

  after(async () => {
    if (missing === undefined) await container.stop();
  });

  const rc = (to: string, from: string): Promise<string> =>
    container.must(['/etc/init.d/rc', to], { timeout: 120_000, environment: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', RUNLEVEL: to, PREVLEVEL: from } });
  const links = async (level: string): Promise<readonly string[]> => (await container.must(['/bin/ls', `/etc/rc${level}.d`])).split('\n').filter((name) => /ganeti|watchkeeper/.test(name));
  const running = async (): Promise<readonly boolean[]> => Promise.all(DAEMONS.map(async (name) => (await container.run(['/usr/sbin/daemon-util', 'check', name])).status === 0));
  const lsb = async (script: string): Promise<number | null> => (await container.run([`/etc/init.d/${script}`, 'status'])).status;

  it('is told by insserv to start the watcher first and to stop it last', async () => {
    for (const level of ['2', '3', '4', '5']) expect((await links(level)).map((name) => name.slice(3)), `rc${level}.d`).to.deep.equal(['watchkeeper', 'ganeti']);
    for (const level of ['0', '1', '6']) expect((await links(level)).map((name) => name.slice(3)), `rc${level}.d`).to.deep.equal(['ganeti', 'watchkeeper']);
    // of the same number they would run side by side
    for (const level of ['2', '0']) expect(new Set((await links(level)).map((name) => name.slice(1, 3))).size, `rc${level}.d`).to.equal(2);
  });

  it('brings all up at boot, as children of the watcher, and down at shutdown', async () => {
    await rc('2', 'N');
    expect(await running()).to.deep.equal([true, true]);
    expect([await lsb('watchkeeper'), await lsb('ganeti')]).to.deep.equal([0, 0]);
    const watcher = (await container.read('/run/watchkeeper/watcher')).split(' ')[1];
    for (const name of DAEMONS) {
      const pid = (await container.must(['/usr/sbin/daemon-util', 'pid', name])).trim();
      expect(await container.read(`/proc/${pid}/status`), name).to.match(new RegExp(`^PPid:\t${watcher}$`, 'm'));
    }
    await rc('0', '2');
    expect(await running()).to.deep.equal([false, false]);
    expect([await lsb('watchkeeper'), await lsb('ganeti')]).to.deep.equal([3, 3]);
    expect((await container.run(['/usr/bin/pgrep', '-f', '^/bin/sleep 1000000'])).status, 'nothing is left').to.equal(1);
  });

  it('does so again after the next boot, and restarts what dies meanwhile', async () => {
    await container.reboot();
    await rc('2', 'N');
    expect(await running()).to.deep.equal([true, true]);
    const first = (await container.must(['/usr/sbin/daemon-util', 'pid', 'web'])).trim();
    await container.must(['/bin/kill', '-KILL', first]);
    await eventually('it is back', async () => {
      const { status, stdout } = await container.run(['/usr/sbin/daemon-util', 'pid', 'web']);
      return status === 0 && stdout.trim() !== first;
    }, 20_000);
    expect(await lsb('ganeti')).to.equal(0);
    await rc('6', '2');
    expect(await lsb('watchkeeper')).to.equal(3);
  });

  const spare = async (): Promise<boolean> => (await container.run(['/usr/sbin/daemon-util', 'check', 'spare'])).status === 0;

  it('leaves down over a boot what was stopped by hand, and what is never to be up by itself', async () => {
    await container.reboot();
    await rc('2', 'N');
    expect([await running(), await spare()]).to.deep.equal([[true, true], false]);
    await container.must(['/usr/sbin/daemon-util', 'stop', 'web']);
    await container.must(['/usr/sbin/daemon-util', 'start', 'spare']);
    await rc('6', '2');
    await container.reboot();
    await rc('2', 'N');
    expect([await running(), await spare()]).to.deep.equal([[true, false], false]);
    expect(await container.must(['/usr/sbin/daemon-util', 'status', 'web'])).to.match(/^web: stopped: stopped by daemon-util stop web /);
    await container.must(['/usr/sbin/daemon-util', 'start', 'web']);
    await rc('1', '2');
    expect(await running()).to.deep.equal([false, false]);
    await rc('2', 'S');
    expect([await running(), await spare()]).to.deep.equal([[true, true], false]);
    await rc('6', '2');
  });

  it('brings up after the boot what was up although no watcher was there at the shutdown', async () => {
    await container.reboot();
    await rc('2', 'N');
    await container.must(['/etc/init.d/watchkeeper', 'stop']);
    await container.must(['/usr/sbin/daemon-util', 'stop', 'web']);
    await rc('0', '2');
    expect((await container.run(['/usr/bin/pgrep', '-f', '^/bin/sleep 1000000'])).status, 'nothing is left').to.equal(1);
    await container.reboot();
    await rc('2', 'N');
    expect(await running()).to.deep.equal([true, false]);
    await rc('0', '2');
  });

  it('takes a stop that is typed for a wish', async () => {
    await container.reboot();
    await rc('2', 'N');
    await container.must(['/etc/init.d/ganeti', 'stop']);
    await rc('6', '2');
    await container.reboot();
    await rc('2', 'N');
    expect([await running(), await lsb('watchkeeper'), await lsb('ganeti')]).to.deep.equal([[false, false], 0, 3]);
    await container.must(['/etc/init.d/ganeti', 'start']);
    expect(await running()).to.deep.equal([true, true]);
  });

  it('has doctor tell where the init script would not find the watcher, until its own file has the directory, too', async () => {
    const astray = async (): Promise<boolean> => (await container.run(['/usr/sbin/watchkeeper', 'doctor', '--json'])).stdout.includes('"init-script-astray"');
    await container.must(['/usr/sbin/daemon-util', 'stop-all']);
    await container.must(['/etc/init.d/watchkeeper', 'stop']);
    expect(await astray()).to.equal(false);
    await container.write('/etc/watchkeeper/watchkeeper.yaml', JSON.stringify({ ...CONFIGURATION, paths: { runtime: '/run/elsewhere' } }));
    expect(await astray()).to.equal(true);
    await container.write('/etc/default/watchkeeper', 'WATCHKEEPER_PATHS_RUNTIME=/run/elsewhere\n');
    expect(await astray()).to.equal(false);
    await container.must(['/etc/init.d/watchkeeper', 'start']);
    expect(await lsb('watchkeeper')).to.equal(0);
    expect(await container.read('/run/elsewhere/watcher')).to.match(/^1 \d+ /);
    await container.must(['/etc/init.d/watchkeeper', 'stop']);
  });
});
