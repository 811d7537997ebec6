/** The watcher as the main process of a container, without systemd and without an init of others. */
import { chmodSync, copyFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';

import { BUNDLE, ContainerWorld, FRONT, INIT } from '../support/container-world.js';
import { buildOnce, IS_ROOT } from '../support/daemon-util-world.js';
import { eventually } from '../support/eventually.js';

describe('the main process of a container', function () {
  this.timeout(60_000);
  let world: ContainerWorld;

  before(function () {
    if (!IS_ROOT) this.skip();
    buildOnce();
  });
  beforeEach(() => (world = new ContainerWorld()));
  afterEach(() => world.cleanups.run());

  it('reaps strangers, and still sees how its own children end', async () => {
    const web = world.add('web');
    world.add('tired', { exits: { status: 5, after: 300 } }, { restart: { intensity: 1, period: '1h' } });
    world.write();
    const container = await world.container();
    await world.runningInside(container, 'web');
    const before = container.children().length;
    // Orphans twice over: the shells between end at once, and process 1 inherits.
    const orphans = await container.run('/bin/sh', '-c', 'for n in 1 2 3 4 5 6 7 8 9 10; do (/bin/sh -c "sleep 1 & sleep 1.1 & exit 0" &) ; done >/dev/null 2>&1');
    expect(orphans.status).to.equal(0);
    await eventually('process 1 has got them', () => container.children().filter(({ zombie }) => !zombie).length >= before + 20);
    await eventually('all of them are reaped', () => container.children().length === before, 10_000);
    web.mains().forEach((pid) => void process.kill(pid, 'SIGKILL'));
    await eventually('both ends are known', async () => {
      const daemons = (await world.statusInside(container))?.daemons;
      return daemons?.['web']?.restarts === 1 && daemons['tired']?.observed === 'crash-loop';
    }, 10_000);
    const daemons = (await world.statusInside(container))?.daemons;
    expect(daemons?.['web']?.lastExit).to.deep.equal({ kind: 'killed', signal: 'SIGKILL' });
    expect(daemons?.['tired']?.lastExit).to.deep.equal({ kind: 'exited', status: 5 });
    expect(container.children().filter(({ zombie }) => zombie)).to.deep.equal([]);
  });

  it('stops in reverse order within the budget, also what does not listen', async () => {
    const db = world.add('db', { stopTakes: 300 }, { stopTimeout: '30s' });
    const deaf = world.add('deaf', { ignoresStopSignal: true }, { requires: ['db'], stopTimeout: '30s' });
    const api = world.add('api', { stopTakes: 200 }, { requires: ['deaf'], stopTimeout: '30s' });
    world.write({ container: { stopBudget: '5s' } });
    const container = await world.container();
    await world.runningInside(container, 'db', 'deaf', 'api');
    const began = performance.now();
    container.signal('SIGTERM');
    const disorder: string[] = [];
    let over = false;
    const ended = container.ended.then(() => (over = true));
    await eventually('it has ended', () => {
      // From the last to the first, so that what is seen alive later was alive before.
      const alive = [api, deaf, db].map((daemon) => daemon.mains().length > 0);
      if ((alive[0] === true && alive[1] === false) || (alive[1] === true && alive[2] === false)) disorder.push(alive.join(' '));
      return over;
    }, 10_000);
    await ended;
    expect(await container.ended).to.equal(0);
    expect(performance.now() - began).to.be.lessThan(20_000);
    expect(disorder).to.deep.equal([]);
    // A daemon that ended by itself has taken its mark away; a killed one could not.
    expect([api.isReady(), deaf.isReady(), db.isReady()]).to.deep.equal([false, true, false]);
  });

  it('kills the rest when the budget is used up, however many stops follow each other', async () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    const daemons = names.map((name, index) => world.add(name, { ignoresStopSignal: true, children: 1, stubbornChildren: true }, { after: names.slice(0, index), stopTimeout: '1h' }));
    world.write({ container: { stopBudget: '2s' } });
    const container = await world.container();
    await world.runningInside(container, ...names);
    const began = performance.now();
    container.signal('SIGTERM');
    container.signal('SIGTERM'); // a second one changes nothing here
    expect(await container.ended, world.containerOutput.slice(-3000)).to.equal(0);
    expect(performance.now() - began).to.be.lessThan(20_000);
    expect(daemons.flatMap((daemon) => [...daemon.mains(), ...daemon.children()])).to.deep.equal([]);
  });

  it('ends scheduled tasks within the same budget, and writes down how', async () => {
    world.add('web', { stopTakes: 500 });
    const deaf = ['/bin/sh', '-c', `trap '' TERM; echo $$ >${join(world.directory, 'task')}; while :; do sleep 0.1; done`];
    world.write({ container: { stopBudget: '4s' }, tasks: { deaf: { argv: deaf, at: 'boot' }, quick: { argv: ['/bin/sleep', '600'], at: 'boot' } } });
    const container = await world.container();
    await world.runningInside(container, 'web');
    await eventually('the task runs', () => existsIn(world.directory, 'task'));
    const began = performance.now();
    container.signal('SIGTERM');
    expect(await container.ended).to.equal(0);
    expect(performance.now() - began).to.be.lessThan(20_000);
    const results = await Promise.all(['deaf', 'quick'].map(async (name) => {
      const { stdout } = await world.watchkeeper('tasks', 'history', name, '--json');
      return (JSON.parse(stdout) as { runs: { exit: unknown }[] }).runs.map(({ exit }) => exit);
    }));
    expect(results).to.deep.equal([[{ kind: 'killed', signal: 'SIGKILL' }], [{ kind: 'killed', signal: 'SIGTERM' }]]);
  });

  it('kills what somebody was stopping already, with more patience than the budget has', async () => {
    const db = world.add('db', { children: 1 }, { stopTimeout: '1h' });
    const deaf = world.add('deaf', { ignoresStopSignal: true, children: 1, stubbornChildren: true }, { requires: ['db'], stopTimeout: '1h' });
    world.write({ container: { stopBudget: '2s' } });
    const container = await world.container();
    await world.runningInside(container, 'db', 'deaf');
    const stop = container.run(process.execPath, BUNDLE, 'daemon-util', '--config', world.config, 'stop', 'deaf');
    await eventually('it is being stopped', async () => (await world.statusInside(container))?.daemons['deaf']?.observed === 'stopping');
    const began = performance.now();
    container.signal('SIGTERM');
    expect(await container.ended).to.equal(0);
    expect(performance.now() - began).to.be.lessThan(20_000);
    expect([db, deaf].flatMap((daemon) => [...daemon.mains(), ...daemon.children()])).to.deep.equal([]);
    await stop;
  });

  it('ends with 69, the others stopped in order, when an essential daemon is given up; the next life tries again', async () => {
    const other = world.add('other');
    const vital = world.add('vital', { exits: { status: 78, after: 400 } }, { essential: true, requires: ['other'] });
    world.add('spare', { exits: { status: 78, after: 100 } });
    world.write();
    for (const life of [1, 2]) {
      const container = await world.enter(FRONT, 'run', '--config', world.config);
      expect(await container.ended, `life ${life}: ${world.containerOutput.slice(-1500)}`).to.equal(69);
      expect([vital.starts(), other.starts()]).to.deep.equal([life, life]);
      expect([other.isReady(), ...other.mains()], 'it ended by itself').to.deep.equal([false]);
    }
  });

  it('ends with 137 when the watcher is killed, and leaves nothing', async () => {
    const web = world.add('web', { children: 2 });
    world.write();
    const container = await world.container();
    await world.runningInside(container, 'web');
    const [watcher] = container.children();
    if (watcher === undefined) throw new Error('process 1 has no child');
    process.kill(watcher.pid, 'SIGKILL');
    expect(await container.ended).to.equal(137);
    expect([...web.mains(), ...web.children()]).to.deep.equal([]);
  });

  it('passes signals on: HUP reloads, USR1, USR2 and WINCH harm nobody, INT and QUIT stop', async () => {
    const web = world.add('web');
    world.write();
    for (const last of ['SIGINT', 'SIGQUIT'] as const) {
      const container = await world.container();
      await world.runningInside(container, 'web');
      for (const signal of ['SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGCONT'] as const) container.signal(signal);
      const name = `late-${last.toLowerCase()}`;
      world.add(name);
      world.write();
      container.signal('SIGHUP');
      await eventually('the new daemon is known', async () => (await world.statusInside(container))?.daemons[name] !== undefined, 10_000);
      container.signal(last);
      expect(await container.ended).to.equal(0);
      expect([web.isReady(), ...web.mains()]).to.deep.equal([false]);
    }
  });

  it('knows another init by its name', async () => {
    const tini = join(world.directory, 'tini');
    copyFileSync(INIT, tini);
    chmodSync(tini, 0o755);
    const web = world.add('web');
    world.write();
    const container = await world.enter(tini, '/usr/bin/env', '-u', 'WATCHKEEPER_CONTAINER_INIT', process.execPath, BUNDLE, 'watchkeeper', 'run', '--config', world.config);
    await world.runningInside(container, 'web');
    container.signal('SIGTERM');
    expect(await container.ended).to.equal(0);
    expect(web.isReady(), 'it was stopped, not killed with process 1').to.equal(false);
  });

  it('refuses to be process 1 without an init, and says what to do', async () => {
    world.add('web');
    world.write();
    const bare = await world.enter(process.execPath, BUNDLE, 'watchkeeper', 'run', '--config', world.config);
    expect(await bare.ended).to.equal(1);
    expect(world.containerOutput).to.include('docker run --init');
    const withoutPerl = await world.enter('/bin/sh', '-c', 'mount --bind /dev/null /usr/bin/perl && exec "$@"', 'sh', FRONT, 'run', '--config', world.config);
    expect(await withoutPerl.ended).to.equal(5);
    expect(world.containerOutput).to.include('perl-base');
  });
});

