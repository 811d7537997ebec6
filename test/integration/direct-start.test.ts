import { closeSync, existsSync, linkSync, mkdirSync, openSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { expect } from 'chai';
import { START_STOP_DAEMON } from '../../src/adapters/sysv/start-chain.js';
import type { Outcome } from '../../src/core/outcome.js';
import { eventually } from '../support/eventually.js';
import { makeHostFixture, TEST_GROUP, type HostFixture } from '../support/host-fixture.js';
import { isLive, procProcess } from '../support/proc.js';
import type { TestDaemon } from '../support/test-daemon.js';

const STARTER = fileURLToPath(new URL('../fixtures/start-with-descriptor.ts', import.meta.url));

for (const kind of ['start-stop-daemon', 'built-in'] as const) {
  describe(`starts without systemd: ${kind}`, function () {
    this.timeout(20_000);
    let fixture: HostFixture;
    before(function () {
      if (kind === 'start-stop-daemon' && !existsSync(START_STOP_DAEMON)) this.skip();
    });
    beforeEach(() => {
      fixture = makeHostFixture(kind);
    });
    afterEach(() => fixture.cleanup());

    const start = async (daemon: TestDaemon): Promise<Outcome | undefined> => (await fixture.manager.start([{ spec: daemon.spec, oneShotArguments: [] }]))[0];
    const stop = async (daemon: TestDaemon): Promise<Outcome | undefined> => (await fixture.manager.stop([daemon.spec]))[0];
    const seen = async (daemon: TestDaemon): Promise<string | undefined> => (await fixture.manager.observe([daemon.spec]))[0]?.state;
    const reasonOf = (outcome: Outcome | undefined): string => (outcome?.kind === 'failed' ? `${outcome.reason} | ${outcome.next}` : `not failed: ${JSON.stringify(outcome)}`);

    it('give a session, /dev/null, the directory, a mask, and nothing of ours', async () => {
      process.env['WK_SECRET'] = 'leaked';
      const daemon = fixture.testDaemon({}, { workingDirectory: '/usr', environment: { OWN: 'a b=c' } });
      expect(await start(daemon)).to.include({ kind: 'ok' });
      delete process.env['WK_SECRET'];
      const [pid = 0] = daemon.mains();
      expect(procProcess(pid)?.session).to.equal(pid);
      const targets = readdirSync(`/proc/${pid}/fd`).map((fd) => `${fd}:${readlinkSync(`/proc/${pid}/fd/${fd}`)}`);
      const own = targets.filter((target) => !target.includes('socket:'));
      expect(own.slice(0, 3)).to.deep.equal(['0:/dev/null', '1:/dev/null', '2:/dev/null']);
      // What the caller of these tests left open for us is there no more, or is nothing.
      expect(own.filter((target) => !target.endsWith(':/dev/null'))).to.deep.equal([]);
      expect(readlinkSync(`/proc/${pid}/cwd`)).to.equal('/usr');
      expect(/^Umask:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]).to.equal('0022');
      expect(daemon.lastEnvironment()).to.include({ OWN: 'a b=c', WATCHKEEPER_DAEMON: daemon.spec.name });
      expect(daemon.lastEnvironment()).not.to.have.property('WK_SECRET');
    });

    it('keep no descriptor of whoever called us, such as the lock of a script', async () => {
      const lock = join(fixture.directory, 'lock');
      const fd = openSync(lock, 'w');
      const words = ['--import', 'tsx', STARTER, join(fixture.directory, 'run'), kind];
      // Its descriptor 9, as a script's `exec 9>lock` has it.
      const starter = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit', ...Array<'ignore'>(6).fill('ignore'), fd] });
      closeSync(fd);
      const stdout = starter.stdio[1];
      if (!(stdout instanceof Readable)) throw new Error('no output');
      const [line] = (await once(stdout, 'data')) as [Buffer];
      const outcome = JSON.parse(line.toString()) as { kind: string; process: { pid: number } };
      expect(outcome.kind).to.equal('ok');
      const { pid } = outcome.process;
      try {
        const targets = readdirSync(`/proc/${pid}/fd`).map((entry) => readlinkSync(`/proc/${pid}/fd/${entry}`));
        expect(targets).not.to.include(lock);
        expect(targets).to.include('/dev/null');
      } finally {
        process.kill(pid, 'SIGKILL');
      }
    });

    it('append output to the output file, and tell its last words of a failure, harmless', async () => {
      const outputFile = join(fixture.directory, 'out.log');
      writeFileSync(outputFile, 'words of an earlier life\n');
      const daemon = fixture.testDaemon({ exits: { status: 3, after: 0, message: 'cannot bind \u001b[31mport' } }, { outputFile });
      const reason = reasonOf(await start(daemon));
      expect(reason).to.include('cannot bind \\e[31mport').and.to.include('3').and.not.to.include('earlier life');
      expect(readFileSync(outputFile, 'utf8')).to.match(/^words of an earlier life\n.*cannot bind/s);
    });

    it('refuse an output file that leads elsewhere', async () => {
      const victim = join(fixture.directory, 'precious');
      writeFileSync(victim, 'x');
      symlinkSync(victim, join(fixture.directory, 'link'));
      linkSync(victim, join(fixture.directory, 'hard'));
      execFileSync('/usr/bin/mkfifo', [join(fixture.directory, 'fifo')]);
      for (const name of ['link', 'hard', 'fifo', 'no/such']) {
        const daemon = fixture.testDaemon({}, { outputFile: join(fixture.directory, name) });
        expect(await start(daemon), name).to.include({ kind: 'failed', code: 'permission' });
        expect(daemon.starts()).to.equal(0);
      }
      expect(readFileSync(victim, 'latin1')).to.equal('x');
    });

    it('survive a daemon that floods its output', async () => {
      const outputFile = join(fixture.directory, 'flood.log');
      const daemon = fixture.testDaemon({ floods: 8 * 1024 * 1024 }, { outputFile });
      expect(await start(daemon)).to.include({ kind: 'ok' });
      expect(statSync(outputFile).size).to.be.at.least(8 * 1024 * 1024);
      const silent = fixture.testDaemon({ floods: 8 * 1024 * 1024 });
      expect(await start(silent)).to.include({ kind: 'ok' });
    });

    it('name the key for a daemon that forks away', async () => {
      const daemon = fixture.testDaemon({ forksAway: true });
      expect(reasonOf(await start(daemon))).to.include('forked away').and.to.include('background');
      expect(daemon.mains()).to.deep.equal([]);
    });

    it('wait for the parent of a daemon that daemonizes, and find the daemon without a pid file', async () => {
      const daemon = fixture.testDaemon({ daemonizes: true, readyAfter: 300 });
      const outcome = await start(daemon);
      expect(outcome).to.include({ kind: 'ok', changed: true });
      expect(outcome?.kind === 'ok' && outcome.process?.pid).to.equal(daemon.mains()[0]);
      expect(daemon.mains()).to.have.length(1);
      expect(await seen(daemon)).to.equal('running');
      expect(await stop(daemon)).to.include({ kind: 'ok', changed: true });
    });

    it('fail a daemon that daemonizes and never gets ready, and leave nothing of it', async () => {
      const daemon = fixture.testDaemon({ daemonizes: true, readyAfter: 'never' }, { startTimeout: 600 });
      expect(await start(daemon)).to.include({ kind: 'failed', code: 'not-ready' });
      expect(daemon.mains()).to.deep.equal([]);
    });

    it('end children of a daemon that daemonized, too', async () => {
      const daemon = fixture.testDaemon({ daemonizes: true, children: 2, stubbornChildren: true }, { stopTimeout: 500 });
      expect(await start(daemon)).to.include({ kind: 'ok' });
      expect(daemon.children()).to.have.length(2);
      expect(await stop(daemon)).to.include({ kind: 'ok', changed: true });
      expect(daemon.children()).to.deep.equal([]);
    });

    it('clear away what a daemon that was killed left in its session', async () => {
      const daemon = fixture.testDaemon({ children: 2 });
      await start(daemon);
      const old = daemon.children();
      daemon.kill();
      await eventually('it is dead', () => daemon.mains().length === 0);
      expect(old.every(isLive)).to.equal(true);
      expect(await start(daemon)).to.include({ kind: 'ok', changed: true });
      await eventually('the old children are gone', () => !old.some(isLive));
      daemon.kill();
      await eventually('it is dead', () => daemon.mains().length === 0);
      expect(await stop(daemon)).to.include({ kind: 'ok', changed: false });
      expect(daemon.children()).to.deep.equal([]);
    });

    it('do not take a spared child for the daemon', async () => {
      const daemon = fixture.testDaemon({ children: 2 }, { killMode: 'process' });
      await start(daemon);
      await stop(daemon);
      expect(daemon.children()).to.have.length(2);
      expect(await seen(daemon)).to.equal('stopped');
      expect(await start(daemon)).to.include({ kind: 'ok', changed: true });
    });

    it('find a daemon whose start was cut off, or whose records are lost', async () => {
      const daemon = fixture.testDaemon();
      await start(daemon);
      const { name } = daemon.spec;
      fixture.parts.claims.begin(name); // what stands there between the decision and the claim
      expect(await seen(daemon)).to.equal('running');
      rmSync(fixture.runtime, { recursive: true });
      expect(await seen(daemon)).to.equal('running');
      expect(await start(daemon)).to.include({ kind: 'ok', changed: false });
      expect(await stop(daemon)).to.include({ kind: 'ok', changed: true });
      expect(daemon.mains()).to.deep.equal([]);
    });

    it('know their daemon by its start time, whatever stands in the plain record beside it', async () => {
      const daemon = fixture.testDaemon();
      await start(daemon);
      const plain = join(fixture.runtime, 'pids', daemon.spec.name);
      const stranger = spawn('/bin/sleep', ['60'], { stdio: 'ignore' });
      for (const text of [`${stranger.pid ?? 0}\n`, '1\n', '', 'rubbish\n']) {
        writeFileSync(plain, text);
        expect(await seen(daemon), JSON.stringify(text)).to.equal('running');
        expect(await start(daemon)).to.include({ kind: 'ok', changed: false });
      }
      writeFileSync(plain, `${stranger.pid ?? 0}\n`);
      expect(await stop(daemon)).to.include({ kind: 'ok', changed: true });
      expect(daemon.mains()).to.deep.equal([]);
      expect(stranger.kill('SIGKILL'), 'the stranger lived').to.equal(true);
      await once(stranger, 'exit');
      expect(stranger.signalCode).to.equal('SIGKILL');
    });

    it('say what readiness lacked, and not that the deadline cut the last look short', async () => {
      const argv = ['/bin/sh', '-c', 'sleep 0.2; echo "no quorum" >&2; exit 1'] as const;
      const daemon = fixture.testDaemon({}, { startTimeout: 1500, readiness: { kind: 'exec', argv: [...argv] } });
      expect(reasonOf(await start(daemon))).to.match(/not ready within 1\.5 s: .*no quorum/);
    });

    it('stop a daemon that a debugger or Ctrl-Z halted', async () => {
      const daemon = fixture.testDaemon();
      await start(daemon);
      const [pid = 0] = daemon.mains();
      process.kill(pid, 'SIGSTOP');
      await eventually('it is halted', () => procProcess(pid)?.state === 'T');
      const before = performance.now();
      expect(await stop(daemon)).to.include({ kind: 'ok', changed: true });
      expect(performance.now() - before).to.be.below(daemon.spec.stopTimeout);
    });

    it('write and remove the pid file where that is the manager’s task, over rubbish too', async () => {
      const pidFile = join(fixture.directory, 'm.pid');
      writeFileSync(pidFile, 'rubbish\u001b[2J'.repeat(1000));
      const daemon = fixture.testDaemon({}, { pidFile, pidFileWriter: 'manager' });
      expect(await seen(daemon)).to.equal('stopped');
      expect(await start(daemon)).to.include({ kind: 'ok', changed: true });
      expect(readFileSync(pidFile, 'latin1')).to.equal(`${daemon.mains()[0] ?? 0}\n`);
      await stop(daemon);
      expect(existsSync(pidFile)).to.equal(false);
    });

    it('refuse a pid file that is a directory, with its name', async () => {
      const pidFile = join(fixture.directory, 'dir.pid');
      mkdirSync(pidFile);
      const daemon = fixture.testDaemon({}, { pidFile });
      const outcome = await start(daemon);
      expect(outcome).to.include({ kind: 'failed', code: 'permission' });
      expect(reasonOf(outcome)).to.include(pidFile);
    });

    it('skip where the node has not the role, and where a clean end is no failure', async () => {
      const notMaster = fixture.testDaemon({ exits: { status: TEST_GROUP.notMasterExitStatus, after: 0 } });
      expect(await start(notMaster)).to.deep.equal({ kind: 'skipped', reason: 'not master: it exited with status 11' });
      const policy = notMaster.spec.restart;
      const clean = fixture.testDaemon({ exits: { status: 0, after: 0 } }, { restart: { ...policy, when: 'on-failure' } });
      expect((await start(clean))?.kind).to.equal('skipped');
    });

    it('leave no descriptor and no zombie behind', async () => {
      const daemon = fixture.testDaemon({}, { outputFile: join(fixture.directory, 'o.log'), pidFile: join(fixture.directory, 'o.pid') });
      await start(daemon);
      await stop(daemon);
      const before = readdirSync('/proc/self/fd').length;
      for (let round = 0; round < 3; round += 1) {
        await start(daemon);
        await stop(daemon);
      }
      expect(readdirSync('/proc/self/fd').length).to.be.at.most(before + 1);
    });
  });
}
