/**
 * Every read of daemon-util by the installed front and by Node, in the states
 * that a unit can be in, with a real watcher: as test/integration/
 * front-equivalence.test.ts has it without systemd.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect } from 'chai';

import { Cleanups, eventually } from '../../support/eventually.js';
import { FrontProbe, mustHaveShells, SHELLS, timeless } from '../../support/front-probe.js';
import type { TestDaemon } from '../../support/test-daemon.js';
import { only, systemctl } from './bench.js';
import { daemonUtil, HAS_SYSTEMD, property, Site, UNITS, watchkeeper, WATCHER, watcherPid } from './site.js';

const LIBRARY = '/usr/lib/watchkeeper';
const PATIENCE = 60_000;
const NAMES = ['active', 'inactive', 'failed', 'masked', 'activating'];
const LINES = NAMES.flatMap((name) => [`check ${name}`, `pid ${name}`, `status ${name}`]).concat('check nobody');
const BOARD = '/run/watchkeeper/watcher';
const UP = ['check active', 'pid active'];
const DOWN = ['check inactive', 'check failed', 'check masked'];
/** What is wanted is what the last records say, and those are older than the last heartbeat. */
const TOLD = ['status active', 'status inactive'];
const ALL = [...UP, ...DOWN, ...TOLD];

