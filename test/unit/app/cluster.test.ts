import { expect } from 'chai';

import { daemonSpec } from '../../support/daemon-spec.js';
import { WatcherSite } from '../../support/watcher-site.js';

const WEB = daemonSpec({ name: 'web' });

async function held(): Promise<WatcherSite> {
  const site = await new WatcherSite([WEB]).begin();
  site.hold('web');
  return site;
}

async function pass(site: WatcherSite, ms: number): Promise<void> {
  await site.machine.clock.advanceAsync(ms);
}

describe('a daemon that the cluster holds', () => {
  it('has the cluster as its restart owner, and goes on as it runs', async () => {
    const site = await held();
    expect([site.board.get('web')?.owner, site.state('web'), site.machine.startsOf('web')]).to.deep.equal(['cluster', 'running', 1]);
    site.letGo('web');
    expect(site.board.get('web')?.owner).to.equal('watcher');
  });

  it('is not restarted when it dies: the cluster is told once, at once, with the reason in the log', async () => {
    const site = await held();
    site.machine.end('web');
    await pass(site, 0);
    expect(site.told).to.deep.equal(['rsc-web n1']);
    await pass(site, 1_000_000);
    expect([site.told.length, site.machine.startsOf('web'), site.state('web'), site.machine.clock.armed]).to.deep.equal([1, 1, 'waiting', 0]);
    expect(site.logged.join('\n')).to.match(/told the cluster that rsc-web failed on n1: .*(killed|exited)/);
    expect(site.board.get('web')?.reason).to.include('the cluster restarts it (resource rsc-web)');
  });

  it('is told of again after it was started and died again', async () => {
    const site = await held();
    for (const times of [1, 2, 3]) {
      site.machine.end('web');
      await pass(site, 0);
      expect(site.told.length).to.equal(times);
      await site.during(site.watcher.start({ names: ['web'], by: 'the cluster', oneShotArguments: {} }));
      expect([site.state('web'), site.board.get('web')?.owner]).to.deep.equal(['running', 'cluster']);
    }
  });

  it('is told of again and again while the cluster cannot be reached', async () => {
    const site = await held();
    site.cluster = { kind: 'unreachable', reason: 'no connection' };
    site.machine.end('web');
    await pass(site, 60_000);
    expect(site.told.length).to.be.within(8, 20);
    site.cluster = { kind: 'told' };
    await pass(site, 10_000);
    const { length } = site.told;
    await pass(site, 100_000);
    expect([site.told.length, site.machine.clock.armed]).to.deep.equal([length, 0]);
  });

  const staleness: readonly (readonly [string, (site: WatcherSite) => Promise<unknown>])[] = [
    ['was stopped on purpose', (site) => site.during(site.watcher.stop({ names: ['web'], by: 'the cluster' }))],
    ['runs again', (site) => site.during(site.watcher.start({ names: ['web'], by: 'the cluster', oneShotArguments: {} }))],
    [
      'is no longer held',
      (site) => {
        site.letGo('web');
        return Promise.resolve();
      },
    ],
  ];
  for (const [what, happens] of staleness) {
    it(`is no longer told of once it ${what}`, async () => {
      const site = await held();
      site.cluster = { kind: 'unreachable', reason: 'no connection' };
      site.machine.end('web');
      await pass(site, 0);
      expect(site.told.length).to.equal(1);
      await happens(site);
      site.cluster = { kind: 'told' };
      const { length } = site.told;
      await pass(site, 100_000);
      expect([site.told.length, site.machine.clock.armed]).to.deep.equal([length, 0]);
    });
  }

  it('is not told of for a stop that somebody asked for, nor for a start that fails', async () => {
    const site = await held();
    await site.during(site.watcher.stop({ names: ['web'], by: 'the cluster', hold: true }));
    site.machine.broken.add('web');
    const [answer] = await site.during(site.watcher.start({ names: ['web'], by: 'the cluster', oneShotArguments: {} }));
    expect([answer?.outcome.kind, site.told.length, site.machine.clock.armed]).to.deep.equal(['failed', 0, 0]);
    await pass(site, 1_000_000);
    expect(site.told).to.deep.equal([]);
  });

  it('is neither told of nor restarted while somebody pauses it', async () => {
    const site = await held();
    site.pause(['web'], site.machine.clock.wall() + 10_000);
    site.machine.end('web');
    await pass(site, 5_000);
    expect([site.told.length, site.machine.startsOf('web')]).to.deep.equal([0, 1]);
  });

  it('that a resource was removed is said, and not tried again', async () => {
    const site = await held();
    site.cluster = { kind: 'unknown', reason: 'no such resource' };
    site.machine.end('web');
    await pass(site, 1_000_000);
    expect(site.told.length).to.equal(1);
    expect(site.logged.join('\n')).to.include('watchkeeper cluster release web');
  });

  it('shows what the cluster was told and what not: the incident, the tries, the next one, what hinders', async () => {
    const site = await held();
    expect(site.watcher.clusterReports()).to.deep.equal([]);
    site.cluster = { kind: 'unreachable', reason: 'no connection' };
    const at = site.machine.clock.wall();
    site.machine.end('web');
    await pass(site, 400);
    const [pending] = site.watcher.clusterReports();
    const incident = { daemon: 'web', resource: 'rsc-web', node: 'n1', at };
    // At once, and after 250 ms; the next one 500 ms later.
    expect(pending).to.include({ ...incident, state: 'pending', tries: 2, nextTry: at + 750, error: 'no connection' });
    expect(pending?.reason).to.match(/killed|exited/);
    site.cluster = { kind: 'told' };
    await pass(site, 1000);
    expect(site.watcher.clusterReports()[0]).to.include({ ...incident, state: 'told', tries: 3, nextTry: null, error: null });
    site.letGo('web');
    expect(site.watcher.clusterReports()).to.deep.equal([]);
  });

  it('shows what the cluster refuses to hear, and what it need not hear any more', async () => {
    const site = await held();
    site.cluster = { kind: 'unknown', reason: 'no such resource' };
    site.machine.end('web');
    await pass(site, 0);
    expect(site.watcher.clusterReports()[0]).to.include({ state: 'refused', tries: 1, nextTry: null, error: 'no such resource' });
    site.cluster = { kind: 'unreachable', reason: 'no connection' };
    await site.during(site.watcher.start({ names: ['web'], by: 'the cluster', oneShotArguments: {} }));
    site.machine.end('web');
    await pass(site, 0);
    await site.during(site.watcher.start({ names: ['web'], by: 'the cluster', oneShotArguments: {} }), 10);
    // Before the next try finds it out.
    expect(site.watcher.clusterReports()[0]).to.include({ state: 'outdated', tries: 1, nextTry: null });
    expect(site.watcher.clusterReports()[0]?.error).to.include('has taken its place');
  });

  it('is told of by a watcher that finds it gone, in the same boot', async () => {
    for (const [bootId, told] of [['boot', 1], ['an earlier boot', 0]] as const) {
      const site = new WatcherSite([WEB]);
      site.desired.set('web', 'up', 'the cluster');
      site.holds.put('web', { resource: 'rsc-web', node: 'n1', bootId, started: true, at: 1 });
      await site.begin();
      expect([site.told.length, site.machine.startsOf('web'), site.state('web')], bootId).to.deep.equal([told, 0, 'waiting']);
    }
  });

  it("is the watcher's again when the cluster lets go of it without a stop", async () => {
    const site = await held();
    site.machine.end('web');
    await pass(site, 0);
    site.letGo('web');
    await pass(site, 1000);
    expect([site.machine.startsOf('web'), site.state('web')]).to.deep.equal([2, 'running']);
  });
});
