import { expect } from 'chai';

import type { PauseLease } from '../../../../src/core/pause.js';
import { World } from './world.js';

const HOUR = 3_600_000;

describe('watchkeeper pause, resume, pauses', () => {
  it('pause: an hour, of all, for the caller, unless it is said otherwise; the watcher is told', async () => {
    const world = new World();
    const { status, stdout, stderr } = await world.run('pause');
    const [lease] = world.leases;
    expect(lease).to.include({ owner: 'alice', reason: 'no reason given', daemons: undefined, since: world.now, until: world.now + HOUR });
    expect([status, stdout, stderr]).to.deep.equal([0, `${lease?.id ?? ''}  all daemons: paused by alice for another 1 h: no reason given\n`, '']);
    expect(world.fakeWatcher.refreshes).to.equal(1);
  });

  it('pause: of some, for a time, with owner and reason; each is a lease of its own', async () => {
    const world = new World();
    await world.run('pause', 'web', 'db', '--for', '90m', '--owner', 'ops', '--reason', 'new disk');
    const { stdout } = await world.run('pause', 'web', '--json');
    expect(world.leases.map(({ owner, reason, daemons, until }) => ({ owner, reason, daemons, for: until - world.now }))).to.deep.equal([
      { owner: 'ops', reason: 'new disk', daemons: ['web', 'db'], for: 1.5 * HOUR },
      { owner: 'alice', reason: 'no reason given', daemons: ['web'], for: HOUR },
    ]);
    expect(new Set(world.leases.map(({ id }) => id)).size).to.equal(2);
    expect(JSON.parse(stdout)).to.deep.equal({ schemaVersion: 1, pause: world.leases[1] });
  });

  it('pause: without a watcher it is written down for the next one, and expired ones are swept out', async () => {
    const world = new World();
    world.watcher = undefined;
    expect((await world.run('pause', '--for', '1m')).status).to.equal(0);
    world.now += 60_000;
    expect((await world.run('pauses')).stdout).to.equal('nothing is paused\n');
    await world.run('pause', '--owner', 'ops');
    expect(world.leases.map(({ owner }) => owner)).to.deep.equal(['ops']);
  });

  it('pause: control characters of a reason are never printed', async () => {
    const world = new World();
    expect((await world.run('pause', '--reason', 'a\u001b[31m\nb')).stdout).to.match(/a\\e\[31m\\nb\n$/);
  });

  for (const [argv, message] of [
    [['pause', 'wob'], /wob/],
    [['pause', '--for', '0'], /--for needs a time such as 30m or 2h, at most 30d, not '0'/],
    [['pause', '--for=-1h'], /not '-1h'/],
    [['pause', '--for', 'ever'], /not 'ever'/],
    [['pause', '--for', '721h'], /at most 30d/],
    [['pause', '--owner', ''], /--owner needs a text of 1 to 200 characters/],
    [['pause', '--reason', 'x'.repeat(201)], /--reason needs a text of 1 to 200/],
    [['resume', 'wob'], /wob/],
    [['resume', '--owner', ''], /--owner/],
    [['pauses', 'web'], /web/],
  ] as const) {
    it(`refuses ${argv.join(' ').slice(0, 40)} with 1, and changes nothing`, async () => {
      const world = new World();
      await world.run('pause');
      const before = world.leases;
      const { status, stdout, stderr } = await world.run(...argv);
      expect([status, stdout, world.leases]).to.deep.equal([1, '', before]);
      expect(stderr).to.match(message).and.to.match(/^watchkeeper: cannot .*; try /);
      expect(world.fakeWatcher.refreshes).to.equal(1);
    });
  }

  describe('resume', () => {
    async function paused(): Promise<World> {
      const world = new World();
      for (const argv of [['--owner', 'ops'], ['web'], [], ['db', 'web', '--owner', 'ops']]) await world.run('pause', ...argv);
      return world;
    }
    const left = (world: World): string[] => world.leases.map(({ owner, daemons }) => [owner, ...(daemons ?? ['all'])].join(' '));

    it("ends the caller's own, tells which, and tells the watcher", async () => {
      const world = await paused();
      const { status, stdout } = await world.run('resume');
      expect([status, stdout.split('\n').filter((line) => line.startsWith('ended: ')).length]).to.deep.equal([0, 2]);
      expect(left(world)).to.deep.equal(['ops all', 'ops db web']);
      expect(world.fakeWatcher.refreshes).to.equal(5);
    });

    it('ends those of an owner for exactly these daemons, in any order', async () => {
      const world = await paused();
      await world.run('resume', '--owner', 'ops', 'web', 'db');
      expect(left(world)).to.deep.equal(['ops all', 'alice web', 'alice all']);
    });

    it('ends one by its id, or those of everybody', async () => {
      const world = await paused();
      const { stdout } = await world.run('resume', '--json', '--id', world.leases[3]?.id ?? '');
      expect((JSON.parse(stdout) as { ended: PauseLease[] }).ended.map(({ owner }) => owner)).to.deep.equal(['ops']);
      expect(left(world)).to.deep.equal(['ops all', 'alice web', 'alice all']);
      await world.run('resume', '--all-owners');
      expect(left(world)).to.deep.equal([]);
    });

    it('says where there was none', async () => {
      const world = await paused();
      expect((await world.run('resume', '--owner', 'bob')).stdout).to.equal("there was no such pause of 'bob'; watchkeeper pauses lists them\n");
      expect((await world.run('resume', '--id', 'x', '--all-owners')).stdout).to.include('of anybody');
      expect(left(world)).to.have.length(4);
    });

    it('says of the pause file that it goes on, and how it ends', async () => {
      const world = new World();
      world.pauseFile = { id: 'pause-file', owner: '/var/lib/x.pause', reason: 'pause file', daemons: undefined, since: 0, until: world.now + HOUR };
      const { status, stdout, stderr } = await world.run('resume', '--all-owners', '--json');
      expect([status, JSON.parse(stdout)]).to.deep.equal([0, { schemaVersion: 1, ended: [] }]);
      expect(stderr).to.match(/paused by \/var\/lib\/x.pause for another 1 h.* try rm \/var\/lib\/x.pause\n$/);
    });
  });

  it('pauses: what is in force now, whose, of what, for how long and why', async () => {
    const world = new World();
    await world.run('pause', 'web', '--for', '10m', '--reason', 'upgrade');
    await world.run('pause', '--for', '1m');
    const ids = world.leases.map(({ id }) => id);
    world.now += 30_000;
    expect((await world.run('pauses')).stdout).to.equal(`${ids[0] ?? ''}  web: paused by alice for another 9 m 30 s: upgrade\n${ids[1] ?? ''}  all daemons: paused by alice for another 30 s: no reason given\n`);
    world.now += 30_000;
    expect(JSON.parse((await world.run('pauses', '--json')).stdout)).to.deep.equal({ schemaVersion: 1, pauses: [world.leases[0]] });
  });
});
