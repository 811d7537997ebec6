/** Roles from a running cluster, in small: a program that looks into a file, as the cluster rewrites it. */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';

import type { RoleStatus } from '../../src/core/role.js';
import { buildOnce } from '../support/daemon-util-world.js';
import { eventually } from '../support/eventually.js';
import type { TestDaemon } from '../support/test-daemon.js';
import { WatcherWorld } from '../support/watcher-world.js';

/** ms; for a machine that is busy with other things. */
const PATIENCE = 20_000;
const NOT_MASTER = { exits: { status: 11, after: 0, message: 'Not master, exiting.' }, readyAfter: 'never' } as const;

describe('roles', function () {
  this.timeout(120_000);
  let world: WatcherWorld;
  let master: string;
  let node: TestDaemon;
  let writer: TestDaemon;
  let queue: TestDaemon;

  before(() => buildOnce());
  beforeEach(() => {
    world = new WatcherWorld();
    master = join(world.directory, 'master');
    node = world.add('node');
    writer = world.add('writer', {}, { roles: ['master'] });
    queue = world.add('queue', {}, { roles: ['master'], requires: ['writer'] });
  });
  afterEach(() => world.cleanups.run());

  /** @param keys of the role's source beside the program */
  function write(top: Record<string, unknown> = {}, keys: Record<string, unknown> = {}): void {
    const program = join(world.directory, 'is-master');
    writeFileSync(program, `#!/bin/sh\necho x >>${join(world.directory, 'asked')}\necho "the master is $(cat ${master})" || exit 2\n[ -e ${master} ] || exit 2\nexec grep -qx node1 ${master}\n`, { mode: 0o755 });
    world.write(top, { roles: { master: { source: { argv: [program], watch: [master], ...keys } } } });
  }

  /** As most write: a new file in its place. */
  function become(name: string): void {
    writeFileSync(`${master}.new`, `${name}\n`);
    renameSync(`${master}.new`, master);
  }

  const asked = (): number => (existsSync(join(world.directory, 'asked')) ? readFileSync(join(world.directory, 'asked'), 'utf8').length / 2 : 0);
  const role = async (): Promise<RoleStatus | undefined> => (await world.roles()).find(({ name }) => name === 'master');
  const held = (answer: boolean | null): Promise<void> => eventually(`the role is held: ${answer}`, async () => (await role())?.held === answer, PATIENCE);
  const observed = (name: string, state: string): Promise<void> => eventually(`${name} is ${state}`, async () => (await world.observed(name)) === state, PATIENCE);
  const reason = async (name: string): Promise<string> => (await world.status(name)).daemons[name]?.reason ?? '';

  it('the daemons come and go with the role, in order, and nobody asks every second', async () => {
    become('node2');
    const notes = join(world.directory, 'notes');
    const hook = join(world.directory, 'hook');
    writeFileSync(hook, `#!/bin/sh\necho "$WATCHKEEPER_EVENT $WATCHKEEPER_EVENT_ROLE $WATCHKEEPER_EVENT_MEMBERS" >>${notes}\n`, { mode: 0o755 });
    const noted = (): readonly string[] => (existsSync(notes) ? readFileSync(notes, 'utf8').split('\n').slice(0, -1) : []);
    write({ hooks: { note: { on: ['role-start', 'role-stop'], argv: [hook] } } });
    await world.startWatcher();
    await world.running('node', PATIENCE);
    await observed('queue', 'waiting');
    await observed('writer', 'waiting');
    const before = asked(); // also by the commands that came before the watcher answered
    expect(await reason('writer')).to.equal('not master: the master is node2');
    expect((await world.run('status')).stdout).to.include('writer: waiting: not master: the master is node2');
    expect(await world.run('check', 'writer')).to.include({ status: 1 });
    const visit = await world.run('check-and-start', 'writer');
    expect(visit.status).to.equal(11);
    expect(visit.stdout).to.include('not master: the master is node2');
    expect([writer.starts(), queue.starts(), asked()]).to.deep.equal([0, 0, before]);

    let changed = performance.now();
    become('node1');
    await eventually('both run', () => writer.mains().length === 1 && queue.mains().length === 1, PATIENCE);
    // One second of startAfter, and what this machine needs besides.
    expect(performance.now() - changed).to.be.below(15_000);
    await eventually('the hook is told', () => noted().length === 1, PATIENCE);

    changed = performance.now();
    become('node2');
    await eventually('both are gone', () => writer.mains().length + queue.mains().length === 0, PATIENCE);
    expect(performance.now() - changed).to.be.below(15_000);
    await observed('writer', 'waiting');
    expect(noted()).to.deep.equal(['role-start master writer queue', 'role-stop master writer queue']);
    const stops = (await events()).filter(({ news }) => news === 'stop');
    expect(stops.map(({ daemon, reason: why }) => `${daemon}: ${why}`)).to.deep.equal(['queue', 'writer'].map((name) => `${name}: the role master is lost: not master: the master is node2`));
    expect([node.starts(), writer.starts(), queue.starts()]).to.deep.equal([1, 1, 1]);
    expect(asked() - before, 'once or twice for each change').to.be.within(2, 4);
  });

  it('startAfter leaves the cluster the time to start them itself, with its own arguments, and to leave one down', async () => {
    become('node2');
    const marker = world.add('marker', {}, { roles: ['master'] });
    write({}, { startAfter: '6s' });
    await world.startWatcher();
    await observed('queue', 'waiting');
    become('node1');
    await held(true);
    expect(await reason('writer')).to.include('startAfter');
    expect((await world.run('start', 'writer', '--no-voting')).stderr).to.equal('');
    expect((await world.run('stop', 'queue')).status).to.equal(0);
    await eventually('what nobody has touched is started', () => marker.mains().length === 1, PATIENCE);
    expect(writer.lastArguments().at(-1)).to.equal('--no-voting');
    expect([writer.starts(), queue.starts()]).to.deep.equal([1, 0]);
    expect(await world.observed('queue')).to.equal('stopped');
  });

  it('an explicit start goes before it, and what then dies stays down', async () => {
    become('node2');
    write();
    await world.startWatcher();
    await observed('writer', 'waiting');
    expect(await world.run('start', 'writer', '--force-node')).to.include({ status: 0 });
    expect(writer.lastArguments().at(-1)).to.equal('--force-node');
    writer.mains().forEach((pid) => process.kill(pid, 'SIGKILL'));
    await observed('writer', 'waiting');
    expect([writer.starts(), await reason('writer')]).to.deep.equal([1, 'not master: the master is node2']);
  });

  it('what nobody knows stops nothing and starts nothing', async () => {
    become('node1');
    write();
    const watcher = await world.startWatcher();
    await world.running('queue', PATIENCE);
    rmSync(master);
    await held(null);
    expect((await role())?.reason).to.match(/is-master exited with status 2/);
    expect([await world.observed('writer'), await world.observed('queue')]).to.deep.equal(['running', 'running']);
    queue.mains().forEach((pid) => process.kill(pid, 'SIGKILL'));
    await observed('queue', 'waiting');
    expect(await reason('queue')).to.match(/^whether this node is master is not known: /);
    watcher.kill('SIGKILL');
    await watcher.ended;
    await world.startWatcher();
    await observed('queue', 'waiting');
    expect([await world.observed('writer'), writer.starts(), queue.starts()]).to.deep.equal(['running', 1, 1]);
    become('node1');
    await world.running('queue', PATIENCE);
  });

  it('a watcher that was away follows the role as it is now, in the order of the group', async () => {
    become('node2');
    write();
    const watcher = await world.startWatcher();
    await observed('queue', 'waiting');
    watcher.kill('SIGKILL');
    await watcher.ended;
    become('node1');
    await world.startWatcher();
    await world.running('queue', PATIENCE);
    expect([node.starts(), writer.starts(), queue.starts()]).to.deep.equal([1, 1, 1]);
  });

  it("a daemon's own word, status 11, is told as it is, and asks the source again", async () => {
    await world.cleanups.run();
    world = new WatcherWorld();
    master = join(world.directory, 'master');
    become('node1');
    world.add('node');
    const denier = world.add('denier', NOT_MASTER, { roles: ['master'], outputFile: join(world.directory, 'denier.out') });
    write();
    await world.startWatcher();
    await observed('denier', 'stopped');
    expect(await reason('denier')).to.match(/^not master: it exited with status 11; its last output: .*Not master, exiting\./);
    expect((await events()).map(({ daemon, news }) => `${daemon} ${news}`)).to.include('denier stopped').and.not.include('denier crash');
    await eventually('it was asked again', () => asked() >= 2, PATIENCE);
    const started = await world.run('start', 'denier');
    expect(started.status).to.equal(11);
    expect(started.stderr).to.match(/^denier: skipped: not master: it exited with status 11; /);
    expect((await world.run('start-master')).status).to.equal(11);
    expect((await world.run('start-all')).status).to.equal(0);
    expect((await world.run('check-and-start', 'denier')).status).to.equal(11);
    expect(denier.mains()).to.deep.equal([]);
  });

  it('what denies a role that is held is tried again with the interval, and by check-and-start', async () => {
    await world.cleanups.run();
    world = new WatcherWorld();
    master = join(world.directory, 'master');
    become('node1');
    const denier = world.add('denier', NOT_MASTER, { roles: ['master'] });
    write({}, { interval: '2s' });
    await world.startWatcher();
    await eventually('it is tried again', () => denier.starts() >= 3, PATIENCE);
    become('node2');
    await held(false);
    const before = denier.starts();
    expect((await world.run('check-and-start', 'denier')).status).to.equal(11);
    expect(denier.starts(), 'by whoever asks for it').to.equal(before + 1);
  });

  it('without a watcher: status and watchkeeper status say why, check judges', async () => {
    become('node2');
    write();
    expect((await world.run('start', 'node')).status).to.equal(0);
    expect((await world.run('status', 'writer')).stdout).to.match(/^writer: stopped \(wanted up\): not master: the master is node2; /);
    expect((await world.run('check', 'writer')).status).to.equal(1);
    const before = asked();
    expect((await world.run('status', 'node')).stdout).to.match(/^node: running/);
    expect((await world.run('check', 'node')).status).to.equal(0);
    expect(asked(), 'nobody asks about what is up').to.equal(before);
    const { stdout } = await world.watchkeeper('status');
    expect(stdout).to.match(/^role master: not held: the master is node2$/m).and.to.match(/not master: the master is node2/);
    become('node1');
    expect((await world.watchkeeper('status')).stdout).to.match(/^role master: held: the master is node1$/m);
  });

  it('tasks of a role run where it is held', async () => {
    become('node2');
    const ran = join(world.directory, 'ran');
    write({ tasks: { clean: { argv: ['/bin/sh', '-c', `echo x >>${ran}`], schedule: '* * * * * *', role: 'master' } } });
    await world.startWatcher();
    const skipped = async (): Promise<number> => {
      const { stdout } = await world.watchkeeper('tasks', '--json');
      return (JSON.parse(stdout) as { tasks: { skipped?: { count: number } }[] }).tasks[0]?.skipped?.count ?? 0;
    };
    await eventually('it was skipped twice', async () => (await skipped()) >= 2, PATIENCE);
    expect(existsSync(ran)).to.equal(false);
    become('node1');
    await eventually('it runs', () => existsSync(ran), PATIENCE);
  });

  async function events(): Promise<readonly { daemon: string; news: string; reason: string }[]> {
    const { stdout } = await world.watchkeeper('events', '--json');
    return stdout.trim().split('\n').map((line) => JSON.parse(line) as { daemon: string; news: string; reason: string });
  }
});
