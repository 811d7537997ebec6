/** The watcher without systemd, on this very machine, with real daemons. */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

import { buildOnce, IS_ROOT } from '../support/daemon-util-world.js';
import { eventually } from '../support/eventually.js';
import type { TestDaemon } from '../support/test-daemon.js';
import { WatcherWorld } from '../support/watcher-world.js';

const FRONT = fileURLToPath(new URL('../../scripts/watchkeeper', import.meta.url));
const QUICK_RESTART = { immediateRestarts: 2, baseDelay: '100ms', maxDelay: '200ms', intensity: 5, period: '1m', slowRetryDelay: '10m' };

function only(daemon: TestDaemon): number {
  const [pid, ...others] = daemon.mains();
  if (pid === undefined || others.length > 0) throw new Error(`${daemon.spec.name} has the processes [${daemon.mains().join(', ')}], not one`);
  return pid;
}

/** Its sockets that listen for TCP, by inode. */
function listeners(pid: number): readonly string[] {
  const sockets = new Set(readdirSync(`/proc/${pid}/fd`).map((fd) => linkOf(`/proc/${pid}/fd/${fd}`)));
  const listening = ['tcp', 'tcp6'].flatMap((table) => readFileSync(`/proc/${pid}/net/${table}`, 'utf8').split('\n').slice(1)).map((line) => line.trim().split(/\s+/)).filter((fields) => fields[3] === '0A');
  return listening.map((fields) => `socket:[${fields[9] ?? ''}]`).filter((socket) => sockets.has(socket));
}

/** KiB of memory that a fork of it copies: what is its own, less what V8 has marked MADV_DONTFORK. */
function copiedByFork(pid: number): number {
  const mappings = readFileSync(`/proc/${pid}/smaps`, 'utf8').split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m);
  return mappings.filter((mapping) => !/^VmFlags:.* dc( |$)/m.test(mapping)).reduce((sum, mapping) => sum + Number(/^Anonymous:\s+(\d+)/m.exec(mapping)?.[1] ?? 0), 0);
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // closed meanwhile
  }
}

