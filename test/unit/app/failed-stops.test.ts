import { expect } from 'chai';

import type { HealthCheck } from '../../../src/core/daemon.js';
import { failed } from '../../../src/core/outcome.js';
import { daemonSpec } from '../../support/daemon-spec.js';
import { WatcherSite } from '../../support/watcher-site.js';

const REQUEST = { by: 'test', oneShotArguments: {} };
const DB = daemonSpec({ name: 'db' });
const API = daemonSpec({ name: 'api', requires: ['db'] });
const ANSWERS: HealthCheck = { name: 'answers', kind: 'readiness', method: { kind: 'unix', path: '/run/x' }, grace: 0, interval: 1000, timeout: 100, successThreshold: 1, failureThreshold: 3 };
const HOUR = 3_600_000;

/** The end is there, and its stop is told to have failed all the same. */
const TROUBLE = failed('permission', 'stopped, but the pid file cannot be removed', 'ls -ld /run/db.pid');

describe('app/watcher, stops that fail', () => {
  for (const newsDelay of [0, 5]) {
    describe(`although the process is dead, its end being told ${newsDelay === 0 ? 'before' : 'after'} that`, () => {
      let site: WatcherSite;
      beforeEach(async () => {
        site = await new WatcherSite([DB, API]).begin();
        site.machine.newsDelay = newsDelay;
        site.machine.stopTrouble.set('db', TROUBLE);
      });

      it('a restart is not left with a ghost', async () => {
        await site.during(site.watcher.restart({ ...REQUEST, names: ['db'] }));
        await site.machine.clock.advanceAsync(HOUR);
        const pid = site.machine.processOf('db')?.pid;
        expect([site.state('db'), site.board.get('db')?.pid, site.machine.startsOf('db')]).to.deep.equal(['running', pid, 2]);
        expect(pid).to.be.a('number');
        expect(site.board.get('db')?.ready).to.equal(true);
      });

      it('a stop says why it failed, and the daemon counts as what it is', async () => {
        const [answer] = await site.during(site.watcher.stop({ ...REQUEST, names: ['db'] }));
        expect(answer?.outcome).to.deep.equal(TROUBLE);
        await site.machine.clock.advanceAsync(HOUR);
        expect([site.state('db'), site.board.get('db')?.pid, site.machine.startsOf('db')]).to.deep.equal(['stopped', null, 1]);
        const [started] = await site.during(site.watcher.start({ ...REQUEST, names: ['db'] }));
        expect([started?.outcome.kind, site.state('db')]).to.deep.equal(['ok', 'running']);
      });
    });
  }

  it('a restart of what outlives it fails, says so, and nobody counts on the daemon any more', async () => {
    const site = await new WatcherSite([DB, API]).begin();
    site.machine.unstoppable.add('db');
    const [answer] = await site.during(site.watcher.restart({ ...REQUEST, names: ['db'] }));
    expect(answer?.outcome).to.deep.include({ kind: 'failed', code: 'still-running', reason: 'it outlived SIGKILL' });
    expect(site.board.get('db')).to.deep.include({ observed: 'degraded', ready: false, reason: 'it outlived SIGKILL', desired: 'up' });
    site.machine.end('api');
    await site.machine.clock.advanceAsync(1000);
    expect([site.state('api'), site.board.get('api')?.reason]).to.deep.equal(['waiting', 'waits for db']);
    // It ends at last: it is started anew, and all is well.
    site.machine.unstoppable.delete('db');
    site.machine.end('db');
    await site.machine.clock.advanceAsync(HOUR);
    expect([site.board.get('db')?.ready, site.state('api')]).to.deep.equal([true, 'running']);
  });

  it('a daemon that never got ready and cannot be ended is not ready', async () => {
    const site = new WatcherSite([daemonSpec({ name: 'db', startTimeout: 3000 }), API]);
    site.machine.neverReady.add('db');
    site.machine.unstoppable.add('db');
    await site.watcher.adopt();
    const started = site.watcher.startGroup();
    await site.machine.clock.advanceAsync(10_000);
    const [answer] = await started;
    expect(answer?.outcome).to.deep.include({ kind: 'failed', code: 'still-running' });
    expect([site.board.get('db')?.ready, site.state('api')]).to.deep.equal([false, 'waiting']);
  });

  it('a health check that passes again says nothing of it', async () => {
    const site = await new WatcherSite([daemonSpec({ name: 'db', health: [ANSWERS] })]).begin();
    site.machine.unstoppable.add('db');
    await site.during(site.watcher.restart({ ...REQUEST, names: ['db'] }));
    site.machine.looks.set('db answers', { healthy: false, reason: 'no answer' });
    await site.machine.clock.advanceAsync(60_000);
    site.machine.looks.set('db answers', { healthy: true, reason: 'well' });
    await site.machine.clock.advanceAsync(60_000);
    expect(site.news.map(({ news }) => news).slice(-2)).to.deep.equal(['degraded', 'healthy']);
    expect(site.board.get('db')).to.deep.include({ observed: 'degraded', ready: false, reason: 'it outlived SIGKILL' });
  });

  it('only who asked for the stop is told of it', async () => {
    const site = await new WatcherSite([DB]).begin();
    site.machine.unstoppable.add('db');
    await site.during(site.watcher.restart({ ...REQUEST, names: ['db'] }));
    const [reset] = await site.during(site.watcher.reset({ names: ['db'], by: 'ops' }));
    expect(reset?.outcome.kind).to.equal('ok');
  });
});

describe('app/watcher, daemons that somebody else started', () => {
  it('are written down, so that they are found without what told of them', async () => {
    const site = new WatcherSite([DB]);
    const theirs = site.machine.preexisting('db');
    await site.begin();
    expect(site.machine.claims.get('db')).to.deep.equal(theirs);
  });

  it('are not called stopped while they run on', async () => {
    const site = new WatcherSite([DB]);
    site.machine.preexisting('db');
    site.machine.unclaimable.add('db');
    await site.begin();
    site.machine.unfound.add('db');
    const [answer] = await site.during(site.watcher.stop({ ...REQUEST, names: ['db'] }));
    expect(answer?.outcome).to.deep.include({ kind: 'failed', code: 'still-running' });
    const [started] = await site.during(site.watcher.start({ ...REQUEST, names: ['db'] }));
    expect([started?.outcome.kind, site.machine.startsOf('db')]).to.deep.equal(['ok', 0]);
    // Found again: now it ends.
    site.machine.unfound.delete('db');
    const [stopped] = await site.during(site.watcher.stop({ ...REQUEST, names: ['db'] }));
    expect([stopped?.outcome.kind, site.state('db'), site.machine.processOf('db')]).to.deep.equal(['ok', 'stopped', undefined]);
  });
});