(HAS_SYSTEMD ? describe : describe.skip)('daemon-util by the front and by Node, under systemd', function () {
  this.timeout(180_000);
  const cleanups = new Cleanups();
  let probe: FrontProbe;
  let active: TestDaemon;

  before(async () => {
    Site.install();
    const site = new Site();
    cleanups.add(() => site.cleanup());
    const top = mkdtempSync('/run/front-');
    cleanups.add(() => rmSync(top, { recursive: true, force: true }));
    for (const directory of ['sbin', 'lib/watchkeeper']) mkdirSync(join(top, directory), { recursive: true });
    copyFileSync('/usr/sbin/daemon-util', join(top, 'sbin/daemon-util'));
    for (const name of readdirSync(LIBRARY)) if (name.endsWith('.sh')) copyFileSync(join(LIBRARY, name), join(top, 'lib/watchkeeper', name));
    const bundle = join(top, 'lib/watchkeeper/watchkeeper.cjs');
    writeFileSync(bundle, '');
    probe = new FrontProbe(top, join(top, 'sbin/daemon-util'), `${top}/sbin/../lib/watchkeeper/watchkeeper.cjs`, {});

    active = site.add('active');
    site.add('inactive');
    site.add('failed', { exits: { status: 3, after: 0 } }, { restart: { ...active.spec.restart, when: 'never' } }, { restart: { when: 'never' } });
    const masked = site.add('masked');
    site.add('activating', { readyAfter: 'never' }, {}, { startTimeout: '170s' });
    site.settle({ units: true }, { heartbeatInterval: '500ms' });
    const link = join('/etc/systemd/system', masked.spec.unit);
    symlinkSync('/dev/null', link);
    cleanups.add(() => {
      rmSync(link, { force: true });
      systemctl('daemon-reload');
    });
    systemctl('daemon-reload');
    systemctl('start', WATCHER);
    await eventually('the watcher answers', () => watchkeeper('status', '--json').stdout.includes('"restartOwner"'), PATIENCE);
    expect(daemonUtil('start', 'active').status).to.equal(0);
    expect(daemonUtil('start', 'failed').status).to.equal(1);
    expect(daemonUtil('stop', 'inactive').status).to.equal(0);
    systemctl('start', '--no-block', 'wk-activating.service');
    cleanups.add(() => void spawnSync('/usr/bin/systemctl', ['kill', '--signal=SIGKILL', 'wk-activating.service']));
    await eventually('it is activating', () => property('wk-activating.service', 'ActiveState') === 'activating', PATIENCE);
    await eventually('the board says so', () => boardSays('activating', 'starting') && boardSays('failed', 'failed'), PATIENCE);
  });

  after(() => cleanups.run());

  const boardSays = (name: string, observed: string): boolean => existsSync(`/run/watchkeeper/state/${name}`) && readFileSync(`/run/watchkeeper/state/${name}`, 'utf8').startsWith(`1 ${name} ${observed} `);

  function node(line: string): { status: number | null; stdout: string; stderr: string } {
    const { status, stdout, stderr } = spawnSync('/usr/bin/node', [join(LIBRARY, 'watchkeeper.cjs'), 'daemon-util', ...line.split(' ')], { encoding: 'utf8', timeout: PATIENCE, env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', WATCHKEEPER_CONTROL_TIMEOUT: '300ms' } });
    return { status, stdout: timeless(stdout), stderr };
  }

  /** By one shell: what changes meanwhile, the next one sees otherwise. */
  const alone = (shell = SHELLS[0] ?? ''): readonly string[] => [...probe.askIn(shell, LINES)].filter(([, { by }]) => by === 'front').map(([line]) => line);

  /** @param own what the front answers by itself, of all that there is; undefined: that may differ, but not what it says */
  function compare(own?: readonly string[]): void {
    const all = own === undefined ? SHELLS.flatMap((shell) => [...probe.askIn(shell, LINES)]) : [...probe.ask(LINES)];
    const answers = all.filter(([, { by }]) => by === 'front');
    if (own !== undefined) expect(answers.map(([line]) => line), 'answered without Node').to.have.members([...own]);
    for (const [line, { status, stdout, stderr }] of answers) expect({ status, stdout, stderr }, line).to.deep.equal(node(line));
  }

  /** In each shell: to busybox, which knows whole seconds of a file, the proof is good a moment later. */
  const settled = (): Promise<void> => eventually('the watcher has proven the board', () => SHELLS.every((shell) => alone(shell).length === ALL.length), PATIENCE);

  it('in dash, bash and busybox', function () {
    mustHaveShells(this);
  });

  it('in each state of a unit', async () => {
    await settled();
    compare(ALL);
  });

  it('where somebody wants something else, and where the watcher has seen that', async () => {
    // it goes on running: the unit itself tells nothing of it
    await settled();
    const record = '/var/lib/watchkeeper/desired/active';
    const before = readFileSync(record, 'utf8');
    writeFileSync(`${record}.new`, before.replace('"desired":"up"', '"desired":"down"'));
    renameSync(`${record}.new`, record);
    compare();
    await settled();
    compare(ALL);
    expect(probe.askIn(SHELLS[0] ?? '', ['status active']).get('status active')?.stdout).to.include('wanted down');
    writeFileSync(`${record}.new`, before);
    renameSync(`${record}.new`, record);
    compare();
    await settled();
    compare(ALL);
  });

  it('where the bus is away', async () => {
    systemctl('stop', 'dbus.socket', 'dbus.service');
    cleanups.add(() => void systemctl('start', 'dbus.socket', 'dbus.service'));
    try {
      // whether the watcher still knows is its own matter: who answers then has to be right
      compare();
    } finally {
      systemctl('start', 'dbus.socket', 'dbus.service');
    }
    await settled();
  });

  it('where one was killed, and its board is old', async () => {
    const watcher = watcherPid();
    process.kill(watcher, 'SIGSTOP');
    try {
      await eventually('the board is stale', () => alone().every((line) => UP.includes(line)), PATIENCE);
      compare(UP);
      process.kill(only(active.mains()), 'SIGKILL');
      await eventually('it is dead', () => !alone().includes('check active') || property(active.spec.unit, 'ActiveState') === 'active', PATIENCE);
      compare();
    } finally {
      process.kill(watcher, 'SIGCONT');
    }
  });

  describe('where there is no watcher, and no board', () => {
    const CLAIM = '/run/watchkeeper/units';
    const CONFIGURATION = '/etc/watchkeeper/watchkeeper.yaml';
    const LOOKED = ['check active', 'check-and-start active', ...DOWN];
    let claim: string;

    before(async () => {
      systemctl('stop', WATCHER);
      expect(existsSync(BOARD)).to.equal(false);
      await eventually('systemd has restarted what was killed', () => property(active.spec.unit, 'ActiveState') === 'active', PATIENCE);
      LINES.push('check-and-start active');
      rmSync(CLAIM, { force: true });
      compare([]);
      expect(existsSync(join(UNITS, active.spec.unit))).to.equal(true);
    });

    beforeEach(() => {
      // Node has looked, and says so
      expect(node('check active').status).to.equal(0);
      claim = readFileSync(CLAIM, 'utf8');
    });

    function changed(from: string | RegExp, to: string): void {
      expect(claim).to.match(typeof from === 'string' ? new RegExp(from) : from);
      // in place, with a time that is younger: only its text differs
      writeFileSync(CLAIM, claim.replace(from, to));
    }

    it('systemd itself is asked, once', () => {
      expect(claim).to.include(`\nsame ${CONFIGURATION}\n`);
      compare(LOOKED);
    });

    it('where a unit died, and where it is started', () => {
      process.kill(only(active.mains()), 'SIGKILL');
      compare();
      systemctl('stop', active.spec.unit);
      expect(alone()).to.have.members(['check active', ...DOWN]);
      systemctl('start', active.spec.unit);
      compare(LOOKED);
    });

    it('not where the configuration has changed since, or might have', async () => {
      const text = readFileSync(CONFIGURATION, 'utf8');
      writeFileSync(CONFIGURATION, `${text}# changed\n`);
      expect(alone()).to.deep.equal([]);
      writeFileSync(CONFIGURATION, text);
      // a claim is as old as the process that made it, and some shells know no parts of a second
      await eventually('Node has looked since', () => node('check active').status === 0 && SHELLS.every((shell) => alone(shell).length === LOOKED.length), PATIENCE);
      compare(LOOKED);
      writeFileSync('/etc/watchkeeper/another', '');
      expect(alone(), 'its directory').to.deep.equal([]);
      rmSync('/etc/watchkeeper/another');
    });

    it('not where somebody listens', () => {
      writeFileSync('/run/watchkeeper/control.sock', '');
      try {
        expect(alone()).to.deep.equal([]);
      } finally {
        rmSync('/run/watchkeeper/control.sock');
      }
    });

    const UNFIT: readonly (readonly [string, string | RegExp, string])[] = [
      ['is of another version', /^1 /, '2 '],
      ['is of another boot', /^1 [0-9a-f-]+ /, '1 00000000-0000-4000-8000-000000000000 '],
      ['is for another configuration', ` ${CONFIGURATION}\n`, ' /etc/watchkeeper/other.yaml\n'],
      ['is old', /^(1 \S+) \d+ /, '$1 1000 '],
      ['is of the future', /^(1 \S+) (\d+) /, '$1 9$2 '],
      ['has no end', /end\n$/, ''],
      ['has half an end', /end\n$/, 'end'],
      ['goes on after its end', /end\n$/, 'end\nunit active active.service\n'],
      ['names no target', /\ntarget [^\n]+/, ''],
      ['names a target that is not there', /\ntarget [^\n]+/, '\ntarget nobody.target'],
      ['has a word that nobody knows', /\ntarget /, '\nmaybe x\ntarget '],
      ['wants a path absent that is there', /\ntarget /, '\nabsent /etc\ntarget '],
      ['wants a variable unset that is set', /\ntarget /, '\nunset PATH\ntarget '],
    ];
    for (const [what, from, to] of UNFIT) {
      it(`not where the claim ${what}`, () => {
        changed(from, to);
        expect(SHELLS.map((shell) => alone(shell))).to.deep.equal(SHELLS.map(() => []));
      });
    }
  });
});