describe('watcher without systemd', function () {
  this.timeout(60_000);
  let world: WatcherWorld;

  before(() => buildOnce());
  beforeEach(() => (world = new WatcherWorld()));
  afterEach(() => world.cleanups.run());

  /** Kills it, and waits for the next one to be at work (it writes down that it began after its arguments). */
  async function killed(daemon: TestDaemon, timeout = 2000): Promise<void> {
    const old = only(daemon);
    const starts = daemon.starts();
    process.kill(old, 'SIGKILL');
    const back = (): boolean => daemon.starts() === starts + 1 && daemon.mains().length === 1 && daemon.mains()[0] !== old;
    await eventually(`${daemon.spec.name} is back`, back, timeout);
  }

  it('opens no debugger at a SIGUSR1, however early it comes, nor ends by it', async () => {
    const web = world.add('web');
    world.write();
    const watcher = world.spawnWatcher([], { PATH: `${dirname(process.execPath)}:/usr/bin:/bin` }, [FRONT]);
    const status = (field: string): string => new RegExp(`^${field}:\\s+(.*)$`, 'm').exec(readFileSync(`/proc/${watcher.pid}/status`, 'utf8'))?.[1] ?? '';
    // Before its first line a shell knows no better.
    await eventually('its front has taken precautions', () => (BigInt(`0x${status('SigIgn')}`) & (1n << 9n)) !== 0n || status('Name') !== 'watchkeeper');
    const end = new AbortController();
    const answered = world.running('web', 30_000).finally(() => end.abort());
    let sent = 0;
    let heard = 0;
    while (!end.signal.aborted) {
      process.kill(watcher.pid, 'SIGUSR1');
      sent += 1;
      heard = Math.max(heard, listeners(watcher.pid).length);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await answered;
    expect(sent).to.be.greaterThan(5);
    expect([heard, world.output.includes('Debugger listening')]).to.deep.equal([0, false]);
    expect((await world.status()).watcher?.pid).to.equal(watcher.pid);
    expect(web.starts()).to.equal(1);
  });

  it('keeps nothing of what its start has needed that each fork would copy', async () => {
    world.add('web');
    world.write();
    const copied: number[] = [];
    for (const program of [[FRONT], undefined] as const) {
      const watcher = await world.startWatcher([], { PATH: `${dirname(process.execPath)}:/usr/bin:/bin` }, program && [...program]);
      await world.running('web', 30_000);
      copied.push(copiedByFork(watcher.pid));
      watcher.kill('SIGKILL');
      await watcher.ended;
    }
    const [byFront = NaN, plain = NaN] = copied;
    expect(byFront / plain, `${byFront} of ${plain} KiB`).to.be.within(0.2, 0.8);
  });

  it('starts the group in order by readiness, each as a child of its own session', async () => {
    const db = world.add('db', { readyAfter: 400 });
    const api = world.add('api', {}, { requires: ['db'] });
    world.write();
    const watcher = await world.startWatcher();
    await world.running('api');
    const told = (await world.watchkeeper('events', '--json', '--lines', '100')).stdout.trim().split('\n').map((line) => JSON.parse(line) as { daemon: string; news: string });
    const order = told.map(({ daemon, news }) => `${daemon} ${news}`);
    expect(order.indexOf('db ready')).to.be.within(1, order.indexOf('api start'));
    const { daemons } = await world.status();
    expect(daemons['db']).to.include({ desired: 'up', observed: 'running', ready: true, pid: only(db), owner: 'watcher', restarts: 0, nextTry: null });
    const stat = readFileSync(`/proc/${only(api)}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    expect([stat[1], stat[3]]).to.deep.equal([String(watcher.pid), String(only(api))]);
  });

  it('restarts what is killed at once, also the second time, and says why', async () => {
    const web = world.add('web');
    world.write();
    await world.startWatcher();
    await world.running('web');
    for (let round = 1; round <= 2; round += 1) {
      await killed(web, 1000);
      await world.running('web');
      const status = (await world.status('web')).daemons['web'];
      expect(status).to.deep.include({ restarts: round, lastExit: { kind: 'killed', signal: 'SIGKILL' } });
      expect(status?.reason).to.include('killed by SIGKILL');
    }
  });

  it('leaves what was stopped by hand alone: by this watcher, by the next one, and with none running', async () => {
    const web = world.add('web');
    const other = world.add('other');
    world.write();
    let watcher = await world.startWatcher();
    await Promise.all([world.running('web'), world.running('other')]);
    expect((await world.run('stop', 'web')).status).to.equal(0);
    expect(web.mains()).to.deep.equal([]);
    watcher.kill('SIGTERM');
    expect(await watcher.ended).to.equal(0);
    expect((await world.run('stop', 'other')).status).to.equal(0);
    watcher = await world.startWatcher();
    expect([await world.observed('web'), await world.observed('other')]).to.deep.equal(['stopped', 'stopped']);
    expect((await world.status('other')).daemons['other']).to.include({ desired: 'down' });
    expect([web.starts(), other.starts()]).to.deep.equal([1, 1]);
    expect((await world.run('start', 'web')).status).to.equal(0);
    expect(await world.observed('web')).to.equal('running');
    watcher.kill('SIGKILL');
    await watcher.ended;
  });

  it('gives one-shot arguments to one start, and a later restart never sees them', async () => {
    const web = world.add('web');
    world.write();
    await world.startWatcher();
    await world.running('web');
    expect((await world.run('stop', 'web')).status).to.equal(0);
    expect((await world.run('start', 'web', '--no-voting', 'a b"\'$x')).status).to.equal(0);
    expect(web.lastArguments().slice(-2)).to.deep.equal(['--no-voting', 'a b"\'$x']);
    await killed(web);
    expect(web.lastArguments()).to.not.include('--no-voting');
  });

  it('leaves the daemons up when it ends, and the next watcher adopts each, once', async () => {
    const daemons = ['a', 'b', 'c'].map((name) => world.add(name));
    world.write();
    const first = await world.startWatcher();
    await Promise.all(daemons.map(({ spec }) => world.running(spec.name)));
    const before = daemons.map(only);
    first.kill('SIGTERM');
    await first.ended;
    await world.startWatcher();
    await Promise.all(daemons.map(({ spec }) => world.running(spec.name)));
    expect(daemons.map(only)).to.deep.equal(before);
    const [a] = daemons;
    if (a === undefined) throw new Error('no daemon');
    await killed(a);
  });

  it('killed by -9 at any moment loses nothing and doubles nothing', async () => {
    const daemons = [
      world.add('quick'),
      world.add('slow', { readyAfter: 150 }),
      world.add('own-pid', {}, { pidFile: join(world.directory, 'own.pid') }),
      world.add('needs', {}, { requires: ['slow'] }),
    ];
    world.write();
    for (let round = 0; round < 12; round += 1) {
      const watcher = world.spawnWatcher();
      // From before its first look at the machine to after the last daemon is ready.
      await new Promise((resolve) => setTimeout(resolve, 60 + round * 45));
      watcher.kill('SIGKILL');
      await watcher.ended;
      for (const daemon of daemons) expect(daemon.mains().length, `${daemon.spec.name} after round ${round}`).to.be.at.most(1);
    }
    await world.startWatcher();
    await Promise.all(daemons.map(({ spec }) => world.running(spec.name)));
    for (const daemon of daemons) {
      only(daemon);
      expect(daemon.starts(), `starts of ${daemon.spec.name}`).to.equal(1);
    }
  });

  it('killed by -9 in the middle of stops: what was wanted down comes to be down, the rest stays up', async () => {
    const stays = world.add('stays');
    const goes = world.add('goes', { stopTakes: 200 });
    world.write();
    for (let round = 0; round < 6; round += 1) {
      const watcher = await world.startWatcher();
      await world.run('start', 'goes');
      const stop = world.run('stop', 'goes');
      await new Promise((resolve) => setTimeout(resolve, 40 + round * 40));
      watcher.kill('SIGKILL');
      await Promise.all([watcher.ended, stop]);
      expect(stays.mains()).to.have.length(1);
      expect(goes.mains().length).to.be.at.most(1);
    }
    expect(stays.starts()).to.equal(1);
    await world.startWatcher();
    await eventually('goes is where it is wanted', async () => {
      const goesNow = (await world.status('goes')).daemons['goes'];
      return goesNow?.desired === 'down' ? goes.mains().length === 0 || goesNow.observed === 'running' : goes.mains().length === 1;
    });
  });

  it('slows a crash loop down, keeps it visible, spares its neighbour, and starts it at once when asked', async () => {
    const flag = join(world.directory, 'broken');
    const script = join(world.directory, 'flaky');
    writeFileSync(flag, '');
    writeFileSync(script, `#!/bin/sh\n[ -e ${flag} ] && { echo "the flag is up" >&2; exit 3; }\nexec sleep 600\n`, { mode: 0o755 });
    const good = world.add('good');
    world.add('flaky', {}, { executable: script, arguments: [], readiness: { kind: 'settled', settle: '50ms' }, restart: QUICK_RESTART, outputFile: join(world.directory, 'flaky.log') });
    world.write();
    await world.startWatcher();
    await eventually('the crash loop is seen', async () => (await world.observed('flaky')) === 'crash-loop', 10_000);
    const flaky = (await world.status('flaky')).daemons['flaky'];
    expect(flaky?.reason).to.match(/exited with status 3.*the flag is up.*crash loop \(5 failures within 1 m\)/);
    expect(flaky?.nextTry).to.be.within(60_000, 12 * 60_000);
    await killed(good, 1000);
    const failing = await world.run('start', 'flaky');
    expect(failing.status).to.equal(1);
    expect(failing.stderr).to.include('exited with status 3');
    rmSync(flag);
    expect((await world.run('start', 'flaky')).status).to.equal(0);
    expect(await world.observed('flaky')).to.equal('running');
    await world.run('stop', 'flaky');
  });

  it('respects exit statuses that no restart can mend', async () => {
    const wrong = world.add('wrong', { exits: { status: 78, after: 0, message: 'no such option' } });
    world.write();
    await world.startWatcher();
    await eventually('it is given up', async () => (await world.observed('wrong')) === 'given-up');
    expect([wrong.starts(), (await world.status('wrong')).daemons['wrong']?.nextTry]).to.deep.equal([1, null]);
  });

  it('tells a daemon that never gets ready, takes it down, and one that ignores SIGTERM dies by SIGKILL', async () => {
    const never = world.add('never', { readyAfter: 'never', ignoresStopSignal: true }, { startTimeout: '500ms', stopTimeout: '300ms', restart: { ...QUICK_RESTART, immediateRestarts: 0, baseDelay: '10m', maxDelay: '10m' } });
    world.write();
    await world.startWatcher();
    await eventually('it is taken down', async () => (await world.observed('never')) === 'backing-off');
    expect((await world.status('never')).daemons['never']?.reason).to.include('not ready within 500 ms');
    expect(never.mains()).to.deep.equal([]);
  });

  it('names a daemon that forks away', async () => {
    world.add('away', { forksAway: true }, { readiness: { kind: 'settled', settle: '1s' }, restart: { ...QUICK_RESTART, immediateRestarts: 0, baseDelay: '10m', maxDelay: '10m' } });
    world.write();
    await world.startWatcher();
    await eventually('it is noticed', async () => (await world.observed('away')) === 'backing-off');
    expect((await world.status('away')).daemons['away']?.reason).to.include('background');
  });

  it('holds a daemon back while what it requires is broken, visibly, and starts it soon after its recovery', async () => {
    const flag = join(world.directory, 'db-broken');
    const script = join(world.directory, 'db');
    writeFileSync(flag, '');
    writeFileSync(script, `#!/bin/sh\n[ -e ${flag} ] && exit 3\nexec sleep 600\n`, { mode: 0o755 });
    world.add('db', {}, { executable: script, arguments: [], readiness: { kind: 'settled', settle: '50ms' }, restart: QUICK_RESTART });
    const api = world.add('api', {}, { requires: ['db'] });
    world.write();
    await world.startWatcher();
    await eventually('it waits', async () => (await world.observed('api')) === 'waiting');
    expect((await world.status('api')).daemons['api']?.reason).to.equal('waits for db');
    rmSync(flag);
    await world.run('start', 'db');
    await eventually('it starts', () => api.isReady(), 5000);
  });

  it('reloads by command and by SIGHUP: says what changed, starts nothing, stops nothing', async () => {
    const web = world.add('web');
    const off = world.add('off');
    world.write();
    const watcher = await world.startWatcher();
    await Promise.all([world.running('web'), world.running('off')]);
    await world.run('stop', 'off');
    const fresh = world.add('fresh');
    world.write({ defaults: { description: 'changed' } });
    await eventually('the watcher is known to be stale', async () => (await world.status()).watcher?.staleConfiguration === true);
    const reload = await world.watchkeeper('reload');
    expect(reload.stdout.split('\n').sort()).to.include.members(['fresh: new; start it by daemon-util start fresh']);
    expect(reload.stdout).to.match(/^web: description changed/m);
    expect(await world.observed('fresh')).to.equal('stopped');
    expect([web.starts(), off.mains().length, fresh.starts()]).to.deep.equal([1, 0, 0]);
    writeFileSync(world.config, 'daemons: [');
    const refused = await world.watchkeeper('reload', '--config', world.config);
    expect(refused.status).to.equal(78);
    watcher.kill('SIGHUP');
    await eventually('the log says that the old configuration stays', () => world.output.includes('the old configuration stays in force'));
    world.write();
    expect(await world.observed('web')).to.equal('running');
  });

  it('puts the keys of the group in force by a reload, and says which one waits for a restart', async () => {
    const failing = { boot: 'never', restart: { immediateRestarts: 0, baseDelay: '30s' } };
    const web = world.add('web');
    world.add('voter', { exits: { status: 1, after: 0, message: 'too few votes' } }, { ...failing, outputFile: join(world.directory, 'voter.log') });
    world.add('clerk', { exits: { status: 13, after: 0 } }, failing);
    world.write();
    await world.startWatcher();
    await world.running('web');
    const [script, count, file] = ['setup', 'setups', 'defaults'].map((name) => join(world.directory, name)) as [string, string, string];
    writeFileSync(script, `#!/bin/sh\necho x >>${count}\n`);
    chmodSync(script, 0o755);
    writeFileSync(file, 'FROM_FILE=yes\n');
    const group = { setup: { executable: script }, environmentFile: file, notMasterExitStatus: 13, refusals: [{ code: 'no-quorum', output: 'too few votes', reason: 'too few of the others agree', next: 'waking them' }] };
    world.write({}, group);
    expect((await world.watchkeeper('reload')).stdout).to.match(/^group test: .*; in force from now on/).and.to.satisfy((line: string) => Object.keys(group).every((key) => line.includes(key)));
    expect((await world.status()).watcher).to.deep.include({ staleConfiguration: false, waitsForRestart: [] });
    // A crash is no transaction of anybody's, and yet the first launch since.
    for (const pid of web.mains()) process.kill(pid, 'SIGKILL');
    await eventually('it runs again', () => web.starts() === 2 && web.isReady());
    expect(web.lastEnvironment()).to.include({ FROM_FILE: 'yes' });
    expect(readFileSync(count, 'utf8')).to.equal('x\n');
    expect((await world.run('start', 'voter')).stderr).to.include('too few of the others agree');
    expect(await world.run('start', 'clerk')).to.have.property('stderr').that.includes('not master');
    world.write({}, { ...group, target: 'other.target' });
    for (const time of ['by the first', 'and by the next']) {
      expect((await world.watchkeeper('reload')).stdout, time).to.equal('group test: target changed; in force when the watcher is restarted\n');
      expect((await world.status()).watcher, time).to.deep.include({ staleConfiguration: false, waitsForRestart: ['target'] });
    }
    expect((await world.watchkeeper('status')).stdout).to.include('; the new target will be in force when the watcher is restarted');
    world.write({ output: { files: 2 }, container: { stopBudget: '9s' } }, group);
    expect((await world.watchkeeper('reload')).stdout.split('\n').sort()).to.deep.equal(['', 'settings: container changed; in force from now on', 'settings: output changed; in force when the watcher is restarted']);
    expect((await world.status()).watcher).to.deep.include({ staleConfiguration: false, waitsForRestart: ['output'] });
    world.write({ container: { stopBudget: '9s' } }, group);
    expect((await world.watchkeeper('reload')).stdout).to.equal('nothing changed\n');
    expect((await world.status()).watcher).to.deep.include({ staleConfiguration: false, waitsForRestart: [] });
  });

  it('refuses to run beside another watcher, and says which one', async () => {
    world.write({ daemons: {} });
    const first = await world.startWatcher();
    const second = world.spawnWatcher();
    expect(await second.ended).to.equal(1);
    expect(world.output).to.match(new RegExp(`control is held by .*pid ${first.pid}`));
  });

  it('tells its news to followers as JSON lines', async () => {
    const web = world.add('web');
    world.write();
    await world.startWatcher();
    await world.running('web');
    const follower = world.spawnWatchkeeper('events', '--follow', '--json', '--lines', '0');
    let text = '';
    follower.stdout?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    // It follows as soon as its request is in; the kill is repeated until it is seen.
    await eventually('a crash is told', async () => {
      for (const pid of web.mains()) process.kill(pid, 'SIGKILL');
      await new Promise((resolve) => setTimeout(resolve, 100));
      return text.includes('"news":"crash"');
    });
    const items = text.trim().split('\n').map((line) => JSON.parse(line) as { daemon: string });
    expect(items.every(({ daemon }) => daemon === 'web')).to.equal(true);
  });

  it('caps the output of a daemon that floods, without stopping it', async () => {
    const path = join(world.directory, 'flood.log');
    const flood = world.add('flood', { floods: 3_000_000 }, { outputFile: path });
    world.write({ output: { maxBytes: 100_000, files: 2 } });
    await world.startWatcher();
    await world.running('flood');
    await eventually('the file is cut', () => statSync(path).size < 100_000, 15_000);
    expect(statSync(`${path}.1`).size).to.be.at.most(100_000);
    only(flood);
  });

  it('goes on when the state directory is full, and refuses what it could not keep', async function () {
    if (!IS_ROOT) return this.skip();
    const { spawnSync } = await import('node:child_process');
    const web = world.add('web');
    world.write();
    mkdirSync(world.state);
    const mounted = spawnSync('/usr/bin/mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=755', 'wk-full', world.state]);
    if (mounted.status !== 0) return this.skip();
    world.cleanups.add(() => void spawnSync('/usr/bin/umount', ['-l', world.state]));
    await world.startWatcher();
    await world.running('web');
    try {
      writeFileSync(join(world.state, 'filler'), Buffer.alloc(200_000));
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).to.equal('ENOSPC');
    }
    const refused = await world.run('stop', 'web');
    expect(refused.status).to.equal(1);
    expect(refused.stderr).to.include('no space left');
    await killed(web);
    expect(existsSync(join(world.state, 'desired', 'web'))).to.equal(false);
  });

  it('stops all in reverse order and ends when it is told to', async () => {
    const db = world.add('db');
    const api = world.add('api', { stopTakes: 300 }, { requires: ['db'] });
    world.write();
    const watcher = await world.startWatcher(['--stop-on-exit']);
    await world.running('api');
    watcher.kill('SIGINT');
    await eventually('api is stopping first', () => api.mains().length === 0 || db.mains().length === 1);
    expect(await watcher.ended).to.equal(0);
    expect([db.mains(), api.mains()]).to.deep.equal([[], []]);
    await world.startWatcher();
    await world.running('api');
  });
});
