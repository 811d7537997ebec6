/** Stops that whoever began them did not live to finish. */
import { expect } from 'chai';

import type { DesiredRecord } from '../../../src/core/desired-state.js';
import { catalogueOf } from '../../support/control-fakes.js';
import { daemonSpec } from '../../support/daemon-spec.js';
import { WatcherSite } from '../../support/watcher-site.js';

const DB = daemonSpec({ name: 'db' });
const API = daemonSpec({ name: 'api', requires: ['db'] });

describe('a watcher that finds what is wanted down running', () => {
  /** ms since boot when the stop was written down; the process that is found began 1 s after the boot. */
  async function found(uptime: number | undefined, more: Partial<DesiredRecord> = {}): Promise<WatcherSite> {
    const site = new WatcherSite([DB, API]);
    site.machine.preexisting('db');
    site.desired.records.set('db', { desired: 'down', at: 0, by: 'daemon-util stop db', bootId: 'boot', ...(uptime === undefined ? {} : { uptime }), ...more });
    site.desired.set('api', 'down');
    return site.begin();
  }

  it('finishes the stop, where the process was there when it was written down', async () => {
    const site = await found(5000);
    expect([site.state('db'), site.machine.processOf('db'), site.machine.startsOf('db')]).to.deep.equal(['stopped', undefined, 0]);
    expect(site.news.map(({ news, reason }) => `${news}: ${reason}`)).to.deep.equal([
      'adopted: was running: seen; runs although it is wanted down',
      'stop: stopped by daemon-util stop db; that was cut off, and is finished now',
      'stopped: stopped by daemon-util stop db; that was cut off, and is finished now',
    ]);
  });

  it('leaves alone what somebody started since, within a tick of the clock too, and what nobody can tell', async () => {
    for (const uptime of [0, 1000, 1019, undefined]) {
      const site = await found(uptime);
      expect([site.state('db'), site.board.get('db')?.desired], String(uptime)).to.deep.equal(['running', 'down']);
    }
    const other = await found(5000, { bootId: 'another boot' });
    expect(other.state('db')).to.equal('running');
  });

  it('leaves a stop of all alone after which something was started again', async () => {
    const site = new WatcherSite([DB, API]);
    site.machine.preexisting('db');
    site.desired.records.set('db', { desired: 'down', at: 1, by: 'stop-all', bootId: 'boot', uptime: 5000, whole: true });
    site.desired.records.set('api', { desired: 'up', at: 2, by: 'start', bootId: 'boot' });
    await site.begin();
    expect(site.state('db')).to.equal('running');
  });

  it('keeps its hands off while somebody has it paused, or the cluster holds it', async () => {
    for (const hindered of [(site: WatcherSite): void => site.pause(['db'], site.machine.clock.wall() + 60_000), (site: WatcherSite): void => site.hold('db')]) {
      const site = new WatcherSite([DB]);
      site.machine.preexisting('db');
      site.desired.records.set('db', { desired: 'down', at: 0, by: 'stop', bootId: 'boot', uptime: 5000 });
      await site.watcher.adopt();
      hindered(site);
      await site.during(site.watcher.startGroup());
      expect(site.state('db')).to.equal('running');
    }
  });

  it('stops what needs another one first', async () => {
    const site = new WatcherSite([DB, API]);
    for (const name of ['db', 'api']) {
      site.machine.preexisting(name);
      site.desired.records.set(name, { desired: 'down', at: 0, by: 'stop', bootId: 'boot', uptime: 5000, whole: true });
    }
    await site.begin();
    expect(site.news.filter(({ news }) => news === 'stopped').map(({ daemon }) => daemon)).to.deep.equal(['api', 'db']);
  });

  it('does nothing of that at a reload', async () => {
    const site = await new WatcherSite([API]).begin();
    site.machine.preexisting('db');
    site.desired.records.set('db', { desired: 'down', at: 0, by: 'stop', bootId: 'boot', uptime: 5000 });
    await site.during(site.watcher.reload(catalogueOf([DB, API])));
    expect(site.state('db')).to.equal('running');
  });

  it('a stop says how long after the boot it was written down, for whoever has to finish it', async () => {
    const site = await new WatcherSite([DB]).begin();
    const before = site.machine.clock.monotonic();
    await site.during(site.watcher.stop({ names: ['db'], by: 'test' }));
    expect(site.desired.read('db')?.uptime).to.equal(before);
  });
});
