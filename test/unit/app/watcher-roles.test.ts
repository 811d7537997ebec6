import { expect } from 'chai';

import type { RoleAnswer, RoleSource } from '../../../src/core/role.js';
import { daemonSpec } from '../../support/daemon-spec.js';
import { WatcherSite } from '../../support/watcher-site.js';

const SOURCE: RoleSource = { argv: ['/bin/true'], user: undefined, watch: [], interval: 300_000, timeout: 1000, startAfter: 30_000, stopAfter: 30_000, whenLost: 'leave' };
const HELD: RoleAnswer = { held: true, reason: 'this node is it' };
const LOST: RoleAnswer = { held: false, reason: 'node2 is it' };
const UNKNOWN: RoleAnswer = { held: undefined, reason: 'no such file' };

const NODED = daemonSpec({ name: 'noded' });
const WCONFD = daemonSpec({ name: 'wconfd', roles: ['master'] });
const LUXID = daemonSpec({ name: 'luxid', roles: ['master'], requires: ['wconfd'] });

function site(answer: RoleAnswer, whenLost: RoleSource['whenLost'] = 'leave'): WatcherSite {
  const made = new WatcherSite([NODED, WCONFD, LUXID], { roles: [{ name: 'master', description: '', target: undefined, source: { ...SOURCE, whenLost } }] });
  made.roles.set('master', answer);
  return made;
}

async function answer(at: WatcherSite, given: RoleAnswer): Promise<void> {
  at.roles.set('master', given);
  at.watcher.roles.answered();
  await at.machine.clock.advanceAsync(1000);
}

