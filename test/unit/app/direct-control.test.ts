import { expect } from 'chai';

import { DirectControl } from '../../../src/app/direct-control.js';
import { WatchkeeperError } from '../../../src/core/errors.js';
import { failed, skipped } from '../../../src/core/outcome.js';
import { NOT_ASKED } from '../../../src/core/role.js';
import type { ServiceManagerKind } from '../../../src/ports/service-manager.js';
import { FakeDesired, FakeHolds, FakeLocks, FakeManager, FakeRunner, LeapingClock, sampleCatalogue } from '../../support/control-fakes.js';

const SETUP = { executable: '/usr/lib/demo/setup', arguments: ['--quick'], timeout: 1000 };
const BY = 'daemon-util test (uid 0, pid 1)';

function world(kind: ServiceManagerKind = 'start-stop-daemon', setup = false) {
  const diary: string[] = [];
  const manager = new FakeManager(kind, diary);
  const desired = new FakeDesired(diary);
  const locks = new FakeLocks(diary);
  const runner = new FakeRunner(diary);
  const clock = new LeapingClock();
  const catalogue = sampleCatalogue(setup ? { setup: SETUP } : {});
  const control = new DirectControl({ catalogue, manager, desired, locks, runner, clock, bootId: 'boot', lockTimeout: 1000, holds: new FakeHolds(), roles: () => Promise.resolve(() => NOT_ASKED) });
  const start = (names: string[], oneShotArguments: Record<string, string[]> = {}) => control.start({ names, by: BY, oneShotArguments });
  const restart = (names: string[]) => control.restart({ names, by: BY, oneShotArguments: {} });
  const stop = (names: string[]) => control.stop({ names, by: BY });
  return { diary, manager, desired, locks, runner, clock, control, start, stop, restart };
}

const kinds = (outcomes: readonly { name: string; outcome: { kind: string } }[]) => outcomes.map(({ name, outcome }) => `${name} ${outcome.kind}`);

