import { expect } from 'chai';

import { catalogueOf } from '../../support/control-fakes.js';
import { daemonSpec } from '../../support/daemon-spec.js';
import { WatcherSite } from '../../support/watcher-site.js';

const REQUEST = { by: 'test', oneShotArguments: {} };

const DB = daemonSpec({ name: 'db' });
const API = daemonSpec({ name: 'api', requires: ['db'] });
const WEB = daemonSpec({ name: 'web', after: ['api'] });
const ON_DEMAND = daemonSpec({ name: 'metrics', onDemand: true });

describe('app/watcher', () => {
  it('starts the group in order, leaves on-demand daemons alone, and publishes all', async () => {
    const site = await new WatcherSite([WEB, API, DB, ON_DEMAND]).begin();
    expect(site.machine.launches.map(({ name }) => name)).to.deep.equal(['db', 'api', 'web']);
    expect(['db', 'api', 'web', 'metrics'].map((name) => site.state(name))).to.deep.equal(['running', 'running', 'running', 'stopped']);
    expect(site.machine.clock.armed).to.equal(0);
  });

  it('adopts what runs, with whatever is wanted, and starts nothing twice', async () => {
    const site = new WatcherSite([DB, API]);
    const db = site.machine.preexisting('db');
    await site.begin();
    expect(site.machine.startsOf('db')).to.equal(0);
    expect(site.board.get('db')?.pid).to.equal(db.pid);
    site.machine.end('db');
    await site.machine.clock.advanceAsync(10);
    expect([site.machine.startsOf('db'), site.state('db')]).to.deep.equal([1, 'running']);
  });

  it('does not start what was stopped by hand, and says who stopped it', async () => {
    const site = new WatcherSite([DB]);
    site.desired.set('db', 'down', 'the operator');
    await site.begin();
    expect([site.machine.startsOf('db'), site.state('db'), site.board.get('db')?.reason]).to.deep.equal([0, 'stopped', 'stopped by the operator']);
  });

  it('a stop is written down before anything is done, and is not undone by a death', async () => {
    const site = await new WatcherSite([DB]).begin();
    const outcomes = await site.during(site.watcher.stop({ names: ['db'], by: 'test' }));
    expect(outcomes.map(({ outcome }) => outcome.kind)).to.deep.equal(['ok']);
    expect(site.diary).to.deep.equal(['want db down']);
    await site.machine.clock.advanceAsync(1_000_000);
    expect([site.machine.startsOf('db'), site.state('db'), site.machine.clock.armed]).to.deep.equal([1, 'stopped', 0]);
  });

  it('a stop for a shutdown is not undone by a death either, and leaves what is wanted on record as it is', async () => {
    const site = await new WatcherSite([WEB, API, DB]).begin();
    const outcomes = await site.during(site.watcher.stop({ names: ['db', 'api', 'web'], by: 'test', unrecorded: true }));
    expect(outcomes.map(({ name, outcome }) => [name, outcome.kind])).to.deep.equal([['web', 'ok'], ['api', 'ok'], ['db', 'ok']]);
    await site.machine.clock.advanceAsync(1_000_000);
    expect([site.diary, site.state('db'), site.state('web'), site.machine.startsOf('db')]).to.deep.equal([[], 'stopped', 'stopped', 1]);
  });

  it('restarts at once, in the same turn', async () => {
    const site = await new WatcherSite([DB]).begin();
    site.machine.end('db');
    await settled();
    expect(site.machine.startsOf('db')).to.equal(2);
  });

  it('a restart gets ready although the news of the old process comes late', async () => {
    const site = await new WatcherSite([DB]).begin();
    site.machine.newsDelay = 3;
    const [answer] = await site.during(site.watcher.restart({ ...REQUEST, names: ['db'] }));
    expect([answer?.outcome.kind, site.state('db'), site.machine.startsOf('db')]).to.deep.equal(['ok', 'running', 2]);
  });

  it('adopts what somebody else started between a death and the restart', async () => {
    const site = await new WatcherSite([daemonSpec({ name: 'db', restart: { ...DB.restart, immediateRestarts: 0 } })]).begin();
    site.machine.end('db');
    await site.machine.clock.advanceAsync(100);
    const theirs = site.machine.preexisting('db');
    await site.machine.clock.advanceAsync(5000);
    expect([site.board.get('db')?.pid, site.state('db'), site.machine.startsOf('db')]).to.deep.equal([theirs.pid, 'running', 1]);
  });

  it('holds a daemon back visibly while what it requires is broken, and starts it when that recovers', async () => {
    const site = new WatcherSite([DB, API]);
    site.machine.broken.add('db');
    await site.begin();
    expect([site.state('db'), site.state('api'), site.board.get('api')?.reason]).to.deep.equal(['backing-off', 'waiting', 'waits for db']);
    site.machine.broken.delete('db');
    await site.machine.clock.advanceAsync(10_000);
    expect([site.state('db'), site.state('api')]).to.deep.equal(['running', 'running']);
  });

  it('answers a start that fails with the reason, and goes on trying', async () => {
    const site = await new WatcherSite([DB]).begin();
    await site.during(site.watcher.stop({ names: ['db'], by: 'test' }));
    site.machine.broken.add('db');
    const [answer] = await site.during(site.watcher.start({ ...REQUEST, names: ['db'] }), 0);
    expect(answer?.outcome).to.deep.include({ kind: 'failed', code: 'not-installed', reason: 'no such file' });
    site.machine.broken.delete('db');
    await site.machine.clock.advanceAsync(5000);
    expect(site.state('db')).to.equal('running');
  });

  it('a start of many ends at the first failure', async () => {
    const site = new WatcherSite([DB, API, WEB]);
    for (const name of ['db', 'api', 'web']) site.desired.set(name, 'down');
    await site.begin();
    site.machine.broken.add('db');
    const outcomes = await site.during(site.watcher.start({ ...REQUEST, names: ['db', 'api', 'web'] }), 0);
    expect(outcomes.map(({ name }) => name)).to.deep.equal(['db']);
    expect(site.desired.read('api')?.desired).to.equal('down');
  });

  it('a start of many writes the whole intent first, so that the next watcher can go on with it', async () => {
    const site = new WatcherSite([DB, API]);
    for (const name of ['db', 'api']) site.desired.set(name, 'down');
    await site.begin();
    const started = site.watcher.start({ ...REQUEST, names: ['db', 'api'] });
    await new Promise(setImmediate);
    expect([site.machine.startsOf('api'), site.desired.read('api')?.desired]).to.deep.equal([0, 'up']);
    await site.during(started);
    expect(site.machine.startsOf('api')).to.equal(1);
  });

  it('a stop of one of them while many are started or restarted is not undone by that', async () => {
    for (const way of ['start', 'restart'] as const) {
      const site = new WatcherSite([DB, API, WEB]);
      for (const name of ['db', 'api', 'web']) site.desired.set(name, way === 'start' ? 'down' : 'up');
      await site.begin();
      const before = site.machine.startsOf('api');
      const asked = site.watcher[way]({ ...REQUEST, names: ['db', 'api', 'web'] });
      const stopped = site.watcher.stop({ names: ['api'], by: 'ops' });
      const outcomes = await site.during(asked);
      await stopped;
      expect(outcomes.find(({ name }) => name === 'api')?.outcome, way).to.deep.include({ kind: 'ok', changed: false, detail: 'stopped by ops' });
      expect([site.state('api'), site.machine.startsOf('api') - before, site.desired.read('api')?.desired], way).to.deep.equal(['stopped', 0, 'down']);
      expect([site.state('db'), site.state('web')], way).to.deep.equal(['running', 'running']);
    }
  });

  it('a start of one of them while many are stopped is the last word, and the stop says so', async () => {
    const site = await new WatcherSite([DB, API, WEB]).begin();
    const stopped = site.watcher.stop({ names: ['db', 'api', 'web'], by: 'ops' });
    const started = site.watcher.start({ ...REQUEST, names: ['db'] });
    const outcomes = await site.during(stopped);
    await started;
    expect(outcomes.find(({ name }) => name === 'db')?.outcome).to.deep.equal({ kind: 'failed', code: 'canceled', reason: 'started by test while others were stopped', next: 'daemon-util stop db' });
    expect([site.state('db'), site.board.get('db')?.desired, site.desired.read('db')?.desired]).to.deep.equal(['running', 'up', 'up']);
    expect([site.state('api'), site.state('web')]).to.deep.equal(['stopped', 'stopped']);
  });

  it('a restart of many whose first start fails leaves none of the rest down for good', async () => {
    const site = await new WatcherSite([DB, daemonSpec({ name: 'api' }), WEB]).begin();
    site.machine.broken.add('db');
    const outcomes = await site.during(site.watcher.restart({ ...REQUEST, names: ['db', 'api', 'web'] }));
    expect(outcomes[0]).to.deep.include({ name: 'db' });
    expect(['db', 'api', 'web'].map((name) => [site.desired.read(name)?.desired, site.board.get(name)?.desired])).to.deep.equal(Array.from({ length: 3 }, () => ['up', 'up']));
    expect([site.state('api'), site.state('web')]).to.deep.equal(['running', 'running']);
  });

  it('what was not started after a failure is wanted as somebody has said since', async () => {
    const site = new WatcherSite([DB, API]);
    for (const name of ['db', 'api']) site.desired.set(name, 'down');
    await site.begin();
    site.machine.broken.add('db');
    const asked = site.watcher.start({ ...REQUEST, names: ['db', 'api'] });
    site.desired.set('api', 'up', 'somebody else');
    await site.during(asked, 0);
    expect(site.desired.read('api')).to.include({ desired: 'up', by: 'somebody else' });
  });

  it('counts a daemon that does not get ready as failed, after taking it down', async () => {
    const site = new WatcherSite([daemonSpec({ name: 'slow', startTimeout: 3000, restart: { ...DB.restart, immediateRestarts: 0 } })]);
    site.machine.neverReady.add('slow');
    await site.watcher.adopt();
    const started = site.watcher.startGroup();
    await site.machine.clock.advanceAsync(4000);
    const [answer] = await started;
    expect(answer?.outcome).to.deep.include({ kind: 'failed', code: 'not-ready' });
    expect([site.state('slow'), site.machine.processOf('slow')]).to.deep.equal(['backing-off', undefined]);
  });

  it('runs the setup program once per transaction, and not for a restart after a crash', async () => {
    const setup = { executable: '/usr/sbin/setup', arguments: [], timeout: 1000 };
    const site = await new WatcherSite([DB, API], { setup }).begin();
    expect(site.diary.filter((line) => line.startsWith('run '))).to.have.length(1);
    site.machine.end('db');
    await site.machine.clock.advanceAsync(100);
    expect(site.diary.filter((line) => line.startsWith('run '))).to.have.length(1);
  });

  it('starts nothing after a setup program that failed, and tries that again', async () => {
    const setup = { executable: '/usr/sbin/setup', arguments: [], timeout: 1000 };
    const site = new WatcherSite([DB], { setup });
    site.runner.result = { ...site.runner.result, exit: { kind: 'exited', status: 1 } };
    await site.begin();
    expect([site.machine.startsOf('db'), site.state('db')]).to.deep.equal([0, 'backing-off']);
    site.runner.result = { ...site.runner.result, exit: { kind: 'exited', status: 0 } };
    await site.machine.clock.advanceAsync(10_000);
    expect(site.state('db')).to.equal('running');
  });

  it('skips a daemon whose condition is not met, without a failure', async () => {
    const site = new WatcherSite([DB]);
    site.machine.conditionUnmet.add('db');
    await site.begin();
    expect([site.state('db'), site.board.get('db')?.reason, site.machine.clock.armed]).to.deep.equal(['stopped', 'condition not met', 0]);
  });

  it('while it is paused nothing is restarted, and when the pause ends it is', async () => {
    const site = await new WatcherSite([DB, WEB]).begin();
    const now = site.machine.clock.wall();
    site.leases = [{ id: 'a', owner: 'ops', reason: 'upgrade', daemons: ['db'], since: now, until: now + 60_000 }];
    site.watcher.refresh();
    site.machine.end('db');
    site.machine.end('web');
    await site.machine.clock.advanceAsync(30_000);
    expect([site.state('db'), site.machine.startsOf('db'), site.state('web')]).to.deep.equal(['waiting', 1, 'running']);
    expect(site.board.get('db')?.reason).to.match(/^paused by ops until .*: upgrade$/);
    await site.machine.clock.advanceAsync(31_000);
    expect([site.state('db'), site.machine.startsOf('db')]).to.deep.equal(['running', 2]);
    // Done with the end of the row of failures, nothing is armed any more.
    await site.machine.clock.advanceAsync(120_000);
    expect(site.machine.clock.armed).to.equal(0);
  });

  it("an operator's start goes before a pause", async () => {
    const site = await new WatcherSite([DB]).begin();
    const now = site.machine.clock.wall();
    site.leases = [{ id: 'a', owner: 'ops', reason: 'x', daemons: undefined, since: now, until: now + 60_000 }];
    site.watcher.refresh();
    site.machine.end('db');
    await site.machine.clock.advanceAsync(1000);
    const [answer] = await site.during(site.watcher.start({ ...REQUEST, names: ['db'] }));
    expect([answer?.outcome.kind, site.state('db')]).to.deep.equal(['ok', 'running']);
  });

  it('restarts with a daemon those that chose so, and leaves the others', async () => {
    const follows = daemonSpec({ name: 'follows', requires: ['db'], restartWith: ['db'] });
    const stays = daemonSpec({ name: 'stays', requires: ['db'] });
    const site = await new WatcherSite([DB, follows, stays]).begin();
    site.machine.end('db');
    await site.machine.clock.advanceAsync(1000);
    expect(['db', 'follows', 'stays'].map((name) => site.machine.startsOf(name))).to.deep.equal([2, 2, 1]);
    expect(['db', 'follows', 'stays'].map((name) => site.state(name))).to.deep.equal(['running', 'running', 'running']);
  });

  it('restarts one that follows only when nobody has paused it any more, and once', async () => {
    const follows = daemonSpec({ name: 'follows', requires: ['db'], restartWith: ['db'] });
    const site = await new WatcherSite([DB, follows]).begin();
    site.pause(['follows'], site.machine.clock.wall() + 60_000);
    for (let round = 0; round < 2; round += 1) {
      site.machine.end('db');
      await site.machine.clock.advanceAsync(1000);
    }
    expect(['db', 'follows'].map((name) => site.machine.startsOf(name))).to.deep.equal([3, 1]);
    await site.machine.clock.advanceAsync(60_000);
    expect(['db', 'follows'].map((name) => [site.machine.startsOf(name), site.state(name)])).to.deep.equal([[3, 'running'], [2, 'running']]);
  });

  it('a held daemon stays down through a start of many, and comes by its name', async () => {
    const site = await new WatcherSite([DB, WEB]).begin();
    await site.during(site.watcher.stop({ names: ['db'], by: 'ops', hold: true }));
    const outcomes = await site.during(site.watcher.start({ ...REQUEST, names: ['db', 'web'] }));
    expect(outcomes.find(({ name }) => name === 'db')?.outcome.kind).to.equal('skipped');
    expect(site.state('db')).to.equal('stopped');
    await site.during(site.watcher.start({ ...REQUEST, names: ['db'] }));
    expect(site.state('db')).to.equal('running');
  });

  it('obeys the boot policy where the last word is of an earlier boot', async () => {
    const daemons = (['always', 'last', 'never'] as const).flatMap((boot) => [daemonSpec({ name: `${boot}-down`, boot }), daemonSpec({ name: `${boot}-up`, boot })]);
    const site = new WatcherSite(daemons);
    for (const { name } of daemons) site.desired.records.set(name, { desired: name.endsWith('up') ? 'up' : 'down', at: 0, by: 'ops', bootId: 'earlier' });
    await site.begin();
    expect(daemons.filter(({ name }) => site.state(name) === 'running').map(({ name }) => name)).to.deep.equal(['always-down', 'always-up', 'last-up']);
  });

  it('retries now what is timed, and keeps the failures on record; a reset forgets them', async () => {
    const site = await new WatcherSite([daemonSpec({ name: 'db', restart: { ...DB.restart, immediateRestarts: 0, baseDelay: 50_000 } })]).begin();
    site.machine.end('db');
    await site.machine.clock.advanceAsync(10);
    expect(site.state('db')).to.equal('backing-off');
    const [answer] = await site.during(site.watcher.retryNow({ names: ['db'], by: 'ops' }));
    expect([answer?.outcome.kind, site.state('db'), site.machine.memories.get('db')?.tally.row]).to.deep.equal(['ok', 'running', 1]);
    await site.during(site.watcher.reset({ names: ['db'], by: 'ops' }));
    expect(site.machine.memories.get('db')).to.deep.include({ restarts: 0 });
    expect(site.machine.clock.armed).to.equal(0);
  });

  it('says that a daemon outlived its stop', async () => {
    const site = await new WatcherSite([DB]).begin();
    site.machine.unstoppable.add('db');
    const [answer] = await site.during(site.watcher.stop({ names: ['db'], by: 'test' }));
    expect(answer?.outcome).to.deep.include({ kind: 'failed', code: 'still-running' });
    expect([site.state('db'), site.board.get('db')?.desired]).to.deep.equal(['degraded', 'down']);
  });

  it('a reload starts nothing that is stopped, nor what is new, and stops nothing', async () => {
    const site = await new WatcherSite([DB, API]).begin();
    await site.during(site.watcher.stop({ names: ['api'], by: 'test' }));
    const changes = await site.watcher.reload(catalogueOf([daemonSpec({ name: 'db', stopTimeout: 1 }), API, WEB]));
    expect(changes).to.deep.equal([{ of: 'daemon', kind: 'changed', name: 'db', keys: ['stopTimeout'] }, { of: 'daemon', kind: 'added', name: 'web' }]);
    await site.machine.clock.advanceAsync(100_000);
    expect(['db', 'api', 'web'].map((name) => site.state(name))).to.deep.equal(['running', 'stopped', 'stopped']);
    expect([site.machine.startsOf('db'), site.machine.startsOf('web')]).to.deep.equal([1, 0]);
  });

  it('a reload drops what the configuration no longer has and leaves its process alone', async () => {
    const site = await new WatcherSite([DB, WEB]).begin();
    await site.watcher.reload(catalogueOf([DB]));
    expect([site.board.has('web'), site.machine.processOf('web') !== undefined]).to.deep.equal([false, true]);
  });

  it('stops all in reverse order at the end, and what is wanted stays as it was', async () => {
    const site = await new WatcherSite([DB, API, WEB]).begin();
    const outcomes = await site.during(site.watcher.stopAll('the end'));
    expect(outcomes.map(({ name }) => name)).to.deep.equal(['web', 'api', 'db']);
    expect(site.desired.records.size).to.equal(0);
  });

  it('a full disk refuses a stop by an error and leaves the daemon as it is', async () => {
    const site = await new WatcherSite([DB]).begin();
    site.desired.refusal = new Error('full');
    const refused = await site.watcher.stop({ names: ['db'], by: 'test' }).then(() => 'stopped', () => 'refused');
    expect([refused, site.state('db')]).to.deep.equal(['refused', 'running']);
  });
});

/** All promise callbacks that were due have run. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
