/** Handing events to hooks: in order, side by side, bounded, and never in anybody's way. */
import { expect } from 'chai';
import { Hooks } from '../../../src/app/hooks.js';
import { NewsHooks } from '../../../src/app/news-hooks.js';
import { RoleEvents, withRoleEvents } from '../../../src/app/role-events.js';
import type { DaemonStatus } from '../../../src/core/daemon-status.js';
import { DIRECTORY_HOOK, type HookEvent, type HookSpec } from '../../../src/core/hook.js';
import { ok } from '../../../src/core/outcome.js';
import type { Controller, NamedOutcome } from '../../../src/ports/controller.js';
import type { NewsItem } from '../../../src/ports/journal.js';
import type { Runner, RunOptions, RunResult } from '../../../src/ports/runner.js';
import { catalogueOf } from '../../support/control-fakes.js';
import { daemonSpec } from '../../support/daemon-spec.js';
import { FakeClock } from '../../support/fake-clock.js';

interface Run {
  readonly program: string;
  readonly options: RunOptions;
  readonly event: HookEvent & { readonly suppressed: number; readonly dropped: number };
  end(result?: Partial<RunResult>): void;
}

class Programs implements Runner {
  readonly runs: Run[] = [];
  readonly going = new Set<Run>();

  run(argv: readonly [string, ...string[]], options: RunOptions): Promise<RunResult> {
    return new Promise((resolve) => {
      const run: Run = {
        program: argv[0],
        options,
        event: JSON.parse(options.input ?? '') as Run['event'],
        end: (result = {}) => {
          this.going.delete(run);
          resolve({ exit: { kind: 'exited', status: 0 }, timedOut: false, stdout: '', stderr: '', ...result });
        },
      };
      options.abort?.addEventListener('abort', () => run.end({ timedOut: true }));
      this.going.add(run);
      this.runs.push(run);
    });
  }

  of(program: string): readonly Run[] {
    return this.runs.filter((run) => run.program === program);
  }
}

const EVENT: HookEvent = {
  event: 'crash', news: 'crash', id: 1, at: 0, daemon: 'web', role: null, members: [], reason: '', pid: null, restarts: null,
  nextTryMs: null, observed: null, desired: null, test: false,
};

function hook(name: string, rest: Partial<HookSpec> = {}): HookSpec {
  return { ...DIRECTORY_HOOK, rateLimit: { events: 1000, period: 1 }, name, on: [], argv: [`/hooks/${name}`], ...rest };
}

