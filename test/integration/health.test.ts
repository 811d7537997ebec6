/** Health checks by the real watcher on real daemons. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';

import type { CheckReport } from '../../src/core/health.js';
import { buildOnce, IS_ROOT } from '../support/daemon-util-world.js';
import { eventually } from '../support/eventually.js';
import { isLive, liveProcesses } from '../support/proc.js';
import type { Behaviour, TestDaemon } from '../support/test-daemon.js';
import { WatcherWorld, type RunningWatcher } from '../support/watcher-world.js';

const QUICK = { immediateRestarts: 2, baseDelay: '100ms', maxDelay: '200ms', intensity: 50, period: '1m' };
const SOON = { interval: '200ms', timeout: '300ms', failureThreshold: 2 };
const NOTIFY = { readiness: { kind: 'notify' } };

function only(daemon: TestDaemon): number {
  const [pid, ...others] = daemon.mains();
  if (pid === undefined || others.length > 0) throw new Error(`${daemon.spec.name} has the processes [${daemon.mains().join(', ')}], not one`);
  return pid;
}

/** Programs that are run under a deadline, or nothing else. */
function hangingBelow(watcher: number): readonly number[] {
  const all = liveProcesses();
  const ours = new Set(all.filter(({ ppid }) => ppid === watcher).map(({ pid }) => pid));
  return all.filter(({ argv, ppid, session }) => argv[0] === 'sleep' && (ppid === watcher || ours.has(session))).map(({ pid }) => pid);
}

