/** Pauses, with real daemons and as an operator makes them: `watchkeeper pause`, `resume`, `pauses`, and the pause file. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';

import type { PauseLease } from '../../src/core/pause.js';
import { buildOnce } from '../support/daemon-util-world.js';
import { eventually } from '../support/eventually.js';
import type { TestDaemon } from '../support/test-daemon.js';
import { WatcherWorld } from '../support/watcher-world.js';

/** ms; for a machine that is busy with other things. */
const PATIENCE = 15_000;

describe('pauses', function () {
  this.timeout(90_000);
  let world: WatcherWorld;

  before(() => buildOnce());
  beforeEach(() => (world = new WatcherWorld()));
  afterEach(() => world.cleanups.run());

  const kill = (daemon: TestDaemon): void => daemon.mains().forEach((pid) => process.kill(pid, 'SIGKILL'));

  /** `waiting` is decided: it is not restarted before something changes. */
  async function heldBy(daemon: TestDaemon, reason: RegExp, starts: number): Promise<void> {
    const { name } = daemon.spec;
    await eventually(`${name} waits`, async () => (await world.observed(name)) === 'waiting', PATIENCE);
    expect((await world.status(name)).daemons[name]?.reason).to.match(reason);
    expect([daemon.mains(), daemon.starts()]).to.deep.equal([[], starts]);
  }

  /** The watcher has started it again. */
  async function back(daemon: TestDaemon, starts: number): Promise<void> {
    await eventually(`${daemon.spec.name} is back`, () => daemon.starts() === starts && daemon.mains().length === 1, PATIENCE);
    await world.running(daemon.spec.name, PATIENCE);
  }

  async function asked(...argv: string[]): Promise<string> {
    const { status, stdout, stderr } = await world.watchkeeper(...argv);
    if (status !== 0) throw new Error(`watchkeeper ${argv.join(' ')}: ${stderr}`);
    return stdout;
  }

  const listed = async (): Promise<readonly PauseLease[]> => (JSON.parse(await asked('pauses', '--json')) as { pauses: PauseLease[] }).pauses;

  const newest = async (news: string): Promise<number> => {
    const items = (await asked('events', '--json')).trim().split('\n').map((line) => JSON.parse(line) as { at: number; news: string });
    return items.findLast((item) => item.news === news)?.at ?? NaN;
  };

  /** The crash fell into the pause, and the start came after it; or the pause was over before the crash, which proves nothing. */
  async function tooSlow(until: number): Promise<boolean> {
    const [crash, start] = [await newest('crash'), await newest('start')];
    if (crash >= until) return true;
    expect(start).to.be.at.least(until);
    return false;
  }

  it('of all: what dies is left down, visibly, and comes back with the resume', async () => {
    const daemons = [world.add('web'), world.add('db')];
    world.write();
    await world.startWatcher();
    await Promise.all(daemons.map(({ spec }) => world.running(spec.name, PATIENCE)));
    expect(await asked('pauses')).to.equal('nothing is paused\n');
    expect(await asked('pause', '--for', '10m', '--reason', 'upgrade\nof all', '--owner', 'ops')).to.match(/^\S+ {2}all daemons: paused by ops for another 10 m: upgrade\\nof all\n$/);
    daemons.forEach(kill);
    for (const daemon of daemons) await heldBy(daemon, /^paused by ops until \S+ \S+Z: upgrade/, 1);
    expect(await asked('pauses')).to.match(/^\S+ {2}all daemons: paused by ops for another \d.*: upgrade\\nof all\n$/);
    expect(await asked('resume', '--owner', 'ops')).to.match(/^ended: \S+ {2}all daemons: paused by ops/);
    await Promise.all(daemons.map((daemon) => back(daemon, 2)));
    expect(await asked('resume', '--owner', 'ops')).to.include('there was no such pause');
  });

  it("of one: the others are restarted, and an operator's own start goes before it", async () => {
    const [web, db] = [world.add('web'), world.add('db')];
    world.write();
    await world.startWatcher();
    await Promise.all([world.running('web', PATIENCE), world.running('db', PATIENCE)]);
    await asked('pause', 'web', '--for', '10m', '--owner', 'ops');
    [web, db].forEach(kill);
    await back(db, 2);
    await heldBy(web, /paused by ops/, 1);
    expect((await world.run('start', 'web')).status).to.equal(0);
    expect([web.starts(), await world.observed('web')]).to.deep.equal([2, 'running']);
    kill(web);
    await heldBy(web, /paused by ops/, 2);
  });

  it('end by themselves at their expiry, not before', async () => {
    const web = world.add('web');
    world.write();
    await world.startWatcher();
    await world.running('web', PATIENCE);
    let pause: PauseLease;
    let seconds = 2;
    let starts: number;
    do {
      ({ pause } = JSON.parse(await asked('pause', 'web', '--for', `${seconds}s`, '--json')) as { pause: PauseLease });
      expect(pause.until - pause.since).to.equal(seconds * 1000);
      starts = web.starts();
      kill(web);
      seconds *= 2;
      await back(web, starts + 1);
    } while (await tooSlow(pause.until));
    expect(await listed()).to.deep.equal([]);
  });

  it("of two owners: one's resume leaves the other's in force", async () => {
    const web = world.add('web');
    world.write();
    await world.startWatcher();
    await world.running('web', PATIENCE);
    await asked('pause', '--for', '1h', '--owner', 'cluster', '--reason', 'failover');
    await asked('pause', 'web', '--for', '10m', '--owner', 'backup', '--reason', 'snapshot');
    kill(web);
    await heldBy(web, /paused by cluster/, 1);
    expect(await asked('resume', '--owner', 'cluster')).to.include('paused by cluster');
    await heldBy(web, /^paused by backup .*: snapshot/, 1);
    const left = await listed();
    expect(left.map(({ owner, reason, daemons }) => ({ owner, reason, daemons }))).to.deep.equal([{ owner: 'backup', reason: 'snapshot', daemons: ['web'] }]);
    await asked('resume', '--id', left[0]?.id ?? '');
    await back(web, 2);
  });

  it('outlast a kill -9 of the watcher, and are made, kept and ended while none runs', async () => {
    const [web, db] = [world.add('web'), world.add('db')];
    world.write();
    let watcher = await world.startWatcher();
    await Promise.all([world.running('web', PATIENCE), world.running('db', PATIENCE)]);
    await asked('pause', 'web', '--for', '10m', '--owner', 'ops');
    watcher.kill('SIGKILL');
    await watcher.ended;
    await asked('pause', 'db', '--for', '10m', '--owner', 'nobody-is-there');
    [web, db].forEach(kill);
    watcher = await world.startWatcher();
    await heldBy(web, /paused by ops/, 1);
    await heldBy(db, /paused by nobody-is-there/, 1);
    watcher.kill('SIGTERM');
    await watcher.ended;
    expect(await asked('resume', '--owner', 'ops')).to.include('ended:');
    await world.startWatcher();
    await back(web, 2);
    await heldBy(db, /paused by nobody-is-there/, 1);
  });

  it("by the old watcher's file: honoured until the time in it, listed, and neither resumed nor overwritten by us", async () => {
    const pauseFile = join(world.directory, 'watcher.pause');
    // On a slow machine it is killed a good many times: none of that is to count as a crash loop.
    const web = world.add('web', {}, { restart: { baseDelay: '100ms', maxDelay: '200ms', intensity: 1000, period: '1m' } });
    world.write({ pauseFile, heartbeatInterval: '200ms' });
    await world.startWatcher();
    await world.running('web', PATIENCE);
    const inAnHour = Math.floor(Date.now() / 1000) + 3600;
    writeFileSync(pauseFile, `${inAnHour}\nby the old tool\n`);
    kill(web);
    // The file is looked at with each heartbeat only: this first kill may have come before.
    await eventually('the file is honoured', async () => {
      if (web.mains().length > 0) kill(web);
      return (await world.observed('web')) === 'waiting';
    }, PATIENCE);
    expect((await world.status('web')).daemons['web']?.reason).to.include(`paused by ${pauseFile} until`);
    const [lease] = await listed();
    expect(lease).to.include({ id: 'pause-file', owner: pauseFile, until: inAnHour * 1000 });

    await asked('pause', '--for', '1m', '--owner', 'ops');
    const resumed = await world.watchkeeper('resume', '--all-owners');
    expect([resumed.status, resumed.stdout.trim().split('\n').length]).to.deep.equal([0, 1]);
    expect(resumed.stdout).to.match(/^ended: .*paused by ops/);
    expect(resumed.stderr).to.include(`rm ${pauseFile}`);
    expect(readFileSync(pauseFile, 'utf8')).to.equal(`${inAnHour}\nby the old tool\n`);
    expect((await listed()).map(({ id }) => id)).to.deep.equal(['pause-file']);

    let starts = web.starts();
    rmSync(pauseFile);
    await back(web, starts + 1);

    let seconds = 2;
    let soon: number;
    do {
      soon = Math.floor(Date.now() / 1000) + seconds;
      seconds *= 2;
      writeFileSync(pauseFile, String(soon));
      await eventually('it is honoured, or over', async () => {
        kill(web);
        return (await world.observed('web')) === 'waiting' || Date.now() >= soon * 1000;
      }, PATIENCE);
      await eventually('it comes back', () => web.mains().length === 1, PATIENCE);
      await world.running('web', PATIENCE);
    } while (await tooSlow(soon * 1000));

    for (const rubbish of ['soon\n', '', '-5\n', '1e12\n', '\0\xff'.repeat(100_000)]) {
      writeFileSync(pauseFile, rubbish);
      const pauses = await world.watchkeeper('pauses', '--json');
      expect([pauses.status, (JSON.parse(pauses.stdout) as { pauses: unknown[] }).pauses]).to.deep.equal([0, []]);
      if (rubbish !== '') expect(pauses.stderr).to.include(`the pause file ${pauseFile} is not honoured`);
    }
    await eventually('the watcher complains of it, too', () => world.output.includes('is not honoured'), PATIENCE);
    starts = web.starts();
    kill(web);
    await eventually('it is restarted', () => web.starts() > starts && web.mains().length === 1, PATIENCE);
  });

  it('refuse what makes no sense, and then change nothing', async () => {
    world.add('web');
    world.write();
    const refusals: readonly (readonly [readonly string[], RegExp])[] = [
      [['pause', 'wob'], /wob/],
      [['pause', '--for', '31d'], /--for needs a time such as 30m or 2h, at most 30d, not .31d/],
      [['pause', '--owner', ''], /--owner needs a text of 1 to 200 characters/],
      [['resume', 'wob'], /wob/],
      [['pauses', 'web'], /web/],
    ];
    for (const [argv, message] of refusals) {
      const { status, stdout, stderr } = await world.watchkeeper(...argv);
      expect([argv.join(' '), status, stdout]).to.deep.equal([argv.join(' '), 1, '']);
      expect(stderr).to.match(message).and.to.include('try');
    }
    expect(await listed()).to.deep.equal([]);
    writeFileSync(join(world.directory, 'bad.yaml'), 'daemons: [');
    expect((await world.watchkeeper('pause', '--config', join(world.directory, 'bad.yaml'))).status).to.equal(78);
  });
});
