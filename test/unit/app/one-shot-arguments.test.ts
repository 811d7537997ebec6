import { expect } from 'chai';

import { daemonSpec } from '../../support/daemon-spec.js';
import { WatcherSite } from '../../support/watcher-site.js';

const SLOW = daemonSpec({ name: 'db', startTimeout: 60_000 });
const WORDS = { db: ['--no-voting'] };

describe('app/watcher, arguments for one start of a daemon that is being started', () => {
  let site: WatcherSite;
  let group: Promise<unknown>;
  beforeEach(async () => {
    site = new WatcherSite([SLOW]);
    site.machine.neverReady.add('db');
    await site.watcher.adopt();
    group = site.watcher.startGroup();
    await site.machine.clock.advanceAsync(1000);
  });

  async function ready(): Promise<void> {
    await site.machine.clock.advanceAsync(1000);
    site.machine.neverReady.delete('db');
    await site.machine.clock.advanceAsync(5000);
    await group;
  }

  it('are given to it: it is started anew', async () => {
    const start = site.watcher.start({ by: 'start-master', oneShotArguments: WORDS, names: ['db'] });
    await ready();
    expect((await start).map(({ outcome }) => outcome.kind)).to.deep.equal(['ok']);
    expect(site.machine.launches.map((launch) => launch.arguments)).to.deep.equal([[], ['--no-voting']]);
  });

  it('are given to it once, where two ask for the same', async () => {
    const first = site.watcher.start({ by: 'start-master', oneShotArguments: WORDS, names: ['db'] });
    await site.machine.clock.advanceAsync(1000);
    const second = site.watcher.start({ by: 'another', oneShotArguments: WORDS, names: ['db'] });
    await ready();
    expect([...(await first), ...(await second)].map(({ outcome }) => outcome.kind)).to.deep.equal(['ok', 'ok']);
    expect(site.machine.startsOf('db')).to.equal(2);
  });

  it('none: it is left to start as it does', async () => {
    const start = site.watcher.start({ by: 'operator', oneShotArguments: {}, names: ['db'] });
    await ready();
    expect((await start).map(({ outcome }) => outcome.kind)).to.deep.equal(['ok']);
    expect(site.machine.startsOf('db')).to.equal(1);
  });
});

describe('app/watcher, arguments for one start of a daemon that another one of the request holds up', () => {
  it('are given to its only start', async () => {
    const site = new WatcherSite([SLOW, daemonSpec({ name: 'api', requires: ['db'], startTimeout: 60_000 })]);
    for (const name of ['db', 'api']) site.desired.set(name, 'down');
    await site.begin();
    site.machine.neverReady.add('db').add('api');
    const start = site.watcher.start({ by: 'start-master', oneShotArguments: { api: ['--no-voting'] }, names: ['db', 'api'] });
    await site.machine.clock.advanceAsync(5000);
    site.machine.neverReady.clear();
    await site.machine.clock.advanceAsync(5000);
    expect((await start).map(({ outcome }) => outcome.kind)).to.deep.equal(['ok', 'ok']);
    expect(site.machine.launches.map(({ name, arguments: words }) => [name, ...words])).to.deep.equal([['db'], ['api', '--no-voting']]);
  });
});