describe('control without a watcher', () => {
  it('writes down what is wanted, under the lock, before it starts', async () => {
    const { start, diary } = world();
    await start(['db'], { db: ['--once', 'a b'] });
    expect(diary).to.deep.equal(['lock daemon.db', 'want db up', 'start db --once a b', 'unlock daemon.db']);
  });

  it('leaves what is wanted on record as it is where the machine goes down', async () => {
    const { start, control, desired, diary } = world();
    await start(['db']);
    desired.set('api', 'down');
    const writes = desired.writes;
    for (const names of [['db'], ['db', 'api', 'web', 'metrics']]) await control.stop({ names, by: BY, unrecorded: true });
    expect([desired.writes - writes, desired.read('db')?.desired, desired.read('api')?.desired]).to.deep.equal([0, 'up', 'down']);
    expect(diary.filter((line) => line.startsWith('stop'))).to.deep.equal(['stop db', 'stop metrics', 'stop web', 'stop api', 'stop db']);
  });

  it('writes nothing where nothing changes', async () => {
    const { start, desired } = world();
    await start(['db']);
    await start(['db']);
    expect(desired.writes).to.equal(1);
  });

  it('starts one after the other in order without systemd, and holds one lock at a time', async () => {
    const { start, diary } = world();
    const outcomes = await start(['web', 'db', 'api']);
    expect(kinds(outcomes)).to.deep.equal(['db ok', 'api ok', 'web ok']);
    expect(diary.slice(0, 3), 'the whole intent first').to.deep.equal(['want db up', 'want api up', 'want web up']);
    expect(diary.slice(3)).to.deep.equal(['db', 'api', 'web'].flatMap((name) => [`lock daemon.${name}`, `start ${name}`, `unlock daemon.${name}`]));
  });

  it('starts wave by wave under systemd, and never runs the setup program there', async () => {
    const { start, diary } = world('systemd', true);
    await start(['metrics', 'db', 'api']);
    expect(diary.filter((line) => /^(start|run)/.test(line))).to.deep.equal(['start db + metrics', 'start api']);
  });

  it('starts all in one call where the units themselves keep the order, under the locks of all', async () => {
    const { start, manager, diary } = world('systemd');
    manager.orders.start = true;
    manager.startOutcomes.set('db', failed('failed', 'broken', 'mend it'));
    expect(kinds(await start(['web', 'db', 'api'])), 'what systemd began is told').to.deep.equal(['db failed', 'api ok', 'web ok']);
    expect(diary.filter((line) => !line.startsWith('want'))).to.deep.equal([
      ...['api', 'db', 'web'].map((name) => `lock daemon.${name}`), 'start db + api + web', ...['web', 'db', 'api'].map((name) => `unlock daemon.${name}`),
    ]);
  });

  it('stops all in one call where the units themselves keep the order, and else wave by wave', async () => {
    for (const [keeps, calls] of [[true, ['stop web + api + db']], [false, ['stop web', 'stop api', 'stop db']]] as const) {
      const { start, stop, manager, diary } = world('systemd');
      manager.orders.stop = keeps;
      await start(['db', 'api', 'web']);
      expect(kinds(await stop(['db', 'api', 'web']))).to.deep.equal(['web ok', 'api ok', 'db ok']);
      expect(diary.filter((line) => line.startsWith('stop'))).to.deep.equal(calls);
    }
  });

  it('never asks for more than one at a time without systemd, whatever the manager says of order', async () => {
    const { start, manager, diary } = world();
    manager.orders.start = true;
    await start(['db', 'api']);
    expect(diary.filter((line) => line.startsWith('start'))).to.deep.equal(['start db', 'start api']);
  });

  it('ends at the first failure and leaves later daemons without an outcome', async () => {
    const { start, manager, locks } = world();
    manager.startOutcomes.set('api', failed('failed', 'broken', 'mend it'));
    expect(kinds(await start(['db', 'api', 'web']))).to.deep.equal(['db ok', 'api failed']);
    expect(locks.held.size).to.equal(0);
  });

  it('takes what is skipped for no failure', async () => {
    const { start, manager } = world();
    manager.startOutcomes.set('api', skipped('not master'));
    expect(kinds(await start(['db', 'api', 'web']))).to.deep.equal(['db ok', 'api skipped', 'web ok']);
  });

  it('stops in reverse order, goes on after a failure, and leaves them wanted down', async () => {
    const { start, stop, manager, desired, diary } = world();
    await start(['db', 'api', 'web']);
    manager.stopOutcomes.set('api', failed('still-running', 'it outlived SIGKILL', 'a look'));
    diary.length = 0;
    expect(kinds(await stop(['db', 'api', 'web']))).to.deep.equal(['web ok', 'api failed', 'db ok']);
    expect(diary.filter((line) => line.startsWith('stop'))).to.deep.equal(['stop web', 'stop api', 'stop db']);
    expect(['db', 'api', 'web'].map((name) => desired.read(name)?.desired)).to.deep.equal(['down', 'down', 'down']);
    expect(desired.read('db')?.by).to.equal(BY);
  });

  it('runs the setup program once, and only if something is started', async () => {
    const { start, manager, diary } = world('start-stop-daemon', true);
    manager.running.set('db', 1);
    await start(['db']);
    expect(diary.filter((line) => line.startsWith('run'))).to.deep.equal([]);
    await start(['db', 'api', 'web']);
    expect(diary.filter((line) => line.startsWith('run'))).to.deep.equal(['run /usr/lib/demo/setup --quick']);
  });

  it('starts nothing where the setup program fails, and says what it said', async () => {
    const { start, runner, diary } = world('built-in', true);
    runner.result = { exit: { kind: 'exited', status: 3 }, timedOut: false, stdout: '', stderr: 'no space\n' };
    const [only, ...rest] = await start(['db', 'api']);
    expect(rest).to.deep.equal([]);
    expect(only?.outcome).to.include({ kind: 'failed', code: 'failed' });
    expect(only?.outcome.kind === 'failed' && only.outcome.reason).to.include('status 3').and.include('no space');
    expect(diary.filter((line) => line.startsWith('start'))).to.deep.equal([]);
  });

  it('tells the loser of a lock who holds it, changes nothing for it, and frees what it had', async () => {
    const { start, locks, desired, manager } = world();
    locks.takenByOthers.set('daemon.db', 'daemon-util stop db (pid 7) since 2 s');
    const [only] = await start(['db']);
    expect(only?.outcome).to.include({ kind: 'failed', code: 'locked' });
    expect(only?.outcome.kind === 'failed' && only.outcome.reason).to.include('daemon-util stop db (pid 7)');
    expect(desired.writes).to.equal(0);
    expect(manager.running.size).to.equal(0);
  });

  it('frees the first lock of a wave when it cannot have the second', async () => {
    const { start, locks, diary } = world('systemd');
    locks.takenByOthers.set('daemon.metrics', 'somebody');
    expect(kinds(await start(['db', 'metrics']))).to.deep.equal(['metrics failed']);
    expect(locks.held.size).to.equal(0);
    expect(diary.filter((line) => line.startsWith('start'))).to.deep.equal([]);
  });

  it('restarts one daemon under one lock, wanted up all the time', async () => {
    const { start, restart, diary, desired } = world();
    await start(['db']);
    diary.length = 0;
    await restart(['db']);
    expect(diary).to.deep.equal(['lock daemon.db', 'stop db', 'start db', 'unlock daemon.db']);
    expect(desired.read('db')?.desired).to.equal('up');
  });

  it('restarts several: all down in reverse, all up in order; what would not stop is told and not started', async () => {
    const { start, restart, diary, manager } = world();
    await start(['db', 'api', 'web']);
    manager.stopOutcomes.set('web', failed('still-running', 'it outlived SIGKILL', 'a look'));
    diary.length = 0;
    expect(kinds(await restart(['db', 'api', 'web']))).to.deep.equal(['web failed', 'db ok', 'api ok']);
    expect(diary.filter((line) => /^(start|stop)/.test(line))).to.deep.equal(['stop web', 'stop api', 'stop db', 'start db', 'start api']);
  });

  it('does nothing where the intent cannot be written', async () => {
    const { stop, desired, manager, locks } = world();
    manager.running.set('db', 1);
    desired.refusal = new WatchkeeperError('STATE_UNWRITABLE', 'cannot write', 'no space left', 'making room');
    const error = await stop(['db']).then(() => undefined, (reason: unknown) => reason);
    expect(error).to.equal(desired.refusal);
    expect(manager.running.has('db')).to.equal(true);
    expect(locks.held.size).to.equal(0);
  });

  it('frees its locks when the service manager breaks its promises', async () => {
    const { start, manager, locks } = world();
    manager.start = () => Promise.resolve([]);
    const error = await start(['db']).then(() => undefined, (reason: unknown) => reason);
    expect(error).to.be.instanceOf(Error);
    expect(locks.held.size).to.equal(0);
  });

  it('reports desired and observed state, apart from each other', async () => {
    const { control, manager, desired } = world();
    manager.running.set('db', 77);
    desired.set('api', 'down', 'daemon-util stop api (uid 0, pid 9)');
    const [db, api, web, metrics] = await control.status(['db', 'api', 'web', 'metrics']);
    expect(db).to.include({ observed: 'running', desired: 'up', pid: 77, uptime: 4000, ready: true, owner: 'watcher' });
    expect(api).to.include({ observed: 'stopped', desired: 'down', pid: null, reason: 'stopped by daemon-util stop api (uid 0, pid 9)' });
    expect(web).to.include({ observed: 'stopped', desired: 'up' });
    expect(metrics).to.include({ observed: 'stopped', desired: 'down' });
  });

  it('starts nothing under systemd that would bring back what was stopped by hand, unless it is named, too', async () => {
    const { start, restart, stop, desired, manager, diary } = world('systemd');
    await start(['db', 'api', 'web', 'metrics']);
    await stop(['db']);
    manager.running.delete('api');
    diary.length = 0;
    for (const refused of [await start(['api', 'web']), await restart(['api', 'web'])]) {
      expect(kinds(refused), 'web only comes after api').to.deep.equal(['api failed', 'web ok']);
      expect(refused[0]?.outcome).to.deep.include({ code: 'dependency', reason: `it requires db, which was stopped by ${BY}`, next: 'daemon-util start db, then the same again' });
    }
    expect(diary.filter((line) => /(start|stop|want) (api|db)/.test(line)), 'nothing is written or done of it').to.deep.equal([]);
    expect(kinds(await restart(['api']))).to.deep.equal(['api failed']);
    manager.running.set('db', 77);
    expect(kinds(await start(['api'])), 'somebody brought it back with systemctl').to.deep.equal(['api ok']);
    manager.running.clear();
    expect(kinds(await start(['db', 'api']))).to.deep.equal(['db ok', 'api ok']);
    await stop(['db', 'api', 'web', 'metrics']);
    expect(desired.read('db')).to.deep.include({ desired: 'down', whole: true });
    expect(kinds(await start(['api'])), 'a stop of all singles none out').to.deep.equal(['api ok']);
  });

  it('does not undo a stop by hand of one of many that are started or restarted', async () => {
    for (const kind of ['systemd', 'start-stop-daemon'] as const)
      for (const way of ['start', 'restart'] as const) {
        const { control, start, stop, manager, diary, desired } = world(kind);
        if (way === 'restart') await start(['db', 'api', 'web']);
        diary.length = 0;
        const plain = manager.start.bind(manager);
        let meddled = false;
        manager.start = async (requests) => {
          if (!meddled) {
            meddled = true;
            await stop(['api']);
          }
          return plain(requests);
        };
        const outcomes = await control[way]({ names: ['db', 'api', 'web'], by: 'somebody else', oneShotArguments: {} });
        expect(kinds(outcomes)).to.deep.equal(['db ok', 'api ok', 'web ok']);
        expect(outcomes[1]?.outcome).to.deep.include({ changed: false, detail: `stopped by ${BY}` });
        expect(diary.filter((line) => line.startsWith('start')), `${kind}, ${way}`).to.deep.equal(['start db', 'start web']);
        expect([manager.running.has('api'), desired.read('api')?.desired]).to.deep.equal([false, 'down']);
      }
  });

  it('leaves up what somebody starts while many are stopped, and says so', async () => {
    const { start, stop, manager, desired } = world('systemd');
    await start(['db', 'api', 'web']);
    const plain = manager.stop.bind(manager);
    manager.stop = async (specs) => {
      if (specs[0]?.name === 'web') await start(['db']);
      return plain(specs);
    };
    const outcomes = await stop(['db', 'api', 'web']);
    expect(kinds(outcomes)).to.deep.equal(['web ok', 'api ok', 'db failed']);
    expect(outcomes[2]?.outcome).to.deep.include({ code: 'canceled', reason: `started by ${BY} while others were stopped` });
    expect([manager.running.has('db'), desired.read('db')?.desired]).to.deep.equal([true, 'up']);
  });

  it('what is held, or was stopped by itself, stays so through a stop of all', async () => {
    const { control, start, stop, desired } = world();
    const all = ['db', 'api', 'web', 'metrics'];
    await control.stop({ names: ['db'], by: 'ops', hold: true });
    await stop(['api']);
    await stop(all);
    expect([desired.read('db')?.hold, desired.read('api')?.whole, desired.read('web')?.whole]).to.deep.equal([true, undefined, true]);
    desired.records.set('db', { desired: 'down', at: 0, by: 'ops', bootId: 'an earlier one', hold: true });
    await stop(all);
    expect(kinds(await start(all))).to.deep.equal(['db skipped', 'api ok', 'web ok', 'metrics ok']);
    expect(kinds(await start(['db']))).to.deep.equal(['db ok']);
  });

  it('brings back under systemd what a restart takes along, and nothing that was down before', async () => {
    const { start, stop, restart, manager, diary, desired } = world('systemd');
    await start(['db', 'api', 'metrics']);
    const plain = manager.stop.bind(manager);
    manager.stop = (specs) => {
      // Requires= is in the unit of api.
      if (specs.some(({ name }) => name === 'db')) manager.running.delete('api');
      return plain(specs);
    };
    diary.length = 0;
    expect(kinds(await restart(['db']))).to.deep.equal(['db ok', 'api ok']);
    expect(diary.filter((line) => /^(start|stop|want)/.test(line))).to.deep.equal(['stop db', 'start db', 'start api']);
    manager.startOutcomes.set('db', failed('failed', 'broken', 'mend it'));
    diary.length = 0;
    expect(kinds(await restart(['db'])), 'what it requires is not there').to.deep.equal(['db failed']);
    expect(diary.filter((line) => line.startsWith('start'))).to.deep.equal(['start db']);
    manager.startOutcomes.clear();
    await start(['db', 'api']);
    await stop(['api']);
    expect(kinds(await restart(['db']))).to.deep.equal(['db ok']);
    expect(desired.read('api')).to.include({ desired: 'down' });
  });

  it('does not bring back what somebody stops while the restart is under way', async () => {
    const { start, stop, restart, manager, desired } = world('systemd');
    await start(['db', 'api', 'metrics']);
    const plain = manager.stop.bind(manager);
    let isFirst = true;
    manager.stop = async (specs) => {
      if (!isFirst || !specs.some(({ name }) => name === 'db')) return plain(specs);
      isFirst = false;
      manager.running.delete('api');
      await stop(['api']);
      return plain(specs);
    };
    expect(kinds(await restart(['db']))).to.deep.equal(['db ok', 'api ok']);
    expect([manager.running.has('db'), manager.running.has('api'), desired.read('api')?.desired]).to.deep.equal([true, false, 'down']);
  });

  it('knows no daemon that the catalogue has not', async () => {
    const { start } = world();
    const error = await start(['no\nsuch']).then(() => undefined, (reason: unknown) => reason);
    expect(error).to.be.instanceOf(WatchkeeperError).with.property('code', 'UNKNOWN_DAEMON');
  });
});
