/** The harness that all other system tests rest on: it must not leave anything behind, however a run ends. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { expect } from 'chai';

import { startContainer, type Container } from '../support/containers/container.js';
import { REPOSITORY } from '../support/containers/installed-tree.js';
import { loneDevice, wire } from '../support/containers/network.js';
import { daemonsRecipe } from '../support/containers/recipe.js';
import { directoryOf } from '../support/containers/registry.js';
import { cgroup2Mount, missingRequirement } from '../support/containers/requirements.js';
import { cacheDirectory, rootFileSystem } from '../support/containers/root-file-system.js';
import { eventually } from '../support/eventually.js';
import { isLive } from '../support/proc.js';

describe('container harness', function () {
  this.timeout(900_000);
  const children: ChildProcess[] = [];
  let container: Container | undefined;

  before(async function () {
    const missing = missingRequirement();
    if (missing !== undefined) {
      console.log(`    skipped: ${missing}`);
      this.skip();
    }
    // Before any deadline below: it may take a minute.
    await rootFileSystem(daemonsRecipe('bookworm'));
  });

  afterEach(async () => {
    await container?.stop();
    container = undefined;
    for (const child of children.splice(0)) child.kill('SIGTERM');
  });

  /** Another run of tests, which holds a container. */
  async function otherRun(...args: string[]): Promise<{ child: ChildProcess; name: string }> {
    const child = spawn(process.execPath, ['--import', 'tsx', join(REPOSITORY, 'test/support/containers/hold.ts'), ...args], { cwd: REPOSITORY, stdio: ['ignore', 'pipe', 'ignore'] });
    children.push(child);
    const [name] = (await once(child.stdout, 'data')) as [Buffer];
    return { child, name: name.toString().trim() };
  }

  /** What is there of a container: directory, control groups, mounts. */
  function traces(name: string): readonly string[] {
    const groups = [cgroup2Mount() ?? '', '/sys/fs/cgroup/systemd'].map((hierarchy) => join(hierarchy, name));
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n').filter((line) => line.includes(name));
    return [...[directoryOf(name), ...groups].filter((path) => existsSync(path)), ...mounts];
  }

  async function ended(child: ChildProcess): Promise<void> {
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }

  it('runs a Debian without systemd, with namespaces of its own', async () => {
    container = await startContainer({ recipe: daemonsRecipe('bookworm'), init: 'none' });
    expect((await container.run(['/usr/bin/test', '-d', '/run/systemd/system'])).status).to.equal(1);
    const pids = (await container.must(['/usr/bin/ps', '-e', '-o', 'pid='])).split('\n').filter((line) => line !== '');
    expect(pids.length).to.be.below(10);
    expect(await container.must(['/usr/bin/node', '--version'])).to.equal(`${process.version}\n`);
    expect(await container.must(['/usr/bin/hostname'])).to.equal('node1\n');
  });

  it('writes and reads files inside, also where the host sees none', async () => {
    container = await startContainer({ recipe: daemonsRecipe('bookworm'), init: 'none' });
    await container.write('/run/deep/er/file', 'ümläut\n"$x"\n', 0o600);
    expect(await container.read('/run/deep/er/file')).to.equal('ümläut\n"$x"\n');
    expect(await container.must(['/usr/bin/stat', '-c', '%a', '/run/deep/er/file'])).to.equal('600\n');
    expect(existsSync(join(container.root, 'run/deep'))).to.equal(false);
  });

  it('ends a command inside at its deadline, there too', async () => {
    container = await startContainer({ recipe: daemonsRecipe('bookworm'), init: 'none' });
    expect((await container.run(['/bin/sleep', '321'], { timeout: 200 })).status).to.equal(124);
    expect((await container.run(['/usr/bin/pgrep', '-f', '[s]leep 321'])).status).to.equal(1);
  });

  it('boots again, with its disk and its network, and without what lay in /run', async () => {
    container = await startContainer({ recipe: daemonsRecipe('bookworm'), init: 'none', hostname: 'other', network: true });
    loneDevice(container.network, '192.0.2.7/24');
    await container.write('/srv/kept', 'kept');
    await container.write('/run/lost', 'lost');
    const before = container.leader;
    await container.reboot();
    expect(container.leader).not.to.equal(before);
    expect(isLive(before)).to.equal(false);
    expect(await container.read('/srv/kept')).to.equal('kept');
    expect((await container.run(['/usr/bin/test', '-e', '/run/lost'])).status).to.equal(1);
    expect(await container.must(['/usr/bin/hostname'])).to.equal('other\n');
    expect(await container.must(['/usr/sbin/ip', '-brief', 'address', 'show', 'eth0'])).to.include('192.0.2.7/24');
  });

  it('wires two containers together, and to nothing else', async () => {
    container = await startContainer({ recipe: daemonsRecipe('bookworm'), init: 'none', network: true });
    const other = await startContainer({ recipe: daemonsRecipe('bookworm'), init: 'none', network: true });
    try {
      wire([container.network, '192.0.2.1/24'], [other.network, '192.0.2.2/24']);
      await container.must(['/usr/bin/redis-server', '--daemonize', 'yes', '--bind', '192.0.2.1', '--protected-mode', 'no']);
      await eventually('the other is answered', async () => (await other.run(['/usr/bin/redis-cli', '-h', '192.0.2.1', 'ping'])).stdout === 'PONG\n');
      expect(await other.must(['/usr/sbin/ip', 'route', 'show', 'default'])).to.equal('');
    } finally {
      await other.stop();
    }
  });

  it('stops without a trace', async () => {
    const one = await startContainer({ recipe: daemonsRecipe('bookworm'), init: 'none' });
    expect(traces(one.name)).not.to.deep.equal([]);
    await one.stop();
    expect(traces(one.name)).to.deep.equal([]);
    expect(isLive(one.leader)).to.equal(false);
  });

  for (const [what, end] of [
    ['SIGINT', (child: ChildProcess) => child.kill('SIGINT')],
    ['SIGTERM', (child: ChildProcess) => child.kill('SIGTERM')],
  ] as const) {
    it(`leaves nothing behind after ${what}`, async () => {
      const { child, name } = await otherRun();
      end(child);
      await ended(child);
      expect(traces(name)).to.deep.equal([]);
    });
  }

  it('leaves nothing behind after an error that nobody caught', async () => {
    const { child, name } = await otherRun('throw');
    await ended(child);
    expect(child.exitCode).not.to.equal(0);
    expect(traces(name)).to.deep.equal([]);
  });

  it('sweeps up what a run killed by -9 left behind, and nothing of a run that lives', async () => {
    const dead = await otherRun();
    const alive = await otherRun();
    dead.child.kill('SIGKILL');
    await ended(dead.child);
    expect(traces(dead.name)).not.to.deep.equal([]);
    await otherRun();
    await eventually('it is swept up', () => traces(dead.name).length === 0);
    expect(traces(alive.name)).not.to.deep.equal([]);
  });

  it('keeps whole root file systems only', () => {
    const unfinished = readdirSync(cacheDirectory()).filter((name) => name.includes('.new-'));
    const builders = unfinished.map((name) => Number(/\.new-(\d+)/.exec(name)?.[1]));
    expect(builders.filter((pid) => !isLive(pid))).to.deep.equal([]);
  });
});