function world(hooks: readonly HookSpec[], listed: readonly string[] | (() => readonly string[]) = []) {
  const clock = new FakeClock();
  const runner = new Programs();
  const objections = new Map<string, string>();
  const log: string[] = [];
  const say = (level: string) => (_fields: object, message: string) => void log.push(`${level} ${message}`);
  const programs = {
    objection: (path: string) => objections.get(path),
    list: (directory: string) => (typeof listed === 'function' ? listed() : listed.filter((path) => path.startsWith(`${directory}/`))),
  };
  const under = new Hooks({ clock, runner, programs, log: { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') } }, { hooks, directory: '/hooks.d' });
  return { clock, runner, objections, log, hooks: under };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('hooks', () => {
  it('run side by side, and each one by one in the order of events', async () => {
    const { runner, hooks } = world([hook('slow'), hook('quick')]);
    for (const id of [1, 2, 3]) void hooks.announce({ ...EVENT, id });
    await turn();
    expect(runner.runs.map(({ program, event }) => `${program} ${event.id}`)).to.deep.equal(['/hooks/slow 1', '/hooks/quick 1']);
    for (const id of [1, 2, 3]) {
      expect(runner.of('/hooks/quick').at(-1)?.event.id).to.equal(id);
      runner.of('/hooks/quick').at(-1)?.end();
      await turn();
    }
    expect(runner.of('/hooks/slow')).to.have.length(1);
    runner.of('/hooks/slow')[0]?.end();
    await turn();
    expect(runner.of('/hooks/slow').map(({ event }) => event.id)).to.deep.equal([1, 2]);
  });

  it('come from the directory of the event, too', () => {
    const { hooks } = world([hook('mail', { on: ['given-up'] })], ['/hooks.d/crash/50-page', '/hooks.d/restart/10-note']);
    expect(hooks.select(EVENT).map(({ name }) => name)).to.deep.equal(['crash/50-page']);
    expect(hooks.select({ ...EVENT, event: 'given-up' }).map(({ name }) => name)).to.deep.equal(['mail']);
  });

  it('goes on with the others where a directory cannot be looked at, and says so', async () => {
    const { hooks, log, runner } = world([hook('mail')], () => {
      throw Object.assign(new Error('ELOOP: too many symbolic links'), { code: 'ELOOP' });
    });
    const told = hooks.announce(EVENT);
    await turn();
    runner.runs[0]?.end();
    expect((await told).map(({ kind }) => kind)).to.deep.equal(['ok']);
    expect(log[0]).to.equal('warn cannot look for hooks in /hooks.d/crash');
  });

  it('drop the oldest of too many that wait, and tell how many', async () => {
    const { runner, hooks } = world([hook('slow')]);
    const results = Array.from({ length: 111 }, (_, id) => hooks.announce({ ...EVENT, id }));
    await turn();
    // The first runs; of the other 110, the newest 100 wait.
    const dropped = await Promise.all(results.slice(1, 11));
    expect(dropped.flat().map(({ kind }) => kind)).to.deep.equal(Array(10).fill('dropped'));
    runner.runs[0]?.end();
    await turn();
    expect(runner.runs[1]?.event).to.include({ id: 11, dropped: 10 });
    runner.runs[1]?.end();
    await turn();
    expect(runner.runs[2]?.event).to.include({ id: 12, dropped: 0 });
  });

  it('are spared what their rate limit says, for each daemon and event apart', async () => {
    const { clock, runner, hooks } = world([hook('mail', { rateLimit: { events: 1, period: 1000 } })]);
    const tell = async (event: Partial<HookEvent>): Promise<void> => {
      void hooks.announce({ ...EVENT, ...event });
      await turn();
      [...runner.going].forEach((run) => run.end());
      await turn();
    };
    for (let id = 0; id < 5; id += 1) await tell({ id });
    await tell({ daemon: 'db' });
    await tell({ event: 'restart' });
    clock.advance(1000);
    await tell({ id: 9 });
    expect(runner.runs.map(({ event }) => [event.daemon, event.event, event.suppressed])).to.deep.equal([
      ['web', 'crash', 0], ['db', 'crash', 0], ['web', 'restart', 0], ['web', 'crash', 4],
    ]);
  });

  it('are not run where somebody else could have written them; that is looked at each time', async () => {
    const { runner, objections, hooks, log } = world([hook('mail')]);
    objections.set('/hooks/mail', '/hooks may be written by others');
    expect((await hooks.announce(EVENT)).map(({ kind, reason }) => [kind, reason])).to.deep.equal([['refused', '/hooks may be written by others']]);
    expect(runner.runs).to.deep.equal([]);
    expect(log.some((line) => line.startsWith('warn'))).to.equal(true);
    objections.clear();
    void hooks.announce(EVENT);
    await turn();
    expect(runner.runs).to.have.length(1);
  });

  it('fail without harm: a bad end and a runner that breaks are results', async () => {
    const { runner, hooks, log } = world([hook('mail')]);
    const bad = hooks.announce(EVENT);
    await turn();
    runner.runs[0]?.end({ exit: { kind: 'exited', status: 3 }, stderr: 'no route\n' });
    expect((await bad)[0]).to.include({ kind: 'failed', reason: 'exited with status 3' });
    expect(log.filter((line) => line.includes('no route'))).to.have.length(1);
    runner.run = () => Promise.reject(new Error('out of descriptors'));
    expect((await hooks.announce(EVENT))[0]).to.include({ kind: 'failed' });
  });

  it('get a while at the end, and are killed then; what waits is forgotten', async () => {
    const { clock, runner, hooks } = world([hook('slow'), hook('quick')]);
    const results = [hooks.announce(EVENT), hooks.announce({ ...EVENT, id: 2 })];
    await turn();
    runner.of('/hooks/quick')[0]?.end();
    await turn();
    runner.of('/hooks/quick')[1]?.end();
    const end = hooks.finish(500);
    await turn();
    clock.advance(499);
    expect(runner.going.size).to.equal(1);
    clock.advance(1);
    await end;
    expect(runner.going.size).to.equal(0);
    expect((await Promise.all(results)).flat().map(({ kind }) => kind).sort()).to.deep.equal(['dropped', 'failed', 'ok', 'ok']);
    expect(await hooks.announce(EVENT)).to.deep.equal([]);
    clock.expectNoTimers();
  });

  it('hold up nobody who ends when there are none', async () => {
    const { clock, hooks } = world([]);
    await hooks.finish(60_000);
    clock.expectNoTimers();
  });
});

describe('news for hooks', () => {
  const item = (news: NewsItem['news'], rest: Partial<NewsItem> = {}): NewsItem => ({ id: 1, at: 5, daemon: 'web', news, reason: 'why', delay: undefined, ...rest });
  const status = (rest: Partial<DaemonStatus>): DaemonStatus => ({
    name: 'web', desired: 'up', observed: 'running', ready: true, pid: null, uptime: null, owner: 'watcher', restarts: 0, nextTry: null, reason: '', lastExit: null, ...rest,
  });

  it('carry what was known at that moment: the pid of the one that ended, not of its successor', async () => {
    let now = status({ pid: 10 });
    const told: HookEvent[] = [];
    const announce = (event: HookEvent): Promise<[]> => {
      told.push(event);
      return Promise.resolve([]);
    };
    const news = new NewsHooks({ announce }, () => Promise.resolve(now));
    news.tell(item('ready'));
    now = status({ pid: null, observed: 'backing-off', restarts: 3 });
    news.tell(item('crash', { id: 2 }));
    news.tell(item('restart', { id: 3, delay: 1500.4 }));
    news.tell(item('start'));
    now = status({ pid: null, observed: 'backing-off' });
    news.tell(item('crash', { id: 4 }));
    await turn();
    expect(told.map(({ event, id, pid, restarts, nextTryMs, observed }) => [event, id, pid, restarts, nextTryMs, observed])).to.deep.equal([
      ['crash', 2, 10, 3, null, 'backing-off'],
      ['restart', 3, 10, 3, 1500, 'backing-off'],
      ['crash', 4, null, 0, null, 'backing-off'],
    ]);
  });

  it('are told though nothing is known of the daemon', async () => {
    const told: HookEvent[] = [];
    const news = new NewsHooks({ announce: (event) => (told.push(event), Promise.resolve([])) }, () => Promise.reject(new Error('no bus')));
    news.tell(item('given-up'));
    await turn();
    expect(told).to.have.length(1);
    expect(told[0]).to.include({ event: 'given-up', pid: null, observed: null });
  });
});

describe('roles for hooks', () => {
  const catalogue = catalogueOf([daemonSpec({ name: 'api', roles: ['master'] }), daemonSpec({ name: 'web', roles: ['master'] })], { roles: [{ name: 'master', description: '', target: undefined }] });

  function roles(listening: readonly HookSpec[]) {
    const diary: string[] = [];
    const { clock, runner, hooks } = world(listening);
    let up = false;
    const request = { names: ['api', 'web'], by: 'test', oneShotArguments: {} };
    const act = (what: string, state: boolean) => (): Promise<readonly NamedOutcome[]> => {
      diary.push(what);
      const changed = up !== state;
      up = state;
      return Promise.resolve(request.names.map((name) => ({ name, outcome: ok(changed, ''), took: 0 })));
    };
    const inner: Controller = {
      via: 'direct',
      start: act('start', true),
      stop: act('stop', false),
      restart: act('restart', true),
      status: (names) => {
        diary.push('status');
        return Promise.resolve(names.map((name) => ({ name, desired: 'up', observed: up ? 'running' : 'stopped', ready: up, pid: null, uptime: null, owner: 'watcher', restarts: 0, nextTry: null, reason: '', lastExit: null })));
      },
    };
    const events = new RoleEvents({ catalogue: () => catalogue, hooks, status: (names) => inner.status(names), clock });
    return { diary, clock, runner, request, controller: (waits: boolean) => withRoleEvents(inner, events, waits) };
  }

  it('role-stop is waited for before anything is stopped, as long as its time-out', async () => {
    const { diary, clock, runner, request, controller } = roles([hook('address', { on: ['role-stop'], timeout: 5000 })]);
    const control = controller(false);
    await control.start(request);
    const stop = control.stop(request);
    await turn();
    expect(runner.runs.map(({ event }) => [event.event, event.role, event.members])).to.deep.equal([['role-stop', 'master', ['api', 'web']]]);
    expect(diary).not.to.include('stop');
    runner.runs[0]?.end();
    await stop;
    expect(diary.at(-1)).to.equal('stop');
    clock.expectNoTimers();
    await control.start(request);
    const again = control.stop(request);
    await turn();
    clock.advance(5000);
    await again;
    expect(diary.at(-1), 'one that hangs is waited for no longer').to.equal('stop');
  });

  it('role-start comes after the start, and only who ends then waits for it', async () => {
    const { runner, request, controller } = roles([hook('address', { on: ['role-start'] })]);
    await controller(false).start(request);
    await turn();
    expect(runner.runs.map(({ event }) => event.event)).to.deep.equal(['role-start']);
    await controller(false).start(request);
    await turn();
    expect(runner.runs, 'nothing changed by the second').to.have.length(1);
  });

  it('waits where it must', async () => {
    const { runner, request, controller } = roles([hook('address', { on: ['role-start'] })]);
    let answered = false;
    const start = controller(true).start(request).then(() => (answered = true));
    await turn();
    expect([runner.runs.length, answered]).to.deep.equal([1, false]);
    runner.runs[0]?.end();
    await start;
  });

  it('costs nobody a look at the daemons where no hook listens', async () => {
    const { diary, request, controller } = roles([hook('mail', { on: ['crash'] })]);
    await controller(true).start(request);
    await controller(true).stop(request);
    expect(diary).to.deep.equal(['start', 'stop']);
  });
});