describe('scripts/container-init', function () {
  this.timeout(30_000);
  let world: ContainerWorld;

  before(function () {
    if (!IS_ROOT) this.skip();
  });
  beforeEach(() => (world = new ContainerWorld()));
  afterEach(() => world.cleanups.run());

  const init = (...argv: string[]): Promise<Awaited<ReturnType<ContainerWorld['enter']>>> => world.enter(INIT, ...argv);

  it('ends as its program ends', async () => {
    expect(await (await init('/bin/sh', '-c', 'exit 7')).ended).to.equal(7);
    expect(await (await init('/bin/sh', '-c', 'kill -KILL $$')).ended).to.equal(137);
    expect(await (await init(join(world.directory, 'missing'))).ended).to.equal(127);
  });

  it('loses no signal, however early and quick, and passes words for shutdown on as TERM', async () => {
    const script = 'my %got; $SIG{$_} = sub { $got{$_[0]}++ } for qw(HUP USR1 TERM); $| = 1; print "listens\n"; select undef, undef, undef, 0.1 until $got{USR1} && ($got{TERM} // 0) >= 3; print "end $got{HUP}\n"';
    const namespace = await init('/usr/bin/perl', '-e', script);
    await eventually('it listens', () => world.containerOutput.includes('listens'));
    namespace.signal('SIGHUP');
    namespace.signal('SIGUSR1');
    // Signals of one kind that come together are one signal: one after the other.
    for (const words of [['-TERM'], ['-PWR'], ['-37']]) {
      await namespace.run('/bin/sh', '-c', `kill ${words.join(' ')} 1; sleep 0.2`);
    }
    expect(await namespace.ended).to.equal(0);
    expect(world.containerOutput).to.include('end 1');
  });

  it('asks what is left to end, and does not wait for it for long', async () => {
    const polite = await init('/bin/sh', '-c', `(trap 'sleep 0.3; : >${world.directory}/ended-well; exit' TERM; while :; do sleep 0.05; done) & sleep 0.2; exit 3`);
    expect(await polite.ended).to.equal(3);
    await eventually('it could end well', () => existsIn(world.directory, 'ended-well'), 100);
    const began = performance.now();
    const stubborn = await init('/bin/sh', '-c', `(trap '' TERM; sleep 60) & sleep 0.2; exit 4`);
    expect(await stubborn.ended).to.equal(4);
    expect(performance.now() - began).to.be.within(2500, 30_000);
  });

  it('refuses to be anything but process 1', async () => {
    const namespace = await world.enter('/bin/sh', '-c', `"${INIT}" /bin/true; exit $?`);
    expect(await namespace.ended).to.equal(1);
  });
});

function existsIn(directory: string, name: string): boolean {
  return readdirSync(directory).includes(name);
}