describe('app/watcher, roles', () => {
  for (const [word, given, reason] of [['lost', LOST, 'not master: node2 is it'], ['unknown', UNKNOWN, 'whether this node is master is not known: no such file']] as const) {
    it(`starts no daemon of a role that is ${word}, and says why`, async () => {
      const at = await site(given).begin();
      expect(at.machine.launches.map(({ name }) => name)).to.deep.equal(['noded']);
      expect([at.state('wconfd'), at.board.get('wconfd')?.reason]).to.deep.equal(['waiting', reason]);
      await at.machine.clock.advanceAsync(10_000_000);
      expect([at.machine.launches.length, at.machine.clock.armed]).to.deep.equal([1, 0]);
    });

    it(`an operator's start goes through where it is ${word}; what dies then stays down`, async () => {
      const at = await site(given).begin();
      const [outcome] = await at.during(at.watcher.start({ names: ['wconfd'], by: 'test', oneShotArguments: { wconfd: ['--force-node'] } }));
      expect([outcome?.outcome.kind, at.state('wconfd')]).to.deep.equal(['ok', 'running']);
      at.machine.end('wconfd');
      await at.machine.clock.advanceAsync(10_000_000);
      expect([at.state('wconfd'), at.machine.startsOf('wconfd')]).to.deep.equal(['waiting', 1]);
    });
  }

  it('a role that is gained starts its daemons in order, and only once it has settled', async () => {
    const at = await site(LOST).begin();
    await answer(at, HELD);
    expect(at.machine.launches.map(({ name }) => name)).to.deep.equal(['noded']);
    void at.watcher.roles.takeUp('master');
    await at.machine.clock.advanceAsync(1000);
    expect(at.machine.launches.map(({ name }) => name)).to.deep.equal(['noded', 'wconfd', 'luxid']);
  });

  it('what the cluster has started meanwhile is left as it is, and what it has stopped stays down', async () => {
    const at = await site(LOST).begin();
    await answer(at, HELD);
    await at.during(at.watcher.start({ names: ['wconfd'], by: 'the cluster', oneShotArguments: { wconfd: ['--no-voting'] } }));
    await at.during(at.watcher.stop({ names: ['luxid'], by: 'the cluster' }));
    void at.watcher.roles.takeUp('master');
    await at.machine.clock.advanceAsync(1000);
    expect([at.machine.startsOf('wconfd'), at.machine.startsOf('luxid'), at.state('luxid')]).to.deep.equal([1, 0, 'stopped']);
    expect(at.machine.launches.at(-1)?.arguments).to.include('--no-voting');
  });

  it('a role that is lost leaves its daemons running, but does not bring them back', async () => {
    const at = await site(HELD).begin();
    await answer(at, LOST);
    void at.watcher.roles.layDown('master');
    await at.machine.clock.advanceAsync(1000);
    expect([at.state('wconfd'), at.state('luxid')]).to.deep.equal(['running', 'running']);
    at.machine.end('wconfd');
    await at.machine.clock.advanceAsync(1_000_000);
    expect([at.state('wconfd'), at.machine.startsOf('wconfd')]).to.deep.equal(['waiting', 1]);
  });

  it('stops them where that is wished, and starts them again when it is back', async () => {
    const at = await site(HELD, 'stop').begin();
    await answer(at, LOST);
    expect(at.state('wconfd')).to.equal('running');
    void at.watcher.roles.layDown('master');
    await at.machine.clock.advanceAsync(1000);
    expect([at.state('noded'), at.state('wconfd'), at.state('luxid')]).to.deep.equal(['running', 'waiting', 'waiting']);
    expect(at.board.get('wconfd')?.desired).to.equal('up');
    await answer(at, HELD);
    void at.watcher.roles.takeUp('master');
    await at.machine.clock.advanceAsync(1000);
    expect([at.state('wconfd'), at.state('luxid')]).to.deep.equal(['running', 'running']);
  });

  it('spares what the cluster has started after the loss: a failover that goes back at once', async () => {
    const at = await site(HELD, 'stop').begin();
    await answer(at, LOST);
    await at.during(at.watcher.stop({ names: ['wconfd'], by: 'the cluster' }));
    await at.during(at.watcher.start({ names: ['wconfd'], by: 'the cluster', oneShotArguments: { wconfd: ['--force-node'] } }));
    void at.watcher.roles.layDown('master');
    await at.machine.clock.advanceAsync(1000);
    expect([at.state('wconfd'), at.state('luxid')]).to.deep.equal(['running', 'waiting']);
  });

  it('stops them in the reverse of the order in which they are started', async () => {
    const at = await site(HELD, 'stop').begin();
    await answer(at, LOST);
    await at.during(at.watcher.roles.layDown('master'));
    const stops = at.news.filter(({ news }) => news === 'stop').map(({ daemon, reason }) => `${daemon}: ${reason}`);
    expect(stops).to.deep.equal(['luxid', 'wconfd'].map((name) => `${name}: the role master is lost: not master: node2 is it`));
  });

  it('the answer at the start changes nothing of the order of the group', async () => {
    const at = site(UNKNOWN);
    await at.watcher.adopt();
    at.roles.set('master', HELD);
    at.watcher.roles.answered();
    expect(await at.watcher.roles.takeUp('master')).to.deep.equal([]);
    expect(at.machine.launches).to.deep.equal([]);
    await at.during(at.watcher.startGroup());
    expect(at.machine.launches.map(({ name }) => name)).to.deep.equal(['noded', 'wconfd', 'luxid']);
  });

  it('never stops a daemon because nobody knows', async () => {
    const at = await site(HELD, 'stop').begin();
    await answer(at, UNKNOWN);
    await at.machine.clock.advanceAsync(1_000_000);
    expect(at.state('wconfd')).to.equal('running');
  });

  it('what denies a role that is held is tried again when the role is confirmed, and nothing else is', async () => {
    const at = await site(HELD).begin();
    at.machine.end('wconfd', { kind: 'exited', status: 11 });
    at.machine.end('noded', { kind: 'exited', status: 11 });
    await at.during(at.watcher.stop({ names: ['luxid'], by: 'test' }));
    await at.during(at.watcher.roles.confirm('master'));
    expect([at.state('wconfd'), at.machine.startsOf('wconfd')]).to.deep.equal(['running', 2]);
    expect([at.state('noded'), at.state('luxid')]).to.deep.equal(['stopped', 'stopped']);
    at.machine.end('wconfd', { kind: 'exited', status: 11 });
    await answer(at, LOST);
    await at.during(at.watcher.roles.confirm('master'));
    expect(at.state('wconfd')).to.equal('stopped');
  });

  it('a daemon that says itself that it is not the master is no failure, and is started when the role is gained', async () => {
    const at = await site(HELD).begin();
    at.machine.end('wconfd', { kind: 'exited', status: 11 });
    await at.machine.clock.advanceAsync(1_000_000);
    expect([at.state('wconfd'), at.board.get('wconfd')?.reason, at.machine.startsOf('wconfd')]).to.deep.equal(['stopped', 'not master: it exited with status 11', 1]);
    expect(at.news.map(({ news }) => news)).not.to.include('crash');
    await answer(at, LOST);
    await answer(at, HELD);
    void at.watcher.roles.takeUp('master');
    await at.machine.clock.advanceAsync(1000);
    expect([at.state('wconfd'), at.machine.startsOf('wconfd')]).to.deep.equal(['running', 2]);
  });
});
