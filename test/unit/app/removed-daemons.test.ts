import { expect } from 'chai';

import { catalogueOf } from '../../support/control-fakes.js';
import { daemonSpec } from '../../support/daemon-spec.js';
import { WatcherSite } from '../../support/watcher-site.js';

const REQUEST = { by: 'test', oneShotArguments: {} };
const DB = daemonSpec({ name: 'db' });
const WEB = daemonSpec({ name: 'web' });

describe('app/watcher, daemons that a reload takes out of the configuration', () => {
  it('are not restarted, nor spoken of, when they end', async () => {
    const site = await new WatcherSite([DB, WEB]).begin();
    await site.watcher.reload(catalogueOf([DB]));
    const before = site.news.length;
    site.machine.end('web');
    await site.machine.clock.advanceAsync(100_000);
    expect([site.machine.startsOf('web'), site.board.has('web'), site.news.length]).to.deep.equal([1, false, before]);
  });

  it('are not started after all, where their start still waited for the setup program', async () => {
    const setup = { executable: '/usr/sbin/setup', arguments: [], timeout: 1000 };
    const site = new WatcherSite([WEB], { setup });
    let finish = (): void => undefined;
    site.runner.run = () => new Promise((resolve) => (finish = () => resolve(site.runner.result)));
    await site.watcher.adopt();
    const started = site.watcher.startGroup();
    await site.machine.clock.advanceAsync(10);
    await site.watcher.reload(catalogueOf([DB], { setup }));
    finish();
    const [answer] = await site.during(started);
    expect([answer?.outcome.kind, site.machine.startsOf('web')]).to.deep.equal(['failed', 0]);
  });

  it('are adopted when they are back, and supervised once', async () => {
    const site = await new WatcherSite([DB, WEB]).begin();
    const pid = site.machine.processOf('web')?.pid;
    await site.watcher.reload(catalogueOf([DB]));
    await site.watcher.reload(catalogueOf([DB, WEB]));
    expect([site.state('web'), site.board.get('web')?.pid]).to.deep.equal(['running', pid]);
    site.machine.end('web');
    await site.machine.clock.advanceAsync(1000);
    expect([site.machine.startsOf('web'), site.state('web')]).to.deep.equal([2, 'running']);
    const [answer] = await site.during(site.watcher.stop({ ...REQUEST, names: ['web'] }));
    await site.machine.clock.advanceAsync(100_000);
    expect([answer?.outcome.kind, site.state('web'), site.machine.processOf('web'), site.machine.startsOf('web')]).to.deep.equal(['ok', 'stopped', undefined, 2]);
  });
});
