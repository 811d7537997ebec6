import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';

const ROOT = path.resolve(import.meta.dirname, '../..');
/** Makes the manual pages; without it they are left out, and that is said. */
const HAS_SCDOC = existsSync('/usr/bin/scdoc');

interface Ending {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

describe('scripts/install', function () {
  this.timeout(60_000);
  let top: string;
  let target: string;

  function run(program: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): Ending {
    const { status, stdout, stderr } = spawnSync(program, args, {
      encoding: 'utf8',
      timeout: 50_000,
      cwd: top,
      env: { PATH: process.env['PATH'], ...environment },
    });
    return { status, stdout, stderr };
  }

  const install = (...args: readonly string[]): Ending => run(path.join(ROOT, 'scripts/install'), args);

  before(() => {
    top = mkdtempSync(path.join(os.tmpdir(), 'watchkeeper-install-'));
    target = path.join(top, 'a target');
    const { status, stderr } = install(target);
    expect(status, stderr).to.equal(0);
  });

  after(() => rmSync(top, { recursive: true, force: true }));

  const inTarget = (name: string): string => path.join(target, name);

  it('lays everything out as a package would', () => {
    for (const [name, mode] of [
      ['usr/lib/watchkeeper/watchkeeper.cjs', 0o644],
      ['usr/lib/watchkeeper/code-cache.cjs', 0o644],
      ['usr/lib/watchkeeper/quick.cjs', 0o644],
      ['usr/lib/watchkeeper/LICENSES', 0o644],
      ['usr/lib/watchkeeper/index.mjs', 0o644],
      ['usr/lib/watchkeeper/run-node.sh', 0o644],
      ['usr/lib/watchkeeper/hand-over', 0o755],
      ['usr/lib/watchkeeper/state-board.sh', 0o644],
      ['usr/lib/watchkeeper/start-claim.sh', 0o644],
      ['usr/lib/watchkeeper/status-line.sh', 0o644],
      ['usr/lib/watchkeeper/unit-claim.sh', 0o644],
      ['usr/lib/watchkeeper/demo-runtime.sh', 0o644],
      ['usr/sbin/daemon-util', 0o755],
      ['usr/sbin/watchkeeper', 0o755],
      ['etc/default/watchkeeper', 0o644],
      ['etc/init.d/watchkeeper', 0o755],
      ['etc/logrotate.d/watchkeeper', 0o644],
      ['usr/share/watchkeeper/etc/init.d/ganeti', 0o755],
      ['usr/share/watchkeeper/etc/default/ganeti', 0o644],
      ['usr/share/watchkeeper/etc/logrotate.d/ganeti', 0o644],
      ['usr/lib/systemd/system/watchkeeper.service', 0o644],
      ['usr/share/bash-completion/completions/daemon-util', 0o644],
      ['usr/share/zsh/vendor-completions/_watchkeeper', 0o644],
      ['usr/share/fish/vendor_completions.d/watchkeeper.fish', 0o644],
      ...(HAS_SCDOC ? ([['usr/share/man/man8/daemon-util.8', 0o644], ['usr/share/man/man8/watchkeeper.8', 0o644], ['usr/share/man/man5/watchkeeper.yaml.5', 0o644]] as const) : []),
      ['usr/share/doc/watchkeeper/README.md', 0o644],
      ['usr/share/doc/watchkeeper/docs/status.schema.json', 0o644],
      ['usr/share/doc/watchkeeper/docs/page.png', 0o644],
      ['usr/share/doc/watchkeeper/examples/failover.ts', 0o644],
      ['usr/share/doc/watchkeeper/LICENSE', 0o644],
    ] as const) {
      expect((statSync(inTarget(name)).mode & 0o7777).toString(8), name).to.equal(mode.toString(8));
    }
    expect(statSync(inTarget('etc/watchkeeper/conf.d')).isDirectory()).to.equal(true);
    // another package's to bring: a file of ours in its place would be in its way
    for (const directory of ['init.d', 'default', 'logrotate.d']) expect(readdirSync(inTarget(`etc/${directory}`))).to.deep.equal(['watchkeeper']);
  });

  it('leaves nothing that others can write, or that is not the owner\'s', () => {
    for (const entry of readdirSync(target, { recursive: true, withFileTypes: true })) {
      const name = path.join(entry.parentPath, entry.name);
      const { mode, uid } = statSync(name);
      expect(mode & 0o022, name).to.equal(0);
      expect(uid, name).to.equal(process.getuid?.());
    }
  });

  it('works from where it was laid out', () => {
    for (const program of ['daemon-util', 'watchkeeper']) {
      const { status, stdout, stderr } = run(inTarget(`usr/sbin/${program}`), ['help']);
      expect(stderr).to.equal('');
      expect(status).to.equal(0);
      expect(stdout).to.include(program);
    }
  });

  it('knows the demo only where it is asked for', () => {
    const { status, stdout } = run(inTarget('usr/sbin/daemon-util'), ['list-start-daemons'], { WATCHKEEPER_DEMO: '1' });
    expect(status).to.equal(0);
    expect(stdout.trim().split('\n')).to.have.length(3);
  });

  it('may be run again, and keeps what the administrator wrote', () => {
    const kept = inTarget('etc/default/watchkeeper');
    const shipped = readFileSync(kept, 'utf8');
    writeFileSync(kept, '# mine\n');
    const second = install(target);
    expect(second.status, second.stderr).to.equal(0);
    expect(readFileSync(kept, 'utf8')).to.equal('# mine\n');
    expect(readFileSync(`${kept}.dpkg-dist`, 'utf8')).to.equal(shipped);
    expect(second.stderr).to.include(`${kept}.dpkg-dist`);
    writeFileSync(kept, shipped);
    const third = install(target);
    expect(third).to.include({ status: 0, stdout: '' });
    expect(third.stderr).to.match(HAS_SCDOC ? /^$/ : /^install: there are no manual pages, .*\n$/);
    expect(existsSync(`${kept}.dpkg-dist`)).to.equal(false);
  });

  it('takes a relative DESTDIR from where it is called', () => {
    const { status, stderr } = install('relative');
    expect(status, stderr).to.equal(0);
    expect(existsSync(path.join(top, 'relative/usr/sbin/daemon-util'))).to.equal(true);
  });

  it('brings its own Node with --with-node, and prefers it', () => {
    const own = path.join(top, 'with-node');
    const { status, stderr } = install(own, '--with-node');
    expect(status, stderr).to.equal(0);
    mkdirSync(path.join(top, 'bin'));
    writeFileSync(path.join(top, 'bin/node'), '#!/bin/sh\nexit 99\n');
    chmodSync(path.join(top, 'bin/node'), 0o755);
    const PATH = `${path.join(top, 'bin')}:/usr/bin:/bin`;
    expect(run(path.join(own, 'usr/sbin/daemon-util'), ['--version'], { PATH }).status).to.equal(0);
    expect(run(inTarget('usr/sbin/daemon-util'), ['--version'], { PATH }).status).to.equal(99);
  });

  it('refuses what it does not understand, and does nothing', () => {
    for (const args of [[], [''], ['--with-nod', path.join(top, 'x')], [path.join(top, 'x'), path.join(top, 'y')]]) {
      const { status, stdout, stderr } = install(...args);
      expect(status).to.equal(1);
      expect(stdout).to.equal('');
      expect(stderr).to.include('try: scripts/install DESTDIR');
    }
    expect(existsSync(path.join(top, 'x'))).to.equal(false);
  });
});