describe('health by the watcher', function () {
  this.timeout(60_000);
  let world: WatcherWorld;

  before(() => buildOnce());
  beforeEach(() => (world = new WatcherWorld()));
  afterEach(() => world.cleanups.run());

  /** @param health made once its paths are known */
  function add(name: string, behaviour: Behaviour, health: (daemon: TestDaemon) => Record<string, unknown>, more: Record<string, unknown> = {}): TestDaemon {
    const keys: Record<string, unknown> = { restart: QUICK, stopTimeout: '500ms', ...more };
    const daemon = world.add(name, behaviour, keys);
    keys['health'] = health(daemon);
    return daemon;
  }

  async function checks(name: string): Promise<readonly CheckReport[]> {
    return (await world.status(name)).daemons[name]?.health ?? [];
  }

  async function isHealthy(name: string): Promise<void> {
    await eventually(`all checks of ${name} pass`, async () => {
      const reports = await checks(name);
      return reports.length > 0 && reports.every(({ state }) => state === 'healthy');
    }, 10_000);
  }

  async function news(daemon: string): Promise<readonly { news: string; reason: string }[]> {
    const { stdout } = await world.watchkeeper('events', '--json', '--lines', '1000');
    return stdout.trim().split('\n').map((line) => JSON.parse(line) as { daemon: string; news: string; reason: string }).filter((item) => item.daemon === daemon);
  }

  /** By a check, through the back-off; @returns what the check said */
  async function isRestarted(daemon: TestDaemon, pid: number): Promise<string> {
    const { name } = daemon.spec;
    await eventually(`${name} is restarted`, () => !isLive(pid) && daemon.mains().length === 1 && daemon.mains()[0] !== pid, 15_000);
    await world.running(name);
    const told = await news(name);
    expect(told.map((item) => item.news)).to.include.members(['unhealthy', 'crash', 'restart']);
    return told.find((item) => item.news === 'unhealthy')?.reason ?? '';
  }

  it('finds one that is alive but hung (SIGSTOP) by a liveness check, and restarts it through the back-off', async () => {
    const web = add('web', { http: true }, ({ spec: { readiness } }) => ({
      answers: { kind: 'liveness', by: 'http', url: 'http://localhost/health', socket: (readiness as { path: string }).path, ...SOON },
    }));
    world.write();
    await world.startWatcher();
    await isHealthy('web');
    const pid = only(web);
    process.kill(pid, 'SIGSTOP');
    expect(await isRestarted(web, pid)).to.include('liveness check answers failed 2 times').and.to.include('does not answer');
    await isHealthy('web');
    expect((await world.status('web')).daemons['web']).to.include({ restarts: 1, observed: 'running' });
    expect(readFileSync(join(web.directory, 'requests'), 'utf8')).to.include('GET /health HTTP/1.1');
  });

  it('finds one that is hung by its missed watchdog, however it hangs', async () => {
    const web = add('web', { notifies: 'serves', watchdog: true }, () => ({ alive: { kind: 'liveness', by: 'watchdog', interval: '3s' } }), NOTIFY);
    world.write();
    await world.startWatcher();
    await isHealthy('web');
    expect(web.lastEnvironment()).to.include({ WATCHDOG_USEC: '3000000', NOTIFY_SOCKET: join(world.runtime, 'notify/web.sock') });
    // It is left alone as long as it pings.
    await new Promise((resolve) => setTimeout(resolve, 4500));
    const pid = only(web);
    expect(web.starts()).to.equal(1);
    process.kill(pid, 'SIGSTOP');
    const stopped = performance.now();
    expect(await isRestarted(web, pid)).to.include('no WATCHDOG=1');
    expect(performance.now() - stopped).to.be.lessThan(20_000);
    await isHealthy('web');
    const second = only(web);
    writeFileSync(join(web.directory, 'no-ping'), '');
    await eventually('a silent one is restarted, too', () => web.mains().length === 1 && web.mains()[0] !== second, 20_000);
    rmSync(join(web.directory, 'no-ping'));
    await isHealthy('web');
  });

  it('waits for READY=1, tells STATUS=, and gives more time where it is asked for', async () => {
    const db = add('db', { notifies: 'serves 3 clients', readyAfter: 1500, extends: 500 }, () => ({}), { ...NOTIFY, startTimeout: '300ms' });
    const api = world.add('api', {}, { requires: ['db'] });
    world.write();
    await world.startWatcher();
    await eventually('db starts', () => db.starts() === 1);
    expect(await world.observed('db')).to.equal('starting');
    expect(api.starts()).to.equal(0);
    await world.running('api');
    expect(db.starts()).to.equal(1);
    expect((await world.status()).daemons['db']).to.include({ says: 'serves 3 clients', ready: true });
  });

  it('takes one that never says READY=1 down', async () => {
    const db = add('db', {}, () => ({}), { ...NOTIFY, startTimeout: '300ms' });
    world.write();
    await world.startWatcher();
    await eventually('it is tried again', () => db.starts() >= 2, 10_000);
    expect((await news('db')).find((item) => item.news === 'stop')?.reason).to.include('no READY=1 yet');
  });

  it('believes MAINPID= of a daemon that forks away, watches that process, and stops it', async () => {
    const web = add('web', { forksAway: true, namesMain: true, notifies: 'up', readyAfter: 500 }, () => ({}), NOTIFY);
    world.write();
    await world.startWatcher();
    await world.running('web');
    const pid = only(web);
    expect((await world.status('web')).daemons['web']?.pid).to.equal(pid);
    process.kill(pid, 'SIGKILL');
    await eventually('it is restarted', () => web.mains().length === 1 && web.mains()[0] !== pid, 10_000);
    await world.running('web');
    expect((await world.run('stop', 'web')).status).to.equal(0);
    expect(web.mains()).to.deep.equal([]);
  });

  it('believes MAINPID= of one that hands over while it runs: nothing is restarted, and the heir is watched, adopted and stopped', async () => {
    const web = add('web', { notifies: 'up' }, () => ({}), NOTIFY);
    const api = world.add('api', {}, { requires: ['web'], restartWith: ['web'] });
    world.write();
    const first = await world.startWatcher();
    await world.running('api');
    // Named right before the end of the one that names it, again and again: never taken for a crash.
    for (let round = 0; round < 5; round += 1) {
      const before = only(web);
      writeFileSync(join(web.directory, 'hand-over'), '');
      await eventually('another process has taken over', () => !isLive(before) && web.mains().length === 1, 10_000);
      await eventually('the watcher knows it', async () => (await world.status('web')).daemons['web']?.pid === only(web), 10_000);
    }
    expect((await world.status('web')).daemons['web']).to.include({ observed: 'running', restarts: 0, ready: true });
    expect([web.starts(), api.starts()]).to.deep.equal([1, 1]);
    expect((await news('web')).map((item) => item.news)).to.not.include.members(['crash']);
    const heir = only(web);
    first.kill('SIGKILL');
    await first.ended;
    await world.startWatcher();
    expect((await world.status('web')).daemons['web']?.pid).to.equal(heir);
    process.kill(heir, 'SIGKILL');
    await eventually('it is restarted', () => web.starts() === 2 && web.mains().length === 1 && only(web) !== heir, 10_000);
    await eventually('and what follows it', () => api.starts() === 2, 10_000);
    writeFileSync(join(web.directory, 'hand-over'), '');
    await eventually('it has handed over', async () => (await world.status('web')).daemons['web']?.pid !== undefined && web.mains().length === 1 && (await world.status('web')).daemons['web']?.pid === only(web), 10_000);
    expect((await world.run('stop', 'web')).status).to.equal(0);
    expect(web.mains()).to.deep.equal([]);
  });

  it('gives one that asks for it by EXTEND_TIMEOUT_USEC= more time to stop, and no other', async () => {
    // A long extension of its start is none of its stop.
    const slow = add('slow', { notifies: 'up', stopTakes: 2500, extendsStop: 2000 }, () => ({}), NOTIFY);
    const mute = add('mute', { notifies: 'up', stopTakes: 60_000, readyAfter: 300, extends: 50_000 }, () => ({}), NOTIFY);
    world.write();
    await world.startWatcher();
    await Promise.all([world.running('slow'), world.running('mute')]);
    const began = performance.now();
    expect((await world.run('stop', 'slow')).status).to.equal(0);
    expect(performance.now() - began).to.be.greaterThan(2400);
    expect(slow.isReady(), 'it ended by itself').to.equal(false);
    expect((await world.run('stop', 'mute')).status).to.equal(0);
    expect(performance.now() - began).to.be.lessThan(30_000);
    expect([mute.isReady(), ...mute.mains()], 'it was killed').to.deep.equal([true]);
  });

  it('hears daemons again after a kill -9 of the watcher, at the same path', async () => {
    const web = add('web', { notifies: 'up', watchdog: true }, () => ({ alive: { kind: 'liveness', by: 'watchdog', interval: '1s' } }), NOTIFY);
    world.write();
    const first = await world.startWatcher();
    await isHealthy('web');
    const pid = only(web);
    const ears = (): readonly number[] => liveProcesses().filter(({ argv }) => argv[0]?.startsWith('watchkeeper notify-listener') === true).map((one) => one.pid);
    first.kill('SIGKILL');
    await first.ended;
    await world.startWatcher();
    await isHealthy('web');
    await new Promise((resolve) => setTimeout(resolve, 2000));
    expect([only(web), web.starts()]).to.deep.equal([pid, 1]);
    // Its helper may be killed, too: another one takes its place, and nobody is condemned meanwhile.
    const watcher = (await world.status()).watcher?.pid;
    const helper = liveProcesses().find(({ ppid, argv }) => ppid === watcher && argv[0]?.startsWith('watchkeeper notify-listener') === true);
    expect(helper, `one of ${ears().join(', ')} is the watcher's`).to.not.equal(undefined);
    process.kill(helper?.pid ?? 0, 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 2000));
    await isHealthy('web');
    expect([only(web), web.starts()]).to.deep.equal([pid, 1]);
    process.kill(pid, 'SIGSTOP');
    await isRestarted(web, pid);
  });

  it('does not take a daemon for hung that nobody could hear', async () => {
    const web = add('web', { watchdog: true }, () => ({ alive: { kind: 'liveness', by: 'watchdog', interval: '300ms' } }));
    world.write();
    expect((await world.run('start', 'web')).status).to.equal(0);
    await world.startWatcher();
    await eventually('it was looked at', async () => (await checks('web'))[0]?.last?.includes('without NOTIFY_SOCKET') === true);
    expect((await checks('web'))[0]?.state, 'not known, and so nobody is restarted').to.equal('unknown');
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(web.starts()).to.equal(1);
  });

  it('lets nobody but the daemon speak for it', async function () {
    if (!IS_ROOT) this.skip();
    const web = add('web', { notifies: 'up' }, () => ({}), { ...NOTIFY, user: 'nobody', group: 'nogroup' });
    world.write();
    await world.startWatcher();
    await world.running('web');
    expect(web.starts()).to.equal(1);
    const socket = join(world.runtime, 'notify/web.sock');
    const script = 'use Socket; socket my $s, PF_UNIX, SOCK_DGRAM, 0; exit(defined send($s, "STATUS=forged", 0, pack_sockaddr_un($ARGV[0])) ? 0 : 9)';
    const { spawnSync } = await import('node:child_process');
    const daemonUser = spawnSync('/usr/bin/setpriv', ['--reuid=nobody', '--regid=nogroup', '--clear-groups', '/usr/bin/perl', '-e', script, socket]);
    expect(daemonUser.status, 'its own user').to.equal(0);
    const other = spawnSync('/usr/bin/setpriv', ['--reuid=daemon', '--regid=nogroup', '--clear-groups', '/usr/bin/perl', '-e', script, socket]);
    expect(other.status, 'another user').to.equal(9);
  });

  it('restarts what takes too much memory or CPU, or says what it must not', async () => {
    const fat = add('fat', { eats: 80 * 1024 * 1024 }, () => ({ size: { kind: 'liveness', by: 'memory', max: '64MiB', interval: '200ms', failureThreshold: 1 } }));
    const busy = add('busy', {}, () => ({ load: { kind: 'liveness', by: 'cpu', maxShare: 0.3, window: '1s', interval: '200ms' } }));
    const loud = add('loud', {}, () => ({ output: { kind: 'liveness', by: 'log', absent: 'Out of memory', interval: '200ms' } }));
    const calm = add('calm', {}, () => ({
      size: { kind: 'liveness', by: 'memory', max: '512MiB', session: true, interval: '200ms' },
      load: { kind: 'liveness', by: 'cpu', maxShare: 0.9, window: '1s', session: true, interval: '200ms' },
      output: { kind: 'liveness', by: 'log', absent: 'Out of memory', interval: '200ms' },
    }));
    world.write();
    await world.startWatcher();
    await isHealthy('calm');
    await eventually('the fat one is restarted', () => fat.starts() >= 2, 10_000);
    expect((await news('fat')).find((item) => item.news === 'unhealthy')?.reason).to.match(/resident memory is \d+ MiB, the limit 64 MiB/);
    await isHealthy('loud');
    writeFileSync(join(loud.directory, 'say'), 'all is well\nOut of mem');
    await eventually('it was said', () => !existsSync(join(loud.directory, 'say')));
    writeFileSync(join(loud.directory, 'say'), 'ory, said in two pieces\n');
    await eventually('the loud one is restarted, once', () => loud.starts() === 2, 10_000);
    await isHealthy('busy');
    const pid = only(busy);
    writeFileSync(join(busy.directory, 'busy'), '');
    await eventually('the busy one is restarted', () => !isLive(pid), 10_000);
    rmSync(join(busy.directory, 'busy'));
    expect((await news('busy')).find((item) => item.news === 'unhealthy')?.reason).to.match(/took \d+ % of a CPU over .*, the limit is 30 %/);
    await isHealthy('loud');
    expect([calm.starts(), loud.starts()]).to.deep.equal([1, 2]);
  });

  it('holds dependants back while the one that they require is degraded, and lets them go soon after', async () => {
    const db = add('db', { http: true }, ({ spec: { readiness } }) => ({
      serves: { kind: 'readiness', by: 'http', url: 'http://localhost/', socket: (readiness as { path: string }).path, interval: '400ms', failureThreshold: 2 },
    }));
    const api = world.add('api', {}, { requires: ['db'], restart: QUICK });
    world.write();
    await world.startWatcher();
    await world.running('api');
    const pid = only(db);
    writeFileSync(join(db.directory, 'http-status'), '503');
    await eventually('db is degraded', async () => (await world.observed('db')) === 'degraded', 10_000);
    const status = await world.status();
    expect(status.daemons['db']).to.include({ ready: false, pid, restarts: 0 });
    expect(status.daemons['db']?.reason).to.include('readiness check serves failed 2 times').and.to.include('503');
    expect((await world.watchkeeper('status')).stdout).to.match(/db +up +degraded .*readiness check serves failed/);
    expect(status.daemons['api'], 'what runs goes on').to.include({ observed: 'running' });
    process.kill(only(api), 'SIGKILL');
    await eventually('api waits', async () => (await world.observed('api')) === 'waiting', 5000);
    expect((await world.status()).daemons['api']?.reason).to.include('waits for db');
    rmSync(join(db.directory, 'http-status'));
    await eventually('api starts', () => api.starts() === 2, 5000);
    expect((await news('db')).map((item) => item.news)).to.include.members(['degraded', 'healthy']);
    expect([only(db), db.starts()]).to.deep.equal([pid, 1]);
  });

  it('is not held up by looks that hang: what dies meanwhile is restarted at once', async () => {
    const script = join(world.directory, 'hang');
    writeFileSync(script, '#!/bin/sh\nexec sleep 60\n', { mode: 0o755 });
    for (let index = 0; index < 20; index += 1) add(`slow${index}`, {}, () => ({ hangs: { kind: 'liveness', by: 'exec', argv: [script], interval: '100ms', timeout: '20s', failureThreshold: 100 } }));
    const web = world.add('web', {}, { restart: QUICK });
    world.write();
    const watcher = await world.startWatcher();
    const hanging = (): readonly number[] => hangingBelow(watcher.pid);
    world.cleanups.add(() => hanging().forEach((pid) => process.kill(pid, 'SIGKILL')));
    await world.running('web');
    await eventually('looks hang', () => hanging().length >= 16, 15_000);
    const pid = only(web);
    process.kill(pid, 'SIGKILL');
    await eventually('web is back', () => web.mains().length === 1 && web.mains()[0] !== pid, 5000);
    expect(hanging().length, 'never more than so many at once').to.equal(16);
  });

  it('leaves no look and no hook behind that hangs, also where the watcher is killed', async () => {
    const script = join(world.directory, 'hang');
    // What it starts itself is not the end of its process group.
    writeFileSync(script, '#!/bin/sh\nsleep 98765 & sleep 98765\necho never\n', { mode: 0o755 });
    const slow = add('slow', {}, () => ({ hangs: { kind: 'liveness', by: 'exec', argv: [script], interval: '100ms', timeout: '4s' } }));
    world.write({ hooks: { hangs: { on: ['crash'], argv: [script], timeout: '4s' } } });
    const watcher = await world.startWatcher();
    await world.running('slow');
    process.kill(only(slow), 'SIGKILL');
    await eventually('a look and a hook hang', () => hangingBelow(watcher.pid).length >= 4, 15_000);
    const hanging = hangingBelow(watcher.pid);
    watcher.kill('SIGKILL');
    await watcher.ended;
    expect(hanging.some(isLive), 'it was not asked to end').to.equal(true);
    await eventually('nothing of it is left', () => !liveProcesses().some(({ pid, argv }) => hanging.includes(pid) || argv.includes(script)), 15_000);
  });

  it('looks at what it has adopted, and at nothing while it is paused', async () => {
    const web = add('web', {}, ({ spec: { readiness } }) => ({ answers: { kind: 'liveness', by: 'exec', argv: ['/usr/bin/test', '!', '-e', join((readiness as { path: string }).path, '../ill')], ...SOON } }));
    world.write();
    expect((await world.run('start', 'web')).status).to.equal(0);
    const pid = only(web);
    const watcher: RunningWatcher = await world.startWatcher();
    expect(watcher.pid).to.be.greaterThan(0);
    await isHealthy('web');
    expect((await world.watchkeeper('pause', 'web', '--for', '1h', '--reason', 'a test', '--owner', 'ops')).status).to.equal(0);
    writeFileSync(join(web.directory, 'ill'), '');
    await eventually('nobody looks', async () => (await checks('web'))[0]?.state === 'suspended');
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect([only(web), web.starts()]).to.deep.equal([pid, 1]);
    expect((await world.watchkeeper('resume', '--owner', 'ops')).status).to.equal(0);
    await eventually('it is restarted', () => web.starts() >= 2, 10_000);
    rmSync(join(web.directory, 'ill'));
    await isHealthy('web');
  });
});
