/** Requests that overlap while the disk keeps each of them waiting. */
import { expect } from 'chai';

import { DirectControl } from '../../../src/app/direct-control.js';
import { Wishes } from '../../../src/app/wishes.js';
import { isUnfinished, type DesiredRecord } from '../../../src/core/desired-state.js';
import { NOT_ASKED } from '../../../src/core/role.js';
import type { Clock } from '../../../src/ports/clock.js';
import type { Lock, Locks } from '../../../src/ports/locks.js';
import type { DesiredStateStore } from '../../../src/ports/store.js';
import { FakeHolds, FakeManager, FakeRunner, sampleCatalogue } from '../../support/control-fakes.js';
import { daemonSpec } from '../../support/daemon-spec.js';
import { FakeClock } from '../../support/fake-clock.js';
import { NO_HOOKS, TaskWorld, taskSpec } from '../../support/task-world.js';
import { WatcherSite } from '../../support/watcher-site.js';

const ALL = ['db', 'api', 'web', 'metrics'];
const START_ALL = { names: ALL, by: 'start-all', oneShotArguments: {} };

class BusyStore implements DesiredStateStore {
  readonly records = new Map<string, DesiredRecord>();

  /** @param delay ms of each write */
  constructor(
    private readonly clock: Clock,
    private readonly delay: number,
  ) {}

  read(name: string): DesiredRecord | undefined {
    return this.records.get(name);
  }

  write(records: ReadonlyMap<string, DesiredRecord>): Promise<void> {
    return new Promise((resolve) => {
      this.clock.after(this.delay, () => {
        for (const [name, record] of records) this.records.set(name, record);
        resolve();
      });
    });
  }
}

/** One after the other, as by flock(2). */
class QueuedLocks implements Locks {
  readonly #last = new Map<string, Promise<void>>();

  async acquire(name: string): Promise<{ ok: true; lock: Lock }> {
    const before = this.#last.get(name) ?? Promise.resolve();
    let release = (): void => undefined;
    this.#last.set(name, before.then(() => new Promise<void>((resolve) => (release = resolve))));
    await before;
    await Promise.resolve();
    return { ok: true, lock: { release: () => release() } };
  }
}

