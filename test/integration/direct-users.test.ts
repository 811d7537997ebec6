import { chownSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { HostAccounts } from '../../src/adapters/host/user.js';
import { START_STOP_DAEMON } from '../../src/adapters/sysv/start-chain.js';
import type { DaemonSpec } from '../../src/core/daemon.js';
import type { Outcome } from '../../src/core/outcome.js';
import { eventually } from '../support/eventually.js';
import { makeHostFixture, type HostFixture } from '../support/host-fixture.js';
import { isLive, procProcess } from '../support/proc.js';
import type { Behaviour, TestDaemon } from '../support/test-daemon.js';

const USER = 'games';

for (const kind of ['start-stop-daemon', 'built-in'] as const) {
  describe(`daemons of other users: ${kind}`, function () {
    this.timeout(20_000);
    let fixture: HostFixture;
    let uid: number;
    before(function () {
      // Only root can run daemons as other users.
      if (process.geteuid?.() !== 0 || (kind === 'start-stop-daemon' && !existsSync(START_STOP_DAEMON))) this.skip();
      uid = new HostAccounts().user(USER)?.uid ?? -1;
      if (uid < 0) this.skip();
    });
    beforeEach(() => {
      fixture = makeHostFixture(kind);
    });
    afterEach(() => fixture.cleanup());

    const start = async (daemon: TestDaemon): Promise<Outcome | undefined> => (await fixture.manager.start([{ spec: daemon.spec, oneShotArguments: [] }]))[0];
    const stop = async (daemon: TestDaemon): Promise<Outcome | undefined> => (await fixture.manager.stop([daemon.spec]))[0];
    const seen = async (daemon: TestDaemon): Promise<string | undefined> => (await fixture.manager.observe([daemon.spec]))[0]?.state;

    /** A daemon that owns its pid file, in a directory that is its own too. */
    function owning(behaviour: Behaviour = {}, overrides: Partial<DaemonSpec> = {}): TestDaemon & { kill(): void; pidFile: string } {
      const directory = join(fixture.directory, `run-${Math.random().toString(36).slice(2)}`);
      mkdirSync(directory);
      chownSync(directory, uid, 60);
      const pidFile = join(directory, 'd.pid');
      return { ...fixture.testDaemon(behaviour, { user: USER, pidFile, pidFileWriter: 'daemon', ...overrides }), pidFile };
    }

    function stranger(): number {
      const child = spawn('/usr/bin/sleep', ['60'], { stdio: 'ignore', detached: true });
      if (child.pid === undefined) throw new Error('no sleep');
      strangers.push(child.pid);
      return child.pid;
    }
    const strangers: number[] = [];
    afterEach(() => {
      for (const pid of strangers.splice(0)) if (isLive(pid)) process.kill(pid, 'SIGKILL');
    });

    for (const behaviour of [{}, { daemonizes: true }] satisfies Behaviour[]) {
      it(`run as their user, own their pid file, are found, spared and stopped ${behaviour.daemonizes === true ? '(daemonizes)' : '(stays)'}`, async () => {
        const daemon = owning(behaviour);
        expect(await start(daemon)).to.include({ kind: 'ok', changed: true });
        const [pid = 0] = daemon.mains();
        expect(daemon.mains()).to.have.length(1);
        expect(procProcess(pid)?.uid).to.equal(uid);
        expect(statSync(daemon.pidFile).uid).to.equal(uid);
        expect(readFileSync(daemon.pidFile, 'latin1').trim()).to.equal(String(pid));
        expect(await seen(daemon)).to.equal('running');
        expect(await start(daemon)).to.include({ kind: 'ok', changed: false });
        expect(await stop(daemon)).to.include({ kind: 'ok', changed: true });
        expect(daemon.mains()).to.deep.equal([]);
        expect(existsSync(daemon.pidFile)).to.equal(false);
      });

      it(`start again over the stale pid file that a kill -9 left ${behaviour.daemonizes === true ? '(daemonizes)' : '(stays)'}`, async () => {
        const daemon = owning(behaviour);
        await start(daemon);
        const [pid] = daemon.mains();
        daemon.kill();
        await eventually('it is dead', () => daemon.mains().length === 0);
        expect(existsSync(daemon.pidFile)).to.equal(true);
        expect(await seen(daemon)).to.equal('stopped');
        expect(await start(daemon)).to.include({ kind: 'ok', changed: true });
        expect(daemon.mains()).to.have.length(1);
        expect(daemon.mains()[0]).not.to.equal(pid);
      });
    }

    it('are found although their user made the pid file name a stranger, who is left alone', async () => {
      const daemon = owning();
      await start(daemon);
      for (const pid of [stranger(), 1, process.pid]) {
        writeFileSync(daemon.pidFile, `${pid}\n`);
        expect(await seen(daemon)).to.equal('running');
        expect(await start(daemon)).to.include({ kind: 'ok', changed: false });
      }
      const victim = stranger();
      writeFileSync(daemon.pidFile, `${victim}\n`);
      expect(await stop(daemon)).to.include({ kind: 'ok', changed: true });
      expect(daemon.mains()).to.deep.equal([]);
      expect(isLive(victim)).to.equal(true);
    });

    it('start although a pid file of their user names a stranger, who is left alone', async () => {
      const daemon = owning();
      const victim = stranger();
      writeFileSync(daemon.pidFile, `${victim}\n`);
      chownSync(daemon.pidFile, uid, 60);
      expect(await stop(daemon), 'stop').to.include({ kind: 'ok', changed: false });
      writeFileSync(daemon.pidFile, `${victim}\n`);
      expect(await start(daemon), 'start').to.include({ kind: 'ok', changed: true });
      expect(isLive(victim)).to.equal(true);
      expect(daemon.mains()).to.have.length(1);
    });

    it('cannot have a file of root’s removed or written by a link for a pid file or its directory', async () => {
      const victim = join(fixture.directory, 'precious');
      writeFileSync(victim, '4711\n');
      const daemon = owning({}, { pidFileWriter: 'manager' });
      symlinkSync(victim, daemon.pidFile);
      expect(await start(daemon)).to.include({ kind: 'ok', changed: true });
      expect(await stop(daemon)).to.include({ kind: 'ok', changed: true });
      expect(readFileSync(victim, 'latin1')).to.equal('4711\n');
      const linked = join(dirname(daemon.pidFile), 'way');
      symlinkSync(fixture.directory, linked);
      const { lchownSync } = await import('node:fs');
      lchownSync(linked, uid, 60);
      const other = fixture.testDaemon({}, { user: USER, pidFile: join(linked, 'precious') });
      expect(await start(other)).to.include({ kind: 'failed', code: 'permission' });
      expect(readFileSync(victim, 'latin1')).to.equal('4711\n');
    });

    it('keep the capabilities that the catalogue lists, and no others', async () => {
      const daemon = fixture.testDaemon({}, { user: USER, capabilities: ['CAP_NET_BIND_SERVICE'] });
      expect(await start(daemon)).to.include({ kind: 'ok', changed: true });
      const status = readFileSync(`/proc/${daemon.mains()[0] ?? 0}/status`, 'latin1');
      expect(/^CapEff:\s+(\w+)/m.exec(status)?.[1]).to.equal('0000000000000400');
      expect(/^Uid:\s+(\d+)/m.exec(status)?.[1]).to.equal(String(uid));
    });

    it('may change their user by themselves', async () => {
      const daemon = fixture.testDaemon({ becomes: USER }, { processUser: USER });
      expect(await start(daemon)).to.include({ kind: 'ok', changed: true });
      expect(procProcess(daemon.mains()[0] ?? 0)?.uid).to.equal(uid);
      expect(await seen(daemon)).to.equal('running');
      expect(await stop(daemon)).to.include({ kind: 'ok', changed: true });
    });

    it('get the groups and variables of their user', async () => {
      const daemon = fixture.testDaemon({}, { user: USER });
      await start(daemon);
      const status = readFileSync(`/proc/${daemon.mains()[0] ?? 0}/status`, 'latin1');
      const groups = /^Groups:\s*(.*)$/m.exec(status)?.[1]?.trim().split(' ').map(Number);
      const accounts = new HostAccounts();
      const user = accounts.user(USER);
      expect(user === undefined ? [] : [...accounts.groupsOf(user)].sort()).to.deep.equal(groups?.sort());
      expect(daemon.lastEnvironment()).to.include({ USER, LOGNAME: USER, HOME: user?.home ?? '' });
    });

    it('fail as not installed where the user is missing', async () => {
      const daemon = fixture.testDaemon({}, { user: 'wk-no-such-user' });
      const outcome = await start(daemon);
      expect(outcome).to.include({ kind: 'failed', code: 'not-installed' });
      expect(outcome?.kind === 'failed' && outcome.reason).to.include('wk-no-such-user');
    });
  });
}
