/** Scheduled tasks with a fake clock and the real node-cron. */
import { expect } from 'chai';

import { WatchkeeperError } from '../../../src/core/errors.js';
import { MOST_LINES, MOST_RUNS } from '../../../src/core/task-run.js';
import { NO_HOOKS, TaskWorld, taskSpec } from '../../support/task-world.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

async function refused(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof WatchkeeperError)) throw new Error(`no refusal, but ${String(error)}`);
  return error.code;
}

describe('Tasks', () => {
  describe('time', () => {
    it('runs at each scheduled instant, once, for days', async () => {
      const world = new TaskWorld('2026-11-20T12:00:00Z');
      await world.begun([taskSpec('a', { schedule: '0 */6 * * *' })]);
      await world.clock.advanceAsync(2 * DAY);
      expect(world.starts()).to.deep.equal(['18:00', '00:00', '06:00', '12:00', '18:00', '00:00', '06:00', '12:00'].map((time, index) => `2026-11-${20 + Math.floor((index + 3) / 4)}T${time}`));
    });

    it('across both changes of daylight saving, a daily task runs once a day, and an hourly one once an hour', async () => {
      for (const [begin, transition] of [['2026-03-28T00:00:00Z', '2026-03-29T01:00'], ['2026-10-24T00:00:00Z', '2026-10-25T00:30']] as const) {
        const world = new TaskWorld(begin);
        await world.begun([taskSpec('daily', { schedule: '30 2 * * *', timezone: 'Europe/Berlin' }), taskSpec('hourly', { schedule: '15 * * * *', timezone: 'Europe/Berlin' })]);
        await world.clock.advanceAsync(3 * DAY);
        const startsOf = (name: string): number[] => world.programs.filter(({ launch }) => launch.channel === name).map(({ at }) => at);
        expect(startsOf('daily').length, begin).to.equal(3);
        expect(new Date(startsOf('daily')[1] ?? 0).toISOString().slice(0, 16)).to.equal(transition);
        const hours = startsOf('hourly');
        expect([hours.length, hours.every((at, index) => index === 0 || at - (hours[index - 1] ?? 0) === HOUR)]).to.deep.equal([72, true]);
      }
    });

    it('a clock that is set back repeats nothing', async () => {
      const world = new TaskWorld('2026-11-20T01:59:30Z');
      await world.begun([taskSpec('a', { schedule: '0 2 * * *' })]);
      await world.clock.advanceAsync(MINUTE);
      expect(world.starts()).to.deep.equal(['2026-11-20T02:00']);
      world.clock.step(-2 * HOUR);
      await world.clock.advanceAsync(5 * HOUR);
      expect(world.programs.length).to.equal(1);
      await world.clock.advanceAsync(DAY);
      expect(world.starts()).to.deep.equal(['2026-11-20T02:00', '2026-11-21T02:00']);
    });

    it('a clock that is set forward loses nothing: seen within seconds', async () => {
      const world = new TaskWorld('2026-11-20T01:00:00Z');
      const tasks = await world.begun([taskSpec('a', { schedule: '0 2 * * *' })]);
      world.clock.step(2 * HOUR);
      await world.clock.advanceAsync(5000);
      expect(world.starts()).to.deep.equal(['2026-11-20T03:00']);
      expect(world.history(tasks, 'a')[0]?.scheduled).to.equal(Date.parse('2026-11-20T02:00:00Z'));
    });

    it('a clock that was years ahead: the schedule is followed at the right time again', async () => {
      const world = new TaskWorld('2030-01-01T01:30:00Z');
      await world.begun([taskSpec('a', { schedule: '0 * * * *' })]);
      await world.clock.advanceAsync(HOUR);
      world.clock.step(-3 * 365 * DAY);
      await world.clock.advanceAsync(2 * HOUR);
      expect(world.starts()).to.deep.equal(['2030-01-01T02:00', '2027-01-02T03:00', '2027-01-02T04:00']);
    });

    it('jitter delays within its bounds, and changes no schedule', async () => {
      const world = new TaskWorld('2026-11-20T00:00:00Z');
      world.clock.chance = 0.9;
      await world.begun([taskSpec('a', { schedule: '0 1 * * *', jitter: 10 * MINUTE })]);
      await world.clock.advanceAsync(2 * DAY);
      expect(world.starts()).to.deep.equal(['2026-11-20T01:09', '2026-11-21T01:09']);
    });
  });

  describe('one at a time', () => {
    it('skips what is due while the last run goes on, and counts it', async () => {
      const world = new TaskWorld('2026-11-20T00:00:30Z');
      world.duration = 150_000;
      const tasks = await world.begun([taskSpec('a', { schedule: '* * * * *' })]);
      await world.clock.advanceAsync(3 * MINUTE);
      expect(tasks.list()[0]?.skipped?.count).to.equal(2);
      await world.clock.advanceAsync(3 * MINUTE);
      expect(world.starts()).to.deep.equal(['2026-11-20T00:01', '2026-11-20T00:04']);
    });

    it('queues one, which follows at once', async () => {
      const world = new TaskWorld('2026-11-20T00:00:30Z');
      world.duration = 150_000;
      const tasks = await world.begun([taskSpec('a', { schedule: '* * * * *', overlap: 'queue' })]);
      await world.clock.advanceAsync(HOUR);
      const starts = world.programs.map(({ at }) => at);
      expect(starts.length).to.equal(24);
      expect(starts.every((at, index) => index === 0 || at - (starts[index - 1] ?? 0) === 150_000)).to.equal(true);
      expect(tasks.list()[0]?.queued).to.equal(true);
    });

    it('by hand: runs also what is disabled; refuses what runs, what is unknown, what may not', async () => {
      const world = new TaskWorld('2026-11-20T00:00:30Z');
      world.duration = undefined;
      const tasks = await world.begun([taskSpec('a', { schedule: '* * * * *', enabled: false }), taskSpec('b', { role: 'master' })]);
      expect(await tasks.run('a', 'somebody')).to.equal('started');
      await world.clock.advanceAsync(5 * MINUTE);
      expect(world.programs.length).to.equal(1);
      expect(await refused(tasks.run('a', 'somebody'))).to.equal('TASK_REFUSED');
      expect(await refused(tasks.run('c', 'somebody'))).to.equal('UNKNOWN_TASK');
      expect(await refused(tasks.run('b', 'somebody'))).to.equal('TASK_REFUSED');
      expect(world.programs.length).to.equal(1);
    });
  });

  it('runs only where the role is held, and onlyIf allows it', async () => {
    const world = new TaskWorld('2026-11-20T00:00:30Z');
    const tasks = await world.begun([taskSpec('role', { schedule: '0 * * * * *', role: 'master' }), taskSpec('if', { schedule: '30 * * * * *', onlyIf: ['/bin/x'] })]);
    world.onlyIfStatus = 1;
    for (const held of [undefined, false]) {
      world.holds = held;
      await world.clock.advanceAsync(MINUTE);
    }
    expect(world.programs.map(({ launch }) => launch.channel)).to.deep.equal([]);
    expect(tasks.list().map(({ skipped }) => skipped?.count)).to.deep.equal([2, 2]);
    world.holds = true;
    world.onlyIfStatus = 0;
    await world.clock.advanceAsync(MINUTE);
    expect(world.programs.map(({ launch }) => launch.channel)).to.deep.equal(['role', 'if']);
  });

  describe('on a busy disk', () => {
    it('runs nothing before that is on record, and all the same where the disk hangs', async () => {
      const world = new TaskWorld('2026-11-20T01:59:55Z');
      await world.begun([taskSpec('a', { schedule: '0 2 * * *' })]);
      let write = (): void => undefined;
      world.disk = new Promise((resolve) => (write = resolve));
      await world.clock.advanceAsync(8000);
      expect(world.programs.length).to.equal(0);
      write();
      await world.clock.advanceAsync(0);
      expect(world.starts()).to.deep.equal(['2026-11-20T02:00']);
      world.disk = new Promise(() => undefined);
      await world.clock.advanceAsync(DAY + 30_000);
      expect(world.starts()).to.deep.equal(['2026-11-20T02:00', '2026-11-21T02:00']);
      expect(world.logged.join('\n')).to.include('task a: the disk has not taken its record for 10 s; it is run all the same');
    });

    it('a watcher that ends meanwhile leaves it to the next one', async () => {
      const world = new TaskWorld('2026-11-20T01:59:55Z');
      const tasks = await world.begun([taskSpec('a', { schedule: '0 2 * * *', catchUp: 'once' })]);
      let write = (): void => undefined;
      world.disk = new Promise((resolve) => (write = resolve));
      await world.clock.advanceAsync(8000);
      const end = tasks.end();
      write();
      await end;
      const next = new TaskWorld('2026-11-20T02:00:10Z', world);
      await next.begun([taskSpec('a', { schedule: '0 2 * * *', catchUp: 'once' })]);
      await next.clock.advanceAsync(1000);
      expect(next.starts()).to.deep.equal(['2026-11-20T02:00']);
    });
  });

  it('runs no condition whose program others could have replaced', async () => {
    const world = new TaskWorld('2026-11-20T00:00:30Z');
    const tasks = await world.begun([taskSpec('if', { schedule: '30 * * * * *', onlyIf: ['/bin/x'] })]);
    world.onlyIfObjection = '/bin/x may be written by others (mode 0777)';
    await world.clock.advanceAsync(MINUTE);
    expect(world.programs).to.have.length(0);
    expect(tasks.list()[0]?.skipped?.why).to.equal('onlyIf is not run: /bin/x may be written by others (mode 0777)');
    expect(await tasks.run('if', 'ops').catch(String)).to.include('onlyIf is not run');
  });

  describe('boot', () => {
    const spec = taskSpec('boot', { at: 'boot' });

    it('runs once per boot, whatever becomes of the watcher', async () => {
      const world = new TaskWorld('2026-11-20T00:00:30Z');
      for (let watchers = 0; watchers < 3; watchers += 1) await (await world.begun([spec])).end();
      expect(world.programs.length).to.equal(1);
      world.boot = 'boot-2';
      await world.begun([spec]);
      expect(world.programs.length).to.equal(2);
    });

    it('a reload that brings it does not run it, nor does the next watcher of this boot', async () => {
      const world = new TaskWorld('2026-11-20T00:00:30Z');
      const tasks = await world.begun([]);
      tasks.reload([spec], NO_HOOKS);
      await world.clock.advanceAsync(HOUR);
      await world.begun([spec]);
      expect(world.programs.length).to.equal(0);
      world.boot = 'boot-2';
      await world.begun([spec]);
      expect(world.programs.length).to.equal(1);
    });
  });

  describe('a reload', () => {
    const hourly = taskSpec('a', { schedule: '0 * * * *' });

    it('runs nothing: neither new, nor changed, nor enabled, nor removed and brought back', async () => {
      const world = new TaskWorld('2026-11-20T00:30:00Z');
      const tasks = await world.begun([hourly]);
      await world.clock.advanceAsync(HOUR);
      expect(world.programs.length).to.equal(1);
      const versions = [
        [taskSpec('a', { schedule: '29 * * * *' }), taskSpec('new', { schedule: '30 * * * *', catchUp: 'once' })],
        [taskSpec('a', { schedule: '29 * * * *', enabled: false, catchUp: 'once' })],
        [],
        [taskSpec('a', { schedule: '* * * * *', catchUp: 'once' })],
        [hourly],
      ];
      for (const specs of versions) {
        tasks.reload(specs, NO_HOOKS);
        await world.clock.advanceAsync(10_000);
      }
      expect(world.programs.length).to.equal(1);
      await world.clock.advanceAsync(HOUR);
      expect(world.programs.length).to.equal(2);
    });

    it('keeps a due instant that is near, and what runs', async () => {
      const world = new TaskWorld('2026-11-20T00:59:59Z');
      world.duration = undefined;
      const tasks = await world.begun([hourly]);
      tasks.reload([{ ...hourly, timeout: 5 * MINUTE, environment: { A: 'b' } }], NO_HOOKS);
      await world.clock.advanceAsync(1000);
      expect(world.starts()).to.deep.equal(['2026-11-20T01:00']);
      tasks.reload([], NO_HOOKS);
      expect(world.programs[0]?.signals).to.deep.equal([]);
      world.programs[0]?.end();
    });

    it('in a file only, with a new watcher: runs nothing that it did not before either', async () => {
      const world = new TaskWorld('2026-11-20T00:30:00Z');
      await (await world.begun([taskSpec('a', { schedule: '0 * * * *', catchUp: 'once' })])).end();
      await world.clock.advanceAsync(2 * DAY);
      await world.begun([taskSpec('a', { schedule: '5 * * * *', catchUp: 'once' })]);
      expect(world.programs.length).to.equal(0);
    });
  });

  describe('watchers that come and go', () => {
    const daily = (catchUp: 'none' | 'once'): ReturnType<typeof taskSpec> => taskSpec('a', { schedule: '0 2 * * *', catchUp });

    it('catch-up: none, or one run for all days', async () => {
      for (const catchUp of ['none', 'once'] as const) {
        const world = new TaskWorld('2026-11-20T00:00:00Z');
        await (await world.begun([daily(catchUp)])).end();
        await world.clock.advanceAsync(5 * DAY + 12 * HOUR);
        const tasks = await world.begun([daily(catchUp)]);
        expect(world.starts(), catchUp).to.deep.equal(catchUp === 'once' ? ['2026-11-25T12:00'] : []);
        await tasks.end();
        await world.begun([daily(catchUp)]);
        expect(world.programs.length).to.equal(catchUp === 'once' ? 1 : 0);
      }
    });

    it('replaced across the due instant: the run takes place, once', async () => {
      const world = new TaskWorld('2026-11-20T01:59:59Z');
      await (await world.begun([daily('none')])).end();
      await world.clock.advanceAsync(5000);
      await (await world.begun([daily('none')])).end();
      await world.begun([daily('none')]);
      expect(world.programs.length).to.equal(1);
    });

    it('killed in the middle of a run: the next one counts it as running, hears its output, ends it in time', async () => {
      const world = new TaskWorld('2026-11-20T00:00:30Z');
      world.duration = undefined;
      const spec = taskSpec('a', { schedule: '* * * * *', timeout: 5 * MINUTE });
      await world.begun([spec]);
      await world.clock.advanceAsync(MINUTE);
      const next = world.killed();
      const tasks = await next.begun([spec]);
      expect(next.history(tasks, 'a').map(({ result }) => result)).to.deep.equal(['running']);
      next.programs[0]?.say('still there');
      await next.clock.advanceAsync(3 * MINUTE);
      expect([next.programs.length, next.programs[0]?.signals]).to.deep.equal([1, []]);
      // It was started half a minute before the watcher was killed.
      await next.clock.advanceAsync(90_000 + 5000);
      expect(next.programs[0]?.signals).to.deep.equal(['SIGTERM', 'SIGKILL']);
      expect(next.history(tasks, 'a')[0]).to.deep.include({ result: 'timed-out', output: ['still there'], took: 5 * MINUTE + 5000 });
    });

    it('a run that ended meanwhile is shown as cut off, and the next one comes', async () => {
      const world = new TaskWorld('2026-11-20T00:00:30Z');
      world.duration = undefined;
      const spec = taskSpec('a', { schedule: '* * * * *' });
      await world.begun([spec]);
      await world.clock.advanceAsync(30_000);
      const next = world.killed();
      next.live.clear();
      next.duration = 0;
      const tasks = await next.begun([spec]);
      expect(next.history(tasks, 'a').map(({ result }) => result)).to.deep.equal(['cut-off']);
      await next.clock.advanceAsync(MINUTE);
      expect(next.history(tasks, 'a').map(({ result }) => result)).to.deep.equal(['cut-off', 'ok']);
    });

    it('what was queued is run by the next watcher', async () => {
      const world = new TaskWorld('2026-11-20T00:00:30Z');
      world.duration = undefined;
      const spec = taskSpec('a', { schedule: '*/10 * * * *', overlap: 'queue', timeout: DAY });
      const tasks = await world.begun([spec]);
      await world.clock.advanceAsync(22 * MINUTE);
      const ending = tasks.end();
      await world.clock.settle(ending);
      expect(world.programs.map(({ signals }) => signals)).to.deep.equal([['SIGTERM', 'SIGKILL']]);
      await world.begun([spec]);
      expect(world.programs.length).to.equal(2);
    });
  });

  it('a watcher with a successor leaves what runs to it, with its output and its time-out', async () => {
    const world = new TaskWorld('2026-11-20T00:00:30Z');
    world.duration = undefined;
    const spec = taskSpec('a', { schedule: '*/10 * * * *', timeout: 5 * MINUTE });
    const tasks = await world.begun([spec]);
    await world.clock.advanceAsync(10 * MINUTE);
    world.programs[0]?.say('before');
    await world.clock.settle(tasks.end({ successor: true }));
    world.clock.expectNoTimers();
    expect(world.programs[0]?.signals).to.deep.equal([]);
    const next = world.killed();
    const later = await next.begun([spec]);
    next.programs[0]?.say('after');
    await next.clock.advanceAsync(5 * MINUTE);
    expect(next.programs.map(({ signals }) => signals)).to.deep.equal([['SIGTERM', 'SIGKILL']]);
    expect(next.history(later, 'a')).to.have.length(1);
    expect(next.history(later, 'a')[0]).to.deep.include({ result: 'timed-out', output: ['before', 'after'], omitted: 0 });
  });

  it('tells how a run ended, with the end of its output, and keeps a bounded history', async () => {
    const world = new TaskWorld('2026-11-20T00:00:30Z');
    world.duration = undefined;
    const tasks = await world.begun([taskSpec('a')]);
    await tasks.run('a', 'me');
    await world.clock.advanceAsync(0);
    for (let line = 1; line <= MOST_LINES + 5; line += 1) world.programs[0]?.say(`line ${line}`);
    await world.clock.advanceAsync(1500);
    world.programs[0]?.end({ kind: 'exited', status: 3 });
    await world.clock.advanceAsync(0);
    const [run] = world.history(tasks, 'a');
    expect(run).to.deep.include({ result: 'failed', exit: { kind: 'exited', status: 3 }, took: 1500, omitted: 5, scheduled: null });
    expect(run?.output.at(-1)).to.equal(`line ${MOST_LINES + 5}`);
    world.duration = 0;
    for (let round = 0; round < MOST_RUNS + 3; round += 1) {
      await tasks.run('a', 'me');
      await world.clock.advanceAsync(1);
    }
    expect(world.history(tasks, 'a').map(({ id }) => id)).to.deep.equal(Array.from({ length: MOST_RUNS }, (_, index) => index + 5));
    world.refusal = 'no such program';
    await tasks.run('a', 'me');
    await world.clock.advanceAsync(0);
    expect(world.history(tasks, 'a').at(-1)).to.include({ result: 'not-started', reason: 'no such program' });
  });

  it('hooks run after each interval, one after the other, and a slow one delays only hooks', async () => {
    const world = new TaskWorld('2026-11-20T00:00:00Z');
    world.duration = 20_000;
    world.hooks = { hooks: [{ name: 'a', path: '/h/a' }, { name: 'b', path: '/h/b' }], refused: [{ name: 'c', reason: 'no' }] };
    const tasks = await world.begun([taskSpec('t', { schedule: '* * * * *' })], { directory: '/h', interval: MINUTE, timeout: 10_000 });
    await world.clock.advanceAsync(3 * MINUTE);
    const hooks = world.programs.filter(({ launch }) => launch.channel.startsWith('hook:'));
    expect(hooks.map(({ launch }) => launch.argv[0])).to.deep.equal(['/h/a', '/h/b', '/h/a', '/h/b']);
    expect(hooks.every(({ signals }) => signals[0] === 'SIGTERM')).to.equal(true);
    expect(world.programs.length - hooks.length).to.equal(3);
    expect(world.history(tasks, 'hook:a')[0]?.result).to.equal('timed-out');
    expect(world.logged.filter((line) => line.includes('not run')).length, 'told once').to.equal(1);
    expect(tasks.list().map(({ name }) => name)).to.deep.equal(['t', 'hook:a', 'hook:b']);
  });

  it('ends within the time that it is given, whatever hangs', async () => {
    const limits = [200, 1000, 4000, 24_000, undefined];
    for (const limit of limits) {
      const world = new TaskWorld('2026-11-20T00:00:00Z');
      world.duration = undefined;
      const tasks = await world.begun([taskSpec('runs', { at: 'boot' }), taskSpec('asks', { at: 'boot', onlyIf: ['/bin/x'] })]);
      world.onlyIfHangs = true;
      const again = await world.begun([taskSpec('hangs', { at: 'boot', onlyIf: ['/bin/x'] })]);
      for (const [some, running] of [[tasks, 2], [again, 0]] as const) {
        const began = world.clock.monotonic();
        await world.clock.settle(some.end(limit === undefined ? {} : { limit }));
        const took = world.clock.monotonic() - began;
        expect(took, `of ${limit ?? 'the usual'} ms`).to.be.at.most(limit ?? 35_000);
        // Not at once either: what ends by itself is given the time.
        if (running > 0) expect(took).to.be.at.least(Math.min(limit ?? Infinity, 10_000) / 2);
      }
      expect(world.live.size, 'none is left').to.equal(0);
      expect(world.programs.map(({ signals }) => signals.join(' '))).to.deep.equal(['SIGTERM SIGKILL', 'SIGTERM SIGKILL']);
      world.clock.expectNoTimers();
    }
  });

  it('leaves no timer when it ends', async () => {
    const world = new TaskWorld('2026-11-20T00:00:00Z');
    const tasks = await world.begun([taskSpec('t', { schedule: '* * * * *', jitter: 5000 })], { directory: '/h', interval: MINUTE, timeout: 10_000 });
    await world.clock.advanceAsync(MINUTE);
    await world.clock.settle(tasks.end());
    world.clock.expectNoTimers();
    tasks.begin();
    world.clock.expectNoTimers();
  });
});
