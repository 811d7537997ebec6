/** A watcher whose disk is kept busy by others: it waits for it, and nobody waits for the watcher. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

import { connectWatcher } from '../../src/adapters/control-socket/client.js';
import type { WatcherClient } from '../../src/ports/watcher-client.js';
import { buildOnce } from '../support/daemon-util-world.js';
import { eventually } from '../support/eventually.js';
import { watcherPreloadedWith, WatcherWorld } from '../support/watcher-world.js';

const ASK = fileURLToPath(new URL('../../scripts/ask-watcher', import.meta.url));
const FIXTURE = fileURLToPath(new URL('../fixtures/busy-disk.cjs', import.meta.url));
/** ms of each fsync, of which a record takes two. */
const FSYNC = 4000;

describe('a busy disk', function () {
  this.timeout(90_000);
  let world: WatcherWorld;
  let busy: string;

  before(() => buildOnce());
  beforeEach(() => {
    world = new WatcherWorld();
    busy = join(world.directory, 'busy');
  });
  afterEach(() => world.cleanups.run());

  async function client(): Promise<WatcherClient> {
    const connected = await connectWatcher(world.runtime, 60_000);
    if (connected === undefined) throw new Error('no watcher');
    return connected;
  }

  /** As an agent has the watcher do its work. @returns exit status, and what was said */
  function agent(action: string): Promise<string> {
    const env = { PATH: '/usr/bin:/bin', OCF_RESOURCE_INSTANCE: 'rsc', OCF_RESKEY_name: 'web', OCF_RESKEY_config: world.config, OCF_RESKEY_CRM_meta_timeout: '60000', OCF_RESKEY_CRM_meta_on_node: 'n1' };
    const child = spawn(ASK, [world.runtime, 'daemon', action], { cwd: '/', env, stdio: ['ignore', 'pipe', 'pipe'] });
    world.cleanups.add(() => void child.kill('SIGKILL'));
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (said += text));
    return new Promise((resolve) => child.once('close', (status) => resolve(`${status} ${said}`)));
  }

  /** What happened, in order. */
  function noting(): { readonly order: string[]; readonly note: <T>(what: string, promise: Promise<T>) => Promise<T> } {
    const order: string[] = [];
    return {
      order,
      note: async (what, promise) => {
        const value = await promise;
        order.push(what);
        return value;
      },
    };
  }

  it('holds up the one who asked, until what is wanted is on record; a daemon that dies meanwhile is back before', async () => {
    const [web, db] = [world.add('web'), world.add('db')];
    world.write({});
    await world.startWatcher([], { BUSY_DISK: busy }, watcherPreloadedWith(FIXTURE));
    await Promise.all([world.running('web'), world.running('db')]);
    writeFileSync(busy, String(FSYNC));
    for (const act of ['stop', 'start']) {
      const { order, note } = noting();
      const before = web.mains();
      const [dead] = db.mains();
      const request = { names: ['web'], by: 'a test', oneShotArguments: {} };
      const watcher = await client();
      const asked = note(act, act === 'stop' ? watcher.stop(request) : watcher.start(request));
      process.kill(dead ?? 0, 'SIGKILL');
      await note('back', eventually('db is back', () => db.mains().length === 1 && db.mains()[0] !== dead, 60_000));
      await note('answer', (await client()).status(['db']));
      expect(order, act).to.deep.equal(['back', 'answer']);
      expect(web.mains(), `${act}: nothing is done before`).to.deep.equal(before);
      const [done] = await asked;
      expect(done?.outcome, act).to.include({ kind: 'ok', changed: true });
    }
  });

  it('holds up the agent that takes a daemon for the cluster, or gives it back, and nobody else', async () => {
    const [web, db] = [world.add('web'), world.add('db')];
    world.write({});
    await world.startWatcher([], { BUSY_DISK: busy }, watcherPreloadedWith(FIXTURE));
    await Promise.all([world.running('web'), world.running('db')]);
    const holder = async (): Promise<string | undefined> => (await world.status('web')).daemons['web']?.owner;
    writeFileSync(busy, String(FSYNC));
    for (const [act, owner] of [['start', 'cluster'], ['stop', 'watcher']] as const) {
      const { order, note } = noting();
      const [dead] = db.mains();
      const asked = note(act, agent(act));
      // The record of the hold waits for the disk then: what a start begins with, and a stop ends with.
      if (act === 'start') await new Promise((resolve) => setTimeout(resolve, 500));
      else await eventually('web is down', () => web.mains().length === 0, 60_000);
      const died = performance.now();
      process.kill(dead ?? 0, 'SIGKILL');
      await note('back', eventually('db is back', () => db.mains().length === 1 && db.mains()[0] !== dead, 60_000));
      await note('answer', (await client()).status(['db']));
      expect(order, act).to.deep.equal(['back', 'answer']);
      expect(performance.now() - died, act).to.be.below(2 * FSYNC - 1000);
      expect(await asked, act).to.equal('0 done 0\n');
      expect([await holder(), existsSync(join(world.state, 'cluster', 'web')), web.mains().length]).to.deep.equal([owner, act === 'start', act === 'start' ? 1 : 0]);
    }
  });

  it('holds up the start of a task, until that is on record, and no other one; and the end of the watcher waits for what is under way', async () => {
    const ran = (name: string): string => join(world.directory, `ran-${name}`);
    const task = (name: string): Record<string, unknown> => ({ argv: ['/usr/bin/touch', ran(name)] });
    world.add('web');
    world.write({ tasks: { first: task('first'), second: task('second') } });
    const watcher = await world.startWatcher([], { BUSY_DISK: busy }, watcherPreloadedWith(FIXTURE));
    await world.running('web');
    writeFileSync(busy, String(FSYNC));
    for (const name of ['first', 'second']) await (await client()).runTask(name, 'a test');
    expect([existsSync(ran('first')), existsSync(ran('second'))]).to.deep.equal([false, false]);
    await eventually('both ran', () => existsSync(ran('first')) && existsSync(ran('second')), 60_000);
    rmSync(busy);
    watcher.kill('SIGTERM');
    expect(await watcher.ended).to.equal(0);
    const { stdout } = await world.watchkeeper('tasks', '--json');
    const { tasks } = JSON.parse(stdout) as { tasks: readonly { name: string; last: { result: string } | null }[] };
    expect(tasks.map(({ name, last }) => [name, last?.result])).to.deep.equal([['first', 'ok'], ['second', 'ok']]);
  });

  it('never has the word of a watcher that has ended land over one of its successor', async () => {
    world.add('web');
    world.write({});
    const old = await world.startWatcher([], { BUSY_DISK: busy }, watcherPreloadedWith(FIXTURE));
    await world.running('web');
    const web = { names: ['web'], oneShotArguments: {} };
    await (await client()).start({ ...web, by: 'first' });
    writeFileSync(busy, String(4 * FSYNC));
    const late = (await client()).stop({ ...web, by: 'late' }).catch((error: unknown) => error);
    await new Promise((resolve) => setTimeout(resolve, 300));
    rmSync(busy);
    old.kill('SIGTERM');
    expect(await late).to.be.instanceOf(Error);
    await world.startWatcher();
    await world.running('web');
    await (await client()).stop({ ...web, by: 'next' });
    await (await client()).start({ ...web, by: 'last' });
    expect(await Promise.race([old.ended, Promise.resolve('lives')]), 'it waits for its disk still').to.equal('lives');
    expect(await old.ended).to.equal(0);
    expect(JSON.parse(readFileSync(join(world.state, 'desired', 'web'), 'utf8'))).to.include({ desired: 'up', by: 'last' });
  });
});
