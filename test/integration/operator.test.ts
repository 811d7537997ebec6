/** An operator's words beyond start and stop, with real daemons: retry-now, reset, stop --hold, boot policies; and restartWith. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';

import { buildOnce } from '../support/daemon-util-world.js';
import { eventually } from '../support/eventually.js';
import { powerCut } from '../support/reboot.js';
import type { TestDaemon } from '../support/test-daemon.js';
import { WatcherWorld } from '../support/watcher-world.js';

/** ms; for a machine that is busy with other things. */
const PATIENCE = 15_000;
const LOOPS = { immediateRestarts: 2, baseDelay: '20ms', maxDelay: '50ms', intensity: 3, period: '10m', slowRetryDelay: '10m' };

describe('an operator without systemd', function () {
  this.timeout(90_000);
  let world: WatcherWorld;

  before(() => buildOnce());
  beforeEach(() => (world = new WatcherWorld()));
  afterEach(() => world.cleanups.run());

  async function reaches(name: string, state: string): Promise<void> {
    await eventually(`${name} is ${state}`, async () => (await world.observed(name)) === state, PATIENCE);
  }

  /** Exits with `status` as long as its flag stands. */
  function addFlagged(name: string, status: number): string {
    const flag = join(world.directory, `${name}.flag`);
    const script = join(world.directory, name);
    writeFileSync(flag, '');
    writeFileSync(script, `#!/bin/sh\n[ -e ${flag} ] && exit ${status}\nexec sleep 600\n`, { mode: 0o755 });
    world.add(name, {}, { executable: script, arguments: [], readiness: { kind: 'settled', settle: '50ms' }, restart: LOOPS });
    return flag;
  }

  const told = async (name: string): Promise<{ restarts: number; nextTry: number | null; reason: string; observed: string }> => {
    const status = (await world.status(name)).daemons[name];
    if (status === undefined) throw new Error(`no status of ${name}`);
    return status;
  };

  it('retry-now: at once in place of in ten minutes, also what is given up; failures stay on record', async () => {
    const looping = addFlagged('looping', 3);
    const hopeless = addFlagged('hopeless', 78);
    world.write();
    await world.startWatcher();
    await Promise.all([reaches('looping', 'crash-loop'), reaches('hopeless', 'given-up')]);
    const before = await told('looping');
    expect(before.nextTry).to.be.greaterThan(60_000);

    const vain = await world.watchkeeper('retry-now', 'looping', 'hopeless');
    expect(vain.status).to.equal(1);
    expect(vain.stderr).to.match(/^looping: .*exited with status 3/m).and.to.match(/^hopeless: .*exited with status 78/m);
    // One attempt, and the loop goes on: had it been forgotten, there would be quick restarts again.
    await reaches('looping', 'crash-loop');
    expect((await told('looping')).restarts).to.equal(before.restarts + 1);
    expect((await told('hopeless')).observed).to.equal('given-up');

    for (const flag of [looping, hopeless]) rmSync(flag);
    const { status, stdout } = await world.watchkeeper('retry-now', 'looping', 'hopeless');
    expect([status, stdout.trim().split('\n').map((line) => line.split(':')[0]).sort()]).to.deep.equal([0, ['hopeless', 'looping']]);
    expect([(await told('looping')).observed, (await told('hopeless')).observed]).to.deep.equal(['running', 'running']);
    const again = await world.watchkeeper('retry-now', 'looping');
    expect([again.status, again.stderr]).to.deep.equal([0, '']);
  });

  it('reset: forgets failures and counts, and begins anew', async () => {
    const flag = addFlagged('looping', 3);
    const web = world.add('web');
    world.write();
    await world.startWatcher();
    await Promise.all([reaches('looping', 'crash-loop'), world.running('web', PATIENCE)]);
    web.mains().forEach((pid) => process.kill(pid, 'SIGKILL'));
    await eventually('it was restarted', async () => (await told('web')).restarts === 1, PATIENCE);
    await world.running('web', PATIENCE);
    const [pid] = web.mains();
    expect((await world.watchkeeper('reset', 'web')).status).to.equal(0);
    expect([(await told('web')).restarts, web.mains()]).to.deep.equal([0, [pid]]);

    const vain = await world.watchkeeper('reset', 'looping');
    expect([vain.status, vain.stderr.includes('exited with status 3')]).to.deep.equal([1, true]);
    // Its failures forgotten, it loops only after as many restarts as a fresh one.
    await reaches('looping', 'crash-loop');
    expect((await told('looping')).restarts).to.equal(LOOPS.intensity - 1);
    rmSync(flag);
    expect((await world.watchkeeper('reset', 'looping')).status).to.equal(0);
    expect(await told('looping')).to.include({ observed: 'running', restarts: 0 });
  });

  it('retry-now and reset start nothing that is wanted down, and refuse what makes no sense', async () => {
    const web = world.add('web');
    world.write();
    for (const command of ['retry-now', 'reset']) {
      const absent = await world.watchkeeper(command, 'web');
      expect([command, absent.status]).to.deep.equal([command, 1]);
      expect(absent.stderr).to.include('no watcher runs').and.to.include('daemon-util start web');
    }
    await world.startWatcher();
    await world.running('web', PATIENCE);
    expect((await world.run('stop', 'web')).status).to.equal(0);
    for (const command of ['retry-now', 'reset']) {
      const down = await world.watchkeeper(command, 'web');
      expect([command, down.status]).to.deep.equal([command, 0]);
      expect(down.stdout).to.match(/^web: wanted down: /);
      const unknown = await world.watchkeeper(command, 'web', 'wob');
      expect([command, unknown.status]).to.deep.equal([command, 1]);
      expect(unknown.stderr).to.include('wob').and.to.include('try');
    }
    expect([web.starts(), web.mains()]).to.deep.equal([1, []]);
  });

  it('stop --hold: down through stop-all and start-all, a new watcher and a boot, whatever the boot policy, until it is started by name', async () => {
    const web = world.add('web', {}, { boot: 'always' });
    const db = world.add('db');
    const all = [web, db];
    world.write();
    let watcher = await world.startWatcher();
    await Promise.all([world.running('web', PATIENCE), world.running('db', PATIENCE)]);
    const held = await world.watchkeeper('stop', '--hold', 'web');
    expect([held.status, held.stderr, web.mains()]).to.deep.equal([0, '', []]);

    expect((await world.run('stop-all')).status, 'as the init script of a node does').to.equal(0);
    const startAll = await world.run('start-all');
    expect(startAll.status).to.equal(0);
    expect((await told('web')).observed).to.equal('stopped');
    watcher.kill('SIGTERM');
    await watcher.ended;
    // Also where daemon-util acts itself.
    expect((await world.run('start-all')).status).to.equal(0);
    expect(web.mains()).to.deep.equal([]);
    watcher = await world.startWatcher();
    await world.running('db', PATIENCE);
    expect((await told('web')).reason).to.match(/^held down by watchkeeper stop \(uid/);

    await powerCut(world, watcher, all);
    watcher = await world.startWatcher();
    await world.running('db', PATIENCE);
    await reaches('web', 'stopped');
    expect((await world.watchkeeper('retry-now', 'web')).stdout).to.include('wanted down: held down by');
    expect(web.starts()).to.equal(1);

    expect((await world.run('start', 'web')).status).to.equal(0);
    expect(web.starts()).to.equal(2);
    await powerCut(world, watcher, all);
    await world.startWatcher();
    await world.running('web', PATIENCE);
  });

  it('stop --hold without a watcher is known to the next one', async () => {
    const web = world.add('web', {}, { boot: 'always' });
    world.write();
    expect((await world.run('start', 'web')).status).to.equal(0);
    expect((await world.watchkeeper('stop', '--hold', 'web')).status).to.equal(0);
    expect(web.mains()).to.deep.equal([]);
    expect((await world.watchkeeper('stop', '--hold', 'wob')).status).to.equal(1);
    await powerCut(world, undefined, [web]);
    await world.startWatcher();
    await reaches('web', 'stopped');
    expect([web.starts(), (await told('web')).reason.startsWith('held down by')]).to.deep.equal([1, true]);
  });

  it('boot policies: always, last and never, after a boot that nobody expected, and after a stop by hand', async () => {
    const names = ['always', 'last', 'never', 'always-stopped', 'last-stopped', 'never-stopped'] as const;
    const daemons = new Map<string, TestDaemon>(names.map((name) => [name, world.add(name, {}, { boot: name.split('-')[0] })]));
    const all = [...daemons.values()];
    world.write();
    let watcher = await world.startWatcher();
    // Nobody has asked for these yet.
    await reaches('never', 'stopped');
    expect((await told('never')).reason).to.include('boot policy never');
    await Promise.all(names.filter((name) => !name.startsWith('never')).map((name) => world.running(name, PATIENCE)));
    for (const name of names) expect((await world.run('start', name)).status, name).to.equal(0);
    for (const name of names.filter((one) => one.endsWith('stopped'))) expect((await world.run('stop', name)).status, name).to.equal(0);
    const counts = (): Record<string, number> => Object.fromEntries(names.map((name) => [name, daemons.get(name)?.mains().length ?? 0]));
    const beforeBoot = { always: 1, last: 1, never: 1, 'always-stopped': 0, 'last-stopped': 0, 'never-stopped': 0 };
    expect(counts()).to.deep.equal(beforeBoot);

    // A new watcher in the same boot changes nothing about it.
    watcher.kill('SIGKILL');
    await watcher.ended;
    watcher = await world.startWatcher();
    await world.running('never', PATIENCE);
    expect(counts()).to.deep.equal(beforeBoot);

    await powerCut(world, watcher, all);
    await world.startWatcher();
    await Promise.all(['always', 'last', 'always-stopped'].map((name) => world.running(name, PATIENCE)));
    await Promise.all(['never', 'last-stopped', 'never-stopped'].map((name) => reaches(name, 'stopped')));
    expect(counts()).to.deep.equal({ always: 1, last: 1, never: 0, 'always-stopped': 1, 'last-stopped': 0, 'never-stopped': 0 });
    expect((await world.run('start', 'never')).status).to.equal(0);
    await world.running('never', PATIENCE);
  });

  it('restartWith: restarts a dependant once what it requires is back, and leaves the others', async () => {
    const db = world.add('db', { readyAfter: 100 });
    const follows = world.add('follows', {}, { requires: ['db'], restartWith: ['db'] });
    const leaf = world.add('leaf', {}, { requires: ['follows'], restartWith: ['follows'] });
    const stays = world.add('stays', {}, { requires: ['db'] });
    const down = world.add('down', {}, { requires: ['db'], restartWith: ['db'] });
    world.write();
    await world.startWatcher();
    await Promise.all(['db', 'follows', 'leaf', 'stays', 'down'].map((name) => world.running(name, PATIENCE)));
    expect((await world.run('stop', 'down')).status).to.equal(0);
    const [kept] = stays.mains();
    db.mains().forEach((pid) => process.kill(pid, 'SIGKILL'));
    await eventually('those that chose so were restarted', () => [db, follows, leaf].every((one) => one.starts() === 2 && one.mains().length === 1), PATIENCE);
    await Promise.all(['db', 'follows', 'leaf'].map((name) => world.running(name, PATIENCE)));
    const events = (await world.watchkeeper('events', '--json', '--lines', '200')).stdout.trim().split('\n').map((line) => JSON.parse(line) as { daemon: string; news: string; reason: string });
    const order = events.map(({ daemon, news }) => `${daemon} ${news}`);
    expect(order.lastIndexOf('follows stop')).to.be.greaterThan(order.lastIndexOf('db ready'), 'not before it is ready again');
    expect(events.find(({ daemon, news }) => daemon === 'follows' && news === 'stop')?.reason).to.equal('db was restarted (restartWith)');

    // Also where somebody asks for the restart.
    expect((await world.run('restart', 'db')).status).to.equal(0);
    await eventually('they were restarted again', () => [db, follows, leaf].every((one) => one.starts() === 3 && one.mains().length === 1), PATIENCE);
    await world.running('leaf', PATIENCE);
    expect([stays.mains(), stays.starts(), down.starts(), down.mains()]).to.deep.equal([[kept], 1, 1, []]);
  });
});