describe('on a busy disk', () => {
  describe('under systemd', () => {
    let clock: FakeClock;
    let manager: FakeManager;
    let store: BusyStore;
    let control: () => DirectControl;

    beforeEach(() => {
      clock = new FakeClock();
      const diary: string[] = [];
      manager = new FakeManager('systemd', diary);
      const start = manager.start.bind(manager);
      manager.start = (requests) => new Promise((resolve, reject) => clock.after(100, () => void start(requests).then(resolve, reject)));
      store = new BusyStore(clock, 300);
      for (const name of ALL) store.records.set(name, { desired: 'up', at: 0, by: 'x', bootId: 'boot' });
      const wishes = new Wishes(store, clock, 'boot');
      const parts = { catalogue: sampleCatalogue(), manager, desired: store, wishes, locks: new QueuedLocks(), runner: new FakeRunner(diary), clock, bootId: 'boot', lockTimeout: 5000, holds: new FakeHolds(), roles: () => Promise.resolve(() => NOT_ASKED) };
      control = () => new DirectControl(parts);
    });

    it('a stop of all that is said during a start of all is not undone by that', async () => {
      const one = control();
      const start = one.start(START_ALL);
      await clock.advanceAsync(30);
      const stop = one.stop({ names: ALL, by: 'stop-all' });
      await clock.advanceAsync(10_000);
      await Promise.all([start, stop]);
      expect([...manager.running.keys()]).to.deep.equal([]);
      expect(ALL.map((name) => store.read(name)?.by)).to.deep.equal(ALL.map(() => 'stop-all'));
    });

    it('a start of all comes after a stop of all that was said before, also with a reload in between', async () => {
      for (const name of ALL) manager.running.set(name, 5);
      const stop = control().stop({ names: ALL, by: 'stop-all' });
      await clock.advanceAsync(30);
      const start = control().start(START_ALL);
      await clock.advanceAsync(10_000);
      await Promise.all([start, stop]);
      expect([...manager.running.keys()].sort()).to.deep.equal([...ALL].sort());
    });
  });

  describe('without systemd', () => {
    const [db, web] = [daemonSpec({ name: 'db' }), daemonSpec({ name: 'web' })];

    /** Each write takes 2 s from now on. */
    function busy(site: WatcherSite): void {
      const write = site.desired.write.bind(site.desired);
      site.desired.write = (records) => new Promise((resolve, reject) => site.machine.clock.after(2000, () => void write(records).then(resolve, reject)));
    }

    it('a start of all leaves what somebody holds, though that is not written yet', async () => {
      const site = await new WatcherSite([db, web]).begin();
      for (const name of ['db', 'web']) site.desired.set(name, 'up');
      busy(site);
      const stop = site.watcher.stop({ names: ['web'], by: 'ops', hold: true });
      await site.machine.clock.advanceAsync(500);
      const start = site.watcher.start({ names: ['db', 'web'], by: 'cron', oneShotArguments: {} });
      await site.machine.clock.advanceAsync(20_000);
      await Promise.all([stop, start]);
      expect([site.desired.read('web')?.hold, site.state('web'), site.state('db')]).to.deep.equal([true, 'stopped', 'running']);
    });

    it('nothing is started any more once all is stopped for good', async () => {
      const site = new WatcherSite([db]);
      site.desired.set('db', 'down');
      await site.begin();
      busy(site);
      const request = { names: ['db'], by: 'ops', oneShotArguments: {} };
      const asked = [site.watcher.restart(request), site.watcher.start(request)];
      await site.machine.clock.advanceAsync(500);
      await site.watcher.stopAll('SIGTERM');
      await site.machine.clock.advanceAsync(10_000);
      for (const [one] of await Promise.all(asked)) expect(one?.outcome).to.include({ kind: 'failed', code: 'canceled' });
      expect(site.state('db')).to.equal('stopped');
    });

    it('a stop counts from when it is on record: what was started before that is what it has left unfinished', async () => {
      const clock = new FakeClock();
      const store = new BusyStore(clock, 4000);
      const wishes = new Wishes(store, clock, 'boot');
      const words = [wishes.want([db], 'down', 'somebody'), wishes.want([web], 'down', 'ops')];
      await clock.advanceAsync(1000);
      const process = { pid: 7, startTicks: Math.floor(clock.monotonic() / 10), bootId: 'boot' };
      await clock.advanceAsync(10_000);
      await Promise.all(words);
      expect(isUnfinished(store.read('web'), process)).to.equal(true);
    });
  });

  describe('a run that its watcher could not begin any more is the next one\'s', () => {
    /** Ends the watcher while the record of a run waits for the disk. @returns how many programs the next one has started, with those before */
    async function next(world: TaskWorld, spec: ReturnType<typeof taskSpec>, tasks: ReturnType<TaskWorld['watcher']>, begin: () => unknown): Promise<number> {
      let write = (): void => undefined;
      world.disk = new Promise((resolve) => (write = resolve));
      await begin();
      await world.clock.advanceAsync(100);
      const end = tasks.end({ successor: true });
      write();
      world.disk = undefined;
      await world.clock.advanceAsync(60_000);
      await end;
      const successor = world.killed();
      await successor.begun([spec], NO_HOOKS);
      await successor.clock.advanceAsync(60_000);
      return successor.programs.length;
    }

    it('at boot', async () => {
      const world = new TaskWorld('2026-01-01T00:00:00Z');
      const spec = taskSpec('boot', { at: 'boot' });
      const tasks = world.watcher([spec]);
      expect(await next(world, spec, tasks, () => tasks.begin())).to.equal(1);
    });

    it('by hand', async () => {
      const world = new TaskWorld('2026-01-01T00:00:00Z');
      const spec = taskSpec('hand', {});
      const tasks = await world.begun([spec]);
      expect(await next(world, spec, tasks, () => tasks.run('hand', 'ops'))).to.equal(1);
    });

    it('out of the queue', async () => {
      const world = new TaskWorld('2026-01-01T00:00:00Z');
      world.duration = undefined;
      const spec = taskSpec('queued', { overlap: 'queue' });
      const tasks = await world.begun([spec]);
      for (const by of ['first', 'second']) {
        await tasks.run('queued', by);
        await world.clock.advanceAsync(10);
      }
      expect(await next(world, spec, tasks, () => world.programs[0]?.end())).to.equal(2);
    });
  });
});
