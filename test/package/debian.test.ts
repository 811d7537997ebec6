/**
 * The Debian package, built with Debian's tools and lived with on bookworm and
 * trixie: install, upgrade, remove, reinstall, purge, and what of it is told.
 */
import { copyFileSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import { expect } from 'chai';

import type { CommandResult } from '../support/containers/command.js';
import { startContainer, type Container } from '../support/containers/container.js';
import { operatorRecipe, sysvRecipe, type Suite } from '../support/containers/recipe.js';
import { missingRequirement } from '../support/containers/requirements.js';
import { DebianBuilder, type Habits } from '../support/debian-builder.js';
import { eventually } from '../support/eventually.js';
import { LOCAL_NODE, makeNodePackage } from '../support/node-package.js';
import { OperatorMachine } from '../support/operator-machine.js';

const ONE: Habits = { directory: '/var/tmp/one', umask: '022', environment: { TZ: 'UTC', LC_ALL: 'C' } };
const OTHER: Habits = { directory: '/var/tmp/an other/place', umask: '077', environment: { TZ: 'Asia/Kathmandu', LC_ALL: 'C.UTF-8', HOME: '/var/tmp' } };
/** Sorts above every version that is made of a commit of now. */
const NEXT = '99.0';

describe('the Debian package', function () {
  // a first run builds root file systems, too
  this.timeout(900_000);
  const missing = missingRequirement();
  let builder: DebianBuilder | undefined;
  let current = '';
  let other = '';
  let findings: CommandResult | undefined;
  let next = '';
  const containers: Container[] = [];

  before(async function () {
    if (missing !== undefined) {
      console.log(`    skipped: ${missing}`);
      this.skip();
    }
    builder = await DebianBuilder.start();
    await Promise.all([builder.copy(ONE), builder.copy(OTHER)]);
    current = await builder.build(ONE);
    // later than that one, and beside the next look at it
    const lintian = ['/usr/bin/lintian', '--fail-on', 'error,warning', '--tag-display-limit', '0', '--allow-root', current] as const;
    [other, findings] = await Promise.all([builder.build(OTHER), builder.container.run(lintian, { timeout: 120_000 })]);
  });

  after(async () => {
    for (const container of [...containers, ...(builder === undefined ? [] : [builder.container])]) await container.stop();
  });

  const built = (): DebianBuilder => {
    if (builder === undefined) throw new Error('nothing was built');
    return builder;
  };
  const onHost = (path: string): string => join(built().container.root, path);
  const inside = (path: string): string => `/srv/${basename(path)}`;

  it('is the same bytes, wherever, whenever and under whichever umask, locale and time zone it is built', () => {
    expect(basename(other)).to.equal(basename(current));
    expect(readFileSync(onHost(other)).equals(readFileSync(onHost(current)))).to.equal(true);
  });

  it('has nothing that lintian calls an error or a warning', () => {
    expect(findings).to.include({ stdout: '', status: 0 });
  });

  it('has the licence of all that it contains, and the changes', async () => {
    const unpacked = '/var/tmp/unpacked';
    await built().container.must(['/usr/bin/dpkg-deb', '--extract', current, unpacked]);
    const documents = `${unpacked}/usr/share/doc/watchkeeper`;
    const copyright = await built().container.read(`${documents}/copyright`);
    const names = [...(await built().container.read(`${unpacked}/usr/lib/watchkeeper/LICENSES`)).matchAll(/^(\S+ \d+\.\d+\.\d+) \(/gm)].map(([, name]) => name);
    expect(names).to.have.length.above(20);
    for (const name of names) expect(copyright).to.include(`\n${name} (`);
    expect(copyright).to.not.match(/Grant of Patent License/);
    const changes = await built().container.must(['/usr/bin/zcat', `${documents}/changelog.gz`]);
    expect(changes).to.match(/^watchkeeper \(\S+\) unstable; urgency=medium\n\n {2}\* \S/);
  });

  it('can be built anew with changes, as a later version', async () => {
    const change = 'cd "$1" && echo "# a new default" >>etc/default/watchkeeper && echo "# a new rotation" >>etc/logrotate.d/watchkeeper';
    await built().container.must(['/bin/sh', '-c', change, 'sh', OTHER.directory]);
    next = await built().build(OTHER, '--version', NEXT);
    expect(basename(next)).to.equal(`watchkeeper_${NEXT}_all.deb`);
  });

  /** Packages go in as files before it boots. */
  async function machine(options: Parameters<typeof startContainer>[0]): Promise<OperatorMachine> {
    const container = await startContainer({
      ...options,
      prepare: (root) => {
        for (const path of [current, next]) copyFileSync(onHost(path), join(root, inside(path)));
      },
    });
    containers.push(container);
    return new OperatorMachine(container);
  }

  for (const suite of ['bookworm', 'trixie'] satisfies Suite[]) {
    describe(suite, () => {
      let node: OperatorMachine;
      let before: readonly string[];

      it('boots', async () => {
        node = await machine({ recipe: operatorRecipe(suite), init: 'systemd', node: suite === 'bookworm' ? LOCAL_NODE : false });
      });

      if (suite === 'bookworm') {
        it("is refused, and it is said why, where Debian's nodejs is too old", async () => {
          const refused = await node.apt('install', inside(current));
          expect(refused.status).to.equal(100);
          expect(refused.text).to.match(/watchkeeper : Depends: nodejs \(>= 20\.19\) but 18\.\S+ is to be installed/);
          expect(await node.isInstalled()).to.equal(false);
          const unpacked = await node.container.run(['/usr/bin/dpkg', '--install', inside(current)]);
          expect(unpacked.status).to.equal(1);
          expect(unpacked.stderr).to.match(/watchkeeper depends on nodejs \(>= 20\.19\); however:\s+Version of nodejs on system is 18\./);
          expect(await node.isInstalled()).to.equal(false);
          expect((await node.apt('purge', 'watchkeeper')).status).to.equal(0);
          const shown = await node.container.must(['/usr/bin/dpkg-deb', '--field', inside(current), 'Description']);
          expect(shown).to.match(/Debian 12\s+\(bookworm\) is too old/);
          await node.container.must(['/usr/bin/dpkg', '--install', await makeNodePackage(node.container)]);
        });
      }

      it('installs, and starts a watcher that has nothing to do', async () => {
        before = await node.files();
        const installed = await node.apt('install', inside(current));
        expect(installed.status, installed.text).to.equal(0);
        expect(installed.text).to.not.match(/watchkeeper: |[Ww]arning|[Ee]rror|failed/);
        expect(await node.systemctl('is-enabled', 'watchkeeper.service')).to.equal('enabled');
        expect(await node.systemctl('is-active', 'watchkeeper.service')).to.equal('active');
        expect(await node.systemctl('list-units', '--failed', '--plain', '--no-legend')).to.equal('');
        expect(await node.status()).to.deep.include({ daemons: {} });
        // no catalogue is in force, and nothing but the watcher itself runs
        expect((await node.container.read('/sys/fs/cgroup/system.slice/watchkeeper.service/cgroup.procs')).trim()).to.equal(String(await node.watcher()));
        const check = await node.container.run(['/usr/sbin/logrotate', '--debug', '/etc/logrotate.d/watchkeeper']);
        expect(check.status, check.stderr).to.equal(0);
      });

      it('is upgraded without a restart of any daemon, and keeps what was edited', async () => {
        await node.configure();
        const daemons = await node.startDaemons();
        const watcher = await node.watcher();
        const edited = `${await node.container.read('/etc/default/watchkeeper')}# the operator's\n`;
        await node.container.write('/etc/default/watchkeeper', edited);
        const upgraded = await node.apt('install', inside(next));
        expect(upgraded.status, upgraded.text).to.equal(0);
        expect(await node.version()).to.equal(NEXT);
        expect(await node.daemons()).to.deep.equal(daemons);
        expect(await node.watcher()).to.be.a('number').that.does.not.equal(watcher);
        expect(await node.container.read('/etc/default/watchkeeper')).to.equal(edited);
        expect(await node.container.read('/etc/default/watchkeeper.dpkg-dist')).to.include('# a new default');
        expect(await node.container.read('/etc/logrotate.d/watchkeeper')).to.include('# a new rotation');
        // the new one is the restart owner of the old one's daemons
        await node.container.must(['/bin/kill', '-KILL', String(daemons['web'])]);
        await eventually('web is back', async () => ![undefined, daemons['web']].includes((await node.daemons())['web']));
        expect((await node.daemons())['db']).to.equal(daemons['db']);
      });

      it('goes back to the version before in the same way', async () => {
        const daemons = await node.daemons();
        const downgraded = await node.apt('install', '--allow-downgrades', inside(current));
        expect(downgraded.status, downgraded.text).to.equal(0);
        expect(await node.version()).to.not.equal(NEXT);
        expect(await node.daemons()).to.deep.equal(daemons);
      });

      it('is removed without stopping daemons, and adopts them when it is installed again', async () => {
        const daemons = await node.daemons();
        const removed = await node.apt('remove', 'watchkeeper');
        expect(removed.status, removed.text).to.equal(0);
        expect(removed.text).to.include('watchkeeper: still running, and restarted by nobody any more: db web;');
        for (const pid of Object.values(daemons)) await node.container.must(['/bin/kill', '-0', String(pid)]);
        expect((await node.files()).filter((name) => name.startsWith('/usr/') && !name.startsWith('/usr/local/') && !before.includes(name))).to.deep.equal([]);
        expect(await node.container.read('/etc/watchkeeper/watchkeeper.yaml')).to.include('web');
        const installed = await node.apt('install', inside(current));
        expect(installed.status, installed.text).to.equal(0);
        expect(await node.daemons()).to.deep.equal(daemons);
      });

      it('is installed whole where the configuration has an error or is gone, and says what to do', async () => {
        const daemons = await node.daemons();
        const path = '/etc/watchkeeper/watchkeeper.yaml';
        const good = await node.container.read(path);
        await node.container.write(path, 'daemons: {web: {executible: /bin/true}}\n');
        const faulty = await node.apt('install', inside(next));
        expect(faulty.status, faulty.text).to.equal(0);
        expect(faulty.text).to.match(/watchkeeper\.yaml:1: .*executible/).and.include('watchkeeper: when it is mended:');
        // the one that counts is named elsewhere
        const unnamed = await node.container.read('/etc/default/watchkeeper');
        await node.container.write('/etc/watchkeeper/other.yaml', good);
        await node.container.write('/etc/default/watchkeeper', `${unnamed}WATCHKEEPER_CONFIG=/etc/watchkeeper/other.yaml\n`);
        const right = await node.apt('install', '--reinstall', inside(next));
        expect(right.text).to.not.include('watchkeeper: ');
        await node.container.write('/etc/default/watchkeeper', unnamed);
        await node.container.must(['/bin/rm', path, '/etc/watchkeeper/other.yaml']);
        const missed = await node.apt('install', '--reinstall', inside(next));
        expect(missed.status, missed.text).to.equal(0);
        expect(missed.text).to.include(path).and.include('watchkeeper: when it is mended:');
        expect(await node.isInstalled()).to.equal(true);
        await node.configure();
        await node.container.must(['/usr/sbin/service', 'watchkeeper', 'restart']);
        expect(await node.daemons()).to.deep.equal(daemons);
      });

      it('does not forget at a purge whose processes run', async () => {
        const daemons = await node.daemons();
        const purged = await node.apt('purge', 'watchkeeper');
        expect(purged.status, purged.text).to.equal(0);
        expect(purged.text).to.match(/watchkeeper: still running: db web;/);
        await node.configure({ reload: false });
        const installed = await node.apt('install', inside(current));
        expect(installed.status, installed.text).to.equal(0);
        expect(await node.daemons()).to.deep.equal(daemons);
      });

      it('is upgraded without a restart of what systemd restarts', async () => {
        await node.container.must(['/usr/sbin/daemon-util', 'stop-all']);
        await node.configure({ target: true });
        await node.container.must(['/usr/sbin/watchkeeper', 'units', 'install']);
        await node.container.must(['/usr/bin/systemctl', 'restart', 'watchkeeper.service']);
        const daemons = await node.startDaemons();
        expect(await node.systemctl('show', '--property=MainPID', '--value', 'web.service')).to.equal(String(daemons['web']));
        const upgraded = await node.apt('install', inside(next));
        expect(upgraded.status, upgraded.text).to.equal(0);
        expect(await node.daemons()).to.deep.equal(daemons);
      });

      it('leaves nothing after a purge but what the operator made', async () => {
        await node.container.must(['/usr/sbin/daemon-util', 'stop-all']);
        const units = (await node.files()).filter((name) => /^\/etc\/systemd\/system\/(db|web|site)/.test(name));
        const purged = await node.apt('purge', 'watchkeeper');
        expect(purged.status, purged.text).to.equal(0);
        expect(purged.text).to.not.include('still running');
        const left = (await node.files()).filter((name) => !before.includes(name));
        expect(left).to.deep.equal([...units, '/usr/local/lib/sleeper'].sort());
        expect(units).to.not.deep.equal([]);
      });
    });
  }

  describe("System V's rc", () => {
    let node: OperatorMachine;
    const links = async (): Promise<readonly string[]> => (await node.files()).filter((name) => /^\/etc\/rc\d\.d\/.*watchkeeper/.test(name));

    it('installs with its links, and starts the watcher', async () => {
      node = await machine({ recipe: sysvRecipe('bookworm'), init: 'none', node: LOCAL_NODE });
      // where there is no process init at all, this alone lets services be started
      await node.container.write('/usr/sbin/policy-rc.d', '#!/bin/sh\nexit 0\n', 0o755);
      await node.container.must(['/usr/bin/dpkg', '--install', await makeNodePackage(node.container)]);
      await node.container.must(['/usr/bin/dpkg', '--install', inside(current)], { timeout: 120_000 });
      expect((await links()).map((name) => name.slice(5, 11))).to.deep.equal(['rc0.d/', 'rc1.d/', 'rc2.d/', 'rc3.d/', 'rc4.d/', 'rc5.d/', 'rc6.d/']);
      await node.container.must(['/etc/init.d/watchkeeper', 'status']);
    });

    it('is upgraded without a restart of any daemon', async () => {
      await node.configure();
      const daemons = await node.startDaemons();
      const watcher = await node.watcher();
      await node.container.must(['/usr/bin/dpkg', '--install', inside(next)], { timeout: 120_000 });
      expect(await node.daemons()).to.deep.equal(daemons);
      expect(await node.watcher()).to.be.a('number').that.does.not.equal(watcher);
      await node.container.must(['/etc/init.d/watchkeeper', 'status']);
    });

    it('is purged without a trace', async () => {
      await node.container.must(['/usr/sbin/daemon-util', 'stop-all']);
      await node.container.must(['/usr/bin/dpkg', '--purge', 'watchkeeper'], { timeout: 120_000 });
      expect(await links()).to.deep.equal([]);
      expect((await node.files()).filter((name) => name.includes('watchkeeper') && !name.startsWith('/srv/'))).to.deep.equal([]);
    });
  });
});
