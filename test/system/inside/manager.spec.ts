import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect } from 'chai';

import { detectServiceManager, type Machine } from '../../../src/adapters/systemd/detect.js';
import { SystemdManager } from '../../../src/adapters/systemd/manager.js';
import { SYSTEMCTL, Systemctl } from '../../../src/adapters/systemd/systemctl.js';
import type { DaemonSpec } from '../../../src/core/daemon.js';
import type { FailureCode, Outcome } from '../../../src/core/outcome.js';
import { daemonSpec, TEST_RESTART_POLICY } from '../../support/daemon-spec.js';
import { eventually } from '../../support/eventually.js';
import { Bench, GROUP, must, newName, NOT_MASTER, only, systemctl } from './bench.js';

function expectFailed(outcome: Outcome, code: FailureCode): Extract<Outcome, { kind: 'failed' }> {
  if (outcome.kind !== 'failed') throw new Error(`expected ${code}, got ${JSON.stringify(outcome)}`);
  expect(outcome.code, JSON.stringify(outcome)).to.equal(code);
  expect(outcome.next).not.to.equal('');
  return outcome;
}

function expectOk(outcome: Outcome): Extract<Outcome, { kind: 'ok' }> {
  if (outcome.kind !== 'ok') throw new Error(`expected ok, got ${JSON.stringify(outcome)}`);
  return outcome;
}

