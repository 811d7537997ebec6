/**
 * start-all of what runs, as the installed shell front answers it from the claim
 * of a real watcher, with the machine's own configuration. Runs under systemd,
 * and in a container without any. Node is a program here that says it was asked,
 * so that an answer of the front's is one without Node.
 */
import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync, chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { expect } from 'chai';

import { TEST_RESTART_POLICY } from '../../support/daemon-spec.js';
import { Cleanups, eventually } from '../../support/eventually.js';
import { mustHaveShells, SHELLS } from '../../support/front-probe.js';
import type { TestDaemon } from '../../support/test-daemon.js';
import { must, only, systemctl } from './bench.js';
import { CONFIG, daemonUtil, HAS_SYSTEMD, Site, watchkeeper, WATCHER, type Answer } from './site.js';

const LIBRARY = '/usr/lib/watchkeeper';
const LATE = { firstDelay: 600_000, baseDelay: 600_000, maxDelay: 600_000, factor: 1, jitter: 0, immediateRestarts: 0 };
const PATIENCE = 30_000;
const DISAGREEMENT = 'the shells do not agree';

describe(`start-all by the front, ${HAS_SYSTEMD ? 'where systemd restarts' : 'where the watcher restarts'}`, function () {
  this.timeout(120_000);
  const cleanups = new Cleanups();
  let site: Site;
  let top: string;
  let list: string;
  let web: TestDaemon;

  // One site for all: each test leaves it as it was, with the front answering.
  before(async () => {
    Site.install();
    site = new Site();
    cleanups.add(() => site.cleanup());
    layOut();
    list = join(site.directory, 'list');
    writeFileSync(list, 'xen\n');
    web = site.add('web', {}, { restart: { ...TEST_RESTART_POLICY, ...LATE } }, { restart: { firstDelay: '10m', baseDelay: '10m', maxDelay: '10m', immediateRestarts: 0 } });
    site.add('api', {}, { argumentVariables: ['API_ARGS', 'EXTRA_API_ARGS'] });
    site.add('kvm', {}, { conditions: [{ kind: 'file-has-line', path: list, line: 'kvm' }] }, { conditions: [{ fileHasLine: list, line: 'kvm' }] });
    site.settle({ units: HAS_SYSTEMD }, { heartbeatInterval: '500ms' });
    startWatcher();
    await eventually('the watcher answers', () => watchkeeper('status', '--json').stdout.includes('"restartOwner"'), PATIENCE);
    expect(daemonUtil('start-all').status).to.equal(0);
  });

  beforeEach(() => answered('front'));

  after(() => cleanups.run());

  /** The front as it is installed, with another Node. */
  function layOut(): void {
    top = mkdtempSync('/run/front-');
    cleanups.add(() => rmSync(top, { recursive: true, force: true }));
    for (const directory of ['sbin', 'lib/watchkeeper', 'bin']) mkdirSync(join(top, directory), { recursive: true });
    copyFileSync('/usr/sbin/daemon-util', join(top, 'sbin/daemon-util'));
    for (const name of ['run-node.sh', 'state-board.sh', 'start-claim.sh', 'status-line.sh', 'unit-claim.sh']) copyFileSync(join(LIBRARY, name), join(top, 'lib/watchkeeper', name));
    writeFileSync(join(top, 'lib/watchkeeper/watchkeeper.cjs'), '');
    writeFileSync(join(top, 'bin/node'), '#!/bin/sh\necho NODE\nexit 42\n');
    chmodSync(join(top, 'bin/node'), 0o755);
  }

  function startWatcher(): void {
    if (HAS_SYSTEMD) {
      systemctl('start', WATCHER);
      return;
    }
    const child = spawn('/usr/sbin/watchkeeper', ['run'], { cwd: '/', stdio: 'ignore' });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    cleanups.add(async () => {
      child.kill('SIGKILL');
      await ended;
    });
  }

  const watcher = (): number => Number(readFileSync('/run/watchkeeper/watcher', 'utf8').split(' ')[1]);

  /** By all shells; they have to agree. */
  function ask(environment: Record<string, string> = {}): Answer & { readonly by: 'front' | 'node' } {
    const answers = SHELLS.map((shell) => {
      const [program = '', ...words] = shell.split(' ');
      const { status, stdout, stderr } = spawnSync(program, [...words, join(top, 'sbin/daemon-util'), 'start-all'], { encoding: 'utf8', timeout: 20_000, env: { PATH: `${join(top, 'bin')}:/usr/bin:/bin`, LC_ALL: 'C', ...environment } });
      return { status, stdout, stderr };
    });
    const [first] = answers;
    if (first === undefined) throw new Error('there is no shell');
    for (const answer of answers) if (JSON.stringify(answer) !== JSON.stringify(first)) return { ...answer, by: 'node', stderr: DISAGREEMENT };
    return { ...first, by: first.stdout === 'NODE\n' && first.status === 42 ? 'node' : 'front' };
  }

  /** For what the watcher has to notice first; also, the heart of a slow machine skips a beat. */
  async function answered(by: 'front' | 'node'): Promise<Answer> {
    let last: Answer | undefined;
    await eventually(`it is answered by ${by}`, () => {
      const { by: who, ...answer } = ask();
      last = answer;
      return who === by && answer.stderr !== DISAGREEMENT;
    }, PATIENCE);
    if (last === undefined) throw new Error('nobody was asked');
    return last;
  }

  function expectNode(what: string, environment: Record<string, string> = {}): void {
    const { by, stderr } = ask(environment);
    expect([by, stderr], what).to.deep.equal(['node', '']);
  }

  it('in dash, bash and busybox', function () {
    mustHaveShells(this);
  });

  it("gives Node's answer where all run, and one is skipped for its condition", async () => {
    const answer = await answered('front');
    const { status, stdout, stderr } = spawnSync('/usr/bin/node', [join(LIBRARY, 'watchkeeper.cjs'), 'daemon-util', 'start-all'], { encoding: 'utf8', timeout: 60_000, env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' } });
    expect(answer).to.deep.equal({ status, stdout, stderr });
    expect(answer).to.include({ status: 0, stdout: '' });
    expect(answer.stderr).to.include(`${list} has no line 'kvm'`);
    expect(await answered('front'), 'asking Node has changed nothing').to.deep.equal(answer);
  });

  it('asks Node at once where configuration, condition, environment or what is wanted has changed', async () => {
    expectNode('one-shot arguments', { EXTRA_API_ARGS: '-d' });
    expectNode('a setting', { WATCHKEEPER_LOCK_TIMEOUT: '1s' });
    expectNode('another configuration', { WATCHKEEPER_CONFIG: '/nowhere' });

    const dropIns = join(dirname(CONFIG), 'conf.d');
    const had = existsSync(dropIns);
    mkdirSync(dropIns, { recursive: true });
    writeFileSync(join(dropIns, 'new.yaml'), 'lockTimeout: 1s\n');
    cleanups.add(() => rmSync(had ? join(dropIns, 'new.yaml') : dropIns, { recursive: true, force: true }));
    expectNode('a drop-in');
    rmSync(had ? join(dropIns, 'new.yaml') : dropIns, { recursive: true });
    await answered('front');

    writeFileSync(list, 'xen\nkvm\n');
    expectNode("a condition's file");
    writeFileSync(list, 'fake\n');
    await answered('front');
    rmSync(list);
    expectNode("a condition's file that is gone");
    await answered('front');

    appendFileSync(CONFIG, '\n');
    expectNode('the configuration');
    expect(watchkeeper('reload').status).to.equal(0);
    await answered('front');

    expect(daemonUtil('stop', 'api').status).to.equal(0);
    expectNode('one that was stopped');
    // for longer than the watcher needs to look at everything once more
    const seen = statSync('/run/watchkeeper/watcher').ino;
    await eventually('a heartbeat', () => statSync('/run/watchkeeper/watcher').ino !== seen);
    expectNode('one that was stopped');
    expect(daemonUtil('start-all').status).to.equal(0);
  });

  it('asks Node, a heartbeat later, where a change has left the time of the file in the past', async () => {
    const before = statSync(CONFIG);
    appendFileSync(CONFIG, '\n');
    utimesSync(CONFIG, before.atime, before.mtime);
    await answered('node');
    expect(watchkeeper('reload').status).to.equal(0);
    await answered('front');
    // the whole file exchanged for an old one
    copyFileSync(CONFIG, `${CONFIG}.old`);
    cleanups.add(() => rmSync(`${CONFIG}.old`, { force: true }));
    utimesSync(`${CONFIG}.old`, before.atime, before.mtime);
    renameSync(`${CONFIG}.old`, CONFIG);
    expectNode('its directory has changed');
    await answered('node');
    expect(watchkeeper('reload').status).to.equal(0);
  });

  it('asks Node at once where a daemon has died and its next attempt is far, and Node starts it', async () => {
    const pid = only(web.mains());
    process.kill(pid, 'SIGKILL');
    await eventually('it is dead', () => web.mains().length === 0);
    expectNode('it is dead');
    await eventually('the watcher knows', () => !readFileSync('/run/watchkeeper/state/web', 'utf8').includes(` ${pid} `), PATIENCE);
    expectNode('it backs off');
    expect(daemonUtil('start-all').status).to.equal(0);
    expect(web.mains()).to.have.length(1);
  });

  it('asks Node where the watcher is dead or frozen, and not for longer', async () => {
    const first = watcher();
    process.kill(first, 'SIGSTOP');
    await answered('node');
    process.kill(first, 'SIGCONT');
    await answered('front');
    const dead = watcher();
    process.kill(dead, 'SIGKILL');
    await eventually('it is dead', () => !existsSync(`/proc/${dead}`) || readFileSync(`/proc/${dead}/stat`, 'utf8').includes(') Z '));
    if (!HAS_SYSTEMD) {
      expectNode('nobody watches');
      startWatcher();
    }
    await eventually('another one watches', () => watcher() !== dead, PATIENCE);
    await answered('front');
  });

  if (HAS_SYSTEMD) {
    it('asks Node at once after systemctl stop, and Node starts it again', async () => {
      systemctl('stop', web.spec.unit);
      expectNode('it is stopped');
      expect(daemonUtil('start-all').status).to.equal(0);
      expect(web.mains()).to.have.length(1);
      await answered('front');
    });

    it('asks Node where a unit is masked, whose start fails although it runs', async () => {
      const unit = join('/etc/systemd/system', web.spec.unit);
      must('/usr/bin/ln', '-s', '/dev/null', unit);
      cleanups.add(() => rmSync(unit, { force: true }));
      systemctl('daemon-reload');
      await answered('node');
      expect(daemonUtil('start-all')).to.deep.include({ status: 1 });
      rmSync(unit);
      systemctl('daemon-reload');
      await answered('front');
    });
  }
});