describe('systemd manager', function () {
  this.timeout(40_000);
  let bench: Bench;

  beforeEach(() => {
    bench = new Bench();
  });
  afterEach(() => {
    bench.cleanup();
  });

  /** A spec over a unit written by hand. */
  function handmade(text: string, overrides: Partial<DaemonSpec> = {}): DaemonSpec {
    const spec = daemonSpec({ name: newName(), ...overrides });
    bench.unit(spec.unit, text);
    return spec;
  }

  /** Down, but not forgotten: a unit that another loaded one names is not unloaded when it ends. */
  function keepLoaded(...specs: DaemonSpec[]): void {
    const target = `${newName()}.target`;
    bench.unit(target, `[Unit]\nAfter=${specs.map(({ unit }) => unit).join(' ')}\n`);
    systemctl('start', target);
  }

  describe('a start tells what became of the unit', () => {
    it('no such unit', async () => {
      const spec = daemonSpec({ name: newName() });
      expect(expectFailed(await bench.start(spec), 'not-found').reason).to.include(spec.unit);
    });

    it('masked, and names the way out', async () => {
      const spec = daemonSpec({ name: newName() });
      systemctl('mask', '--runtime', spec.unit);
      try {
        expect(expectFailed(await bench.start(spec), 'masked').next).to.include(`systemctl unmask ${spec.unit}`);
      } finally {
        systemctl('unmask', '--runtime', spec.unit);
      }
    });

    it('a unit file that makes no sense', async () => {
      const spec = handmade('[Service]\nType=exec\n');
      expect(expectFailed(await bench.start(spec), 'failed').reason).to.match(/bad-setting/);
    });

    it('a condition of the unit that the catalogue does not know', async () => {
      const spec = handmade('[Unit]\nConditionPathExists=/nonexistent\n[Service]\nExecStart=/bin/sleep infinity\n');
      keepLoaded(spec);
      expect((await bench.start(spec)).kind).to.equal('skipped');
    });

    it('a failed dependency, and names it', async () => {
      const needed = handmade('[Service]\nType=exec\nExecStart=/nonexistent/program\n');
      const spec = handmade(`[Unit]\nRequires=${needed.unit}\nAfter=${needed.unit}\n[Service]\nExecStart=/bin/sleep infinity\n`);
      expect(expectFailed(await bench.start(spec), 'dependency').reason).to.include(needed.unit);
    });

    it("the unit's own time-out", async () => {
      const spec = handmade('[Service]\nType=forking\nExecStart=/bin/sleep infinity\nTimeoutStartSec=300ms\n');
      expectFailed(await bench.start(spec), 'timeout');
    });

    it('our deadline, where the unit would wait longer; then nothing comes up later', async () => {
      const spec = handmade('[Service]\nType=forking\nExecStart=/bin/sleep infinity\nTimeoutStartSec=600\n', { startTimeout: 100 });
      const before = performance.now();
      expectFailed(await bench.start(spec), 'timeout');
      expect(performance.now() - before).to.be.below(20_000);
      expect(bench.property(spec.unit, 'ActiveState')).to.be.oneOf(['inactive', 'failed']);
      expect(bench.property(spec.unit, 'Job')).to.be.oneOf(['', '0']);
    });

    it('a job that somebody canceled', async () => {
      const spec = handmade('[Service]\nType=forking\nExecStart=/bin/sleep infinity\nTimeoutStartSec=60\n', { startTimeout: 30_000 });
      const starting = bench.start(spec);
      await eventually('the job runs', () => bench.property(spec.unit, 'ActiveState') === 'activating');
      systemctl('stop', spec.unit);
      expectFailed(await starting, 'canceled');
    });

    it('a program that is missing, and a user that is missing', async () => {
      const program = handmade('[Service]\nType=exec\nExecStart=/nonexistent/program\n', { executable: '/nonexistent/program' });
      expect(expectFailed(await bench.start(program), 'not-installed').reason).to.include('/nonexistent/program');
      const user = handmade('[Service]\nType=exec\nUser=nobody-of-this-name\nExecStart=/bin/sleep infinity\n');
      expect(expectFailed(await bench.start(user), 'not-installed').reason).to.match(/user/);
    });

    it('a signal', async () => {
      const spec = handmade("[Service]\nType=exec\nExecStart=/bin/sh -c 'kill -SEGV $$$$'\n", { readiness: { kind: 'settled', settle: 1000 } });
      expect(expectFailed(await bench.start(spec), 'failed').reason).to.include('SIGSEGV');
      const control = handmade("[Service]\nType=forking\nExecStart=/bin/sh -c 'kill -SEGV $$$$'\n");
      expect(expectFailed(await bench.start(control), 'failed').reason).to.match(/Result=(signal|core-dump)/);
    });

    it('not being master is no failure, whether or not the unit calls the status a success', async () => {
      for (const extra of ['', `SuccessExitStatus=${NOT_MASTER}\n`]) {
        const spec = handmade(`[Service]\nType=exec\nExecStart=/bin/sh -c 'exit ${NOT_MASTER}'\n${extra}`, { readiness: { kind: 'settled', settle: 300 } });
        keepLoaded(spec);
        const outcome = await bench.start(spec);
        expect(outcome.kind, JSON.stringify(outcome)).to.equal('skipped');
        expect(outcome.kind === 'skipped' && outcome.reason).to.include('not master');
      }
    });

    it('what the daemon said last, harmless on a terminal', async () => {
      const daemon = bench.daemon({ readyAfter: 'never', exits: { status: 5, after: 300, message: 'cannot \u001b[2J bind' } });
      const outcome = expectFailed(await bench.start(daemon.spec), 'failed');
      expect(outcome.reason).to.match(/\b5\b.*bind/);
      expect(outcome.reason).not.to.match(/[\u0000-\u001f\u007f-\u009f]/);
    });

    it('a death that systemd has already mended is not a success', async () => {
      const restart = { ...TEST_RESTART_POLICY, when: 'always' as const, baseDelay: 100, intensity: 100 };
      const daemon = bench.daemon({ readyAfter: 'never', exits: { status: 6, after: 150 } }, { restart });
      expectFailed(await bench.start(daemon.spec), 'failed');
      expect(daemon.starts()).to.be.at.least(1);
    });
  });

  describe('start limit', () => {
    /** Starts it until systemd does not even try any more. */
    async function exhaust(spec: DaemonSpec): Promise<void> {
      const starts = new Set<string>();
      for (let tries = 0; tries < 4; tries += 1) {
        spawnSync('/usr/bin/systemctl', ['start', spec.unit], { timeout: 10_000 });
        await eventually('it has ended', () => bench.property(spec.unit, 'ActiveState') === 'failed');
        starts.add(bench.property(spec.unit, 'InvocationID'));
      }
      expect(starts.size).to.equal(2);
      expect(only(await bench.manager.observe([spec])).state).to.equal('failed');
    }
    const LIMITED = (flag: string) =>
      `[Unit]\nStartLimitIntervalSec=600\nStartLimitBurst=2\n[Service]\nType=exec\nExecStart=/bin/sh -c 'test -e ${flag} && exec sleep infinity; exit 1'\n`;

    it('that was hit is cleared by an explicit start', async () => {
      const flag = join(bench.directory, 'flag');
      const spec = handmade(LIMITED(flag), { readiness: { kind: 'settled', settle: 100 } });
      await exhaust(spec);
      must('/usr/bin/touch', flag);
      expectOk(await bench.start(spec));
    });

    it('that was hit stops an automatic start, which says so', async () => {
      const automatic = new Bench({ explicit: false });
      try {
        const flag = join(bench.directory, 'flag');
        const spec = handmade(LIMITED(flag));
        await exhaust(spec);
        must('/usr/bin/touch', flag);
        expect(expectFailed(await automatic.start(spec), 'failed').reason).to.match(/start limit/);
      } finally {
        automatic.cleanup();
      }
    });

    it('hinders no start after many stops by hand', async () => {
      const spec = handmade('[Unit]\nStartLimitIntervalSec=600\nStartLimitBurst=2\n[Service]\nType=exec\nExecStart=/bin/sleep infinity\n');
      keepLoaded(spec);
      for (let round = 0; round < 4; round += 1) {
        expectOk(await bench.start(spec));
        expectOk(await bench.stop(spec));
      }
    });
  });

  it('an explicit start does not wait until RestartSec has passed', async () => {
    const daemon = bench.daemon({}, { restart: { ...TEST_RESTART_POLICY, when: 'always', baseDelay: 30_000 } });
    expectOk(await bench.start(daemon.spec));
    process.kill(only(daemon.mains()), 'SIGKILL');
    await eventually('systemd waits', () => bench.property(daemon.spec.unit, 'SubState').startsWith('auto-restart'));
    const before = performance.now();
    expectOk(await bench.start(daemon.spec));
    expect(performance.now() - before).to.be.below(10_000);
    expect(daemon.mains()).to.have.length(1);
  });

  it('stopping what waits for its restart ends the waiting', async () => {
    const daemon = bench.daemon({}, { restart: { ...TEST_RESTART_POLICY, when: 'always', baseDelay: 1000 } });
    expectOk(await bench.start(daemon.spec));
    process.kill(only(daemon.mains()), 'SIGKILL');
    await eventually('systemd waits', () => bench.property(daemon.spec.unit, 'SubState').startsWith('auto-restart'));
    expect(expectOk(await bench.stop(daemon.spec)).changed).to.equal(true);
    expect(only(await bench.manager.observe([daemon.spec])).state).to.be.oneOf(['stopped', 'failed']);
  });

  it('stopping what systemd does not know succeeds; reloading it does not', async () => {
    const spec = daemonSpec({ name: newName() });
    expect(expectOk(await bench.stop(spec)).changed).to.equal(false);
    expectFailed(await bench.manager.reload(spec), 'not-found');
  });

  it('a daemon whose unit file was removed under it is stopped, and not called stopped before', async () => {
    const [one, another] = [bench.daemon(), bench.daemon()];
    for (const { spec } of [one, another]) expectOk(await bench.start(spec));
    bench.forget(one.spec.unit, another.spec.unit);
    for (const { spec } of [one, another]) expect([bench.property(spec.unit, 'LoadState'), bench.property(spec.unit, 'ActiveState')]).to.deep.equal(['not-found', 'active']);
    expect(expectOk(await bench.stop(one.spec)).changed).to.equal(true);
    expect([one.mains(), another.mains().length]).to.deep.equal([[], 1]);
    expect((await bench.manager.stop([one.spec, another.spec])).map((outcome) => expectOk(outcome).changed)).to.deep.equal([false, true]);
    expect(another.mains()).to.deep.equal([]);
  });

  it("reloads in the unit's own way where it has one", async () => {
    const mark = join(bench.directory, 'reloaded');
    const spec = handmade(`[Service]\nType=exec\nExecStart=/bin/sleep infinity\nExecReload=/usr/bin/touch ${mark}\n`);
    expectOk(await bench.start(spec));
    expectOk(await bench.manager.reload(spec));
    expect(existsSync(mark)).to.equal(true);
    const silent = handmade("[Service]\nType=exec\nExecStart=/bin/sh -c 'trap \"touch ${MARK}\" HUP; while :; do sleep 0.05; done'\nEnvironment=MARK=" + `${mark}2\n`);
    expectOk(await bench.start(silent));
    expectOk(await bench.manager.reload(silent));
    await eventually('the signal has come', () => existsSync(`${mark}2`));
  });

  it('answers for a hundred units, in their order', async () => {
    const specs = Array.from({ length: 100 }, () => daemonSpec({ name: newName() }));
    const daemon = bench.daemon();
    expectOk(await bench.start(daemon.spec));
    const all = [...specs.slice(0, 50), daemon.spec, ...specs.slice(50)];
    const observed = await bench.manager.observe(all);
    expect(observed.map(({ state }) => state)).to.deep.equal(all.map((spec) => (spec === daemon.spec ? 'running' : 'stopped')));
  });

  it('refuses a name that systemctl would take for a pattern', async () => {
    const spec = daemonSpec({ name: newName(), unit: 'sys*.service' });
    let refused: unknown;
    await bench.manager.stop([spec]).catch((error: unknown) => {
      refused = error;
    });
    expect(refused).to.be.instanceOf(Error);
  });

  it('works without dbus-daemon', async () => {
    const daemon = bench.daemon();
    systemctl('stop', 'dbus.socket', 'dbus.service');
    try {
      expectOk(await bench.start(daemon.spec));
      expect(only(await bench.manager.observe([daemon.spec])).state).to.equal('running');
      expectOk(await bench.manager.reload(daemon.spec));
      expectOk(await bench.stop(daemon.spec));
    } finally {
      systemctl('start', 'dbus.socket', 'dbus.service');
    }
  });

  it('tells where systemctl cannot be run at all', async () => {
    const options = { group: GROUP, runner: bench.runner, processes: bench.processes, clock: bench.clock, oneshot: bench.oneshot, explicit: true };
    const readiness = { check: () => Promise.resolve({ ready: true, reason: '' }) };
    const manager = new SystemdManager({ ...options, readiness, systemctl: new Systemctl(options.runner, '/nonexistent/systemctl') });
    const spec = daemonSpec({ name: newName() });
    expectFailed(only(await manager.start([{ spec, oneShotArguments: [] }])), 'timeout');
    expectFailed(only(await manager.stop([spec])), 'timeout');
  });

  describe('the generated unit', () => {
    it('has nothing that systemd complains about', () => {
      const hostile = { ODD: 'a "b" c%n$d \\ \'e\'' };
      const daemon = bench.daemon({}, { environment: hostile, capabilities: ['CAP_NET_BIND_SERVICE'], user: 'memcache', group: 'memcache', conditions: [{ kind: 'path-exists', path: '/etc/os-release' }], restart: TEST_RESTART_POLICY });
      const result = spawnSync('/usr/bin/systemd-analyze', ['verify', '--man=no', join('/run/systemd/system', daemon.spec.unit)], { encoding: 'utf8', timeout: 30_000 });
      expect(result.stderr).to.equal('');
      expect(result.status).to.equal(0);
    });

    it('gives the daemon its arguments, environment, user and directory unchanged', async () => {
      const words = ['two words', '"quoted"', "'single'", '$HOME', '${HOME}', '%n', '%%', 'back\\slash', 'tab\there', 'new\nline', 'ümlaut', ';', '', '-dash'];
      const environment = { ODD: 'a "b" c%n $HOME \\n \'e\'', EMPTY: '' };
      const daemon = bench.daemon({}, { foregroundArguments: words, environment, workingDirectory: '/usr/lib' });
      expectOk(await bench.start(daemon.spec));
      expect(daemon.lastArguments().slice(-words.length)).to.deep.equal(words);
      expect(daemon.lastEnvironment()).to.include(environment);
      expect(readFileSync(`/proc/${only(daemon.mains())}/environ`, 'utf8')).to.include('ODD=');
      expect(must('/usr/bin/readlink', `/proc/${only(daemon.mains())}/cwd`).trim()).to.equal('/usr/lib');
    });

    it("restarts by systemd's hand, and not after a status that forbids it", async () => {
      const restart = { ...TEST_RESTART_POLICY, when: 'on-failure' as const, baseDelay: 100 };
      const daemon = bench.daemon({}, { restart });
      expectOk(await bench.start(daemon.spec));
      process.kill(only(daemon.mains()), 'SIGKILL');
      await eventually('it is back', () => daemon.starts() === 2);
      const never = bench.daemon({ exits: { status: 78, after: 300 } }, { restart, readiness: { kind: 'settled', settle: 0 } });
      await bench.start(never.spec);
      await eventually('it has failed for good', () => bench.property(never.spec.unit, 'ActiveState') === 'failed');
      expect(never.starts()).to.equal(1);
    });
  });

  describe('real daemons', () => {
    const real = (name: string, unit: string, readiness: DaemonSpec['readiness'], executable: string) => daemonSpec({ name, unit, readiness, executable, startTimeout: 20_000, stopTimeout: 10_000 });
    const redis = real('redis', 'redis-server.service', { kind: 'tcp', host: '127.0.0.1', port: 6379 }, '/usr/bin/redis-server');
    const nginx = real('nginx', 'nginx.service', { kind: 'tcp', host: '127.0.0.1', port: 80 }, '/usr/sbin/nginx');
    const memcached = real('memcached', 'memcached.service', { kind: 'tcp', host: '127.0.0.1', port: 11211 }, '/usr/bin/memcached');
    const all = [redis, nginx, memcached];

    afterEach(() => {
      systemctl('stop', ...all.map(({ unit }) => unit));
    });

    it('start in one call beside one that fails, run, reload and stop', async () => {
      const bad = bench.daemon({ exits: { status: 1, after: 0 } });
      const outcomes = await bench.manager.start([...all, bad.spec].map((spec) => ({ spec, oneShotArguments: [] })));
      expect(outcomes.map(({ kind }) => kind), JSON.stringify(outcomes)).to.deep.equal(['ok', 'ok', 'ok', 'failed']);
      const observed = await bench.manager.observe(all);
      expect(observed.map(({ state }) => state)).to.deep.equal(['running', 'running', 'running']);
      const names = observed.map(({ process }) => readFileSync(`/proc/${process?.pid ?? 0}/comm`, 'utf8').trim());
      expect(names).to.deep.equal(['redis-server', 'nginx', 'memcached']);
      const before = observed[1]?.process;
      expectOk(await bench.manager.reload(nginx));
      expect((await bench.manager.observe([nginx]))[0]?.process).to.deep.equal(before);
      const stopped = await bench.manager.stop(all);
      expect(stopped.map((outcome) => outcome.kind === 'ok' && outcome.changed)).to.deep.equal([true, true, true]);
      expect((await bench.manager.observe(all)).map(({ state }) => state)).to.deep.equal(['stopped', 'stopped', 'stopped']);
    });

    it('a second nginx fails because the port is taken', async () => {
      expectOk(await bench.start(nginx));
      const configuration = join(bench.directory, 'nginx.conf');
      writeFileSync(configuration, `daemon off;\npid ${bench.directory}/nginx.pid;\nevents {}\nhttp { server { listen 127.0.0.1:80; } }\n`);
      const second = handmade(`[Service]\nType=exec\nExecStart=/usr/sbin/nginx -c ${configuration}\n`, { readiness: { kind: 'settled', settle: 8000 }, startTimeout: 20_000, executable: '/usr/sbin/nginx' });
      const outcome = expectFailed(await bench.start(second), 'address-taken');
      expect(outcome.reason).to.match(/bind\(\)/);
    });

    it('a second nginx is told by whom the port is taken, and is not taken for the first', async () => {
      const first = expectOk(await bench.start(nginx)).process?.pid ?? 0;
      const configuration = join(bench.directory, 'nginx.conf');
      writeFileSync(configuration, `daemon off;\npid ${bench.directory}/nginx.pid;\nevents {}\nhttp { server { listen 127.0.0.1:80; } }\n`);
      const second = handmade(`[Service]\nType=exec\nExecStart=/usr/sbin/nginx -c ${configuration}\n`, { readiness: { kind: 'tcp', host: '127.0.0.1', port: 80 }, startTimeout: 20_000, executable: '/usr/sbin/nginx' });
      const outcome = expectFailed(await bench.start(second), 'address-taken');
      // its master process or one of its workers
      const [, pid = ''] = /the address 127\.0\.0\.1:80 is taken by pid (\d+) \('nginx'\)/.exec(outcome.reason) ?? [];
      expect(pid, outcome.reason).to.not.equal('');
      const parent = Number(/^PPid:\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
      expect([Number(pid), parent]).to.include(first);
      expect(outcome.next).to.include(`ps -fp ${pid}`);
    });

    it("a refusal is told by the catalogue's texts, from the journal of this very start", async () => {
      const voter = bench.daemon({ exits: { status: 1, after: 0, message: 'vote 3: too few votes' } });
      const outcome = expectFailed(await bench.start(voter.spec), 'no-quorum');
      expect(outcome.reason).to.include('too few of the others agree; it said: ').and.include('vote 3: too few votes');
      expect(outcome.next).to.equal('waking them');
      const other = bench.daemon({ exits: { status: 1, after: 0, message: 'the moon is full' } });
      expectFailed(await bench.start(other.spec), 'failed');
    });

    it('have no place for one-shot arguments, and say so', async () => {
      expectFailed(await bench.start(redis, ['--port', '1']), 'unsupported');
      expect(only(await bench.manager.observe([redis])).state).to.equal('stopped');
    });
  });

  describe('detection', () => {
    const machine: Machine = {
      isDirectory: existsSync,
      isExecutable: existsSync,
      showUnit: (unit) => bench.systemctl.showOne(unit),
      systemctl: SYSTEMCTL,
      startStopDaemon: '/usr/sbin/start-stop-daemon',
    };

    it('needs a loaded target, and tells what it is otherwise', async () => {
      const target = `${newName()}.target`;
      expect(await detectServiceManager({ target }, machine)).to.deep.equal({ kind: 'start-stop-daemon', reason: `${target} is not-found` });
      bench.unit(target, '[Unit]\nDescription=of a test\n');
      expect(await detectServiceManager({ target }, machine)).to.deep.equal({ kind: 'systemd', reason: `${target} is loaded` });
    });
  });

  it('a systemctl that is killed while it waits harms nothing', async () => {
    const daemon = bench.daemon({ readyAfter: 500 });
    const rival = spawn('/usr/bin/systemctl', ['start', daemon.spec.unit], { stdio: 'ignore' });
    rival.kill('SIGKILL');
    expectOk(await bench.start(daemon.spec));
    expect(daemon.mains()).to.have.length(1);
  });
});
