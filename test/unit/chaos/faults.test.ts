/** Faults in a world that is made up: what counts as a hit, and what does not. */
import { spawn, type ChildProcess } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import { FAULTS } from '../../chaos/faults.js';
import { OrderFile, type KillOrder } from '../../chaos/orders.js';
import type { Fault, FaultKind } from '../../chaos/plan.js';
import { Respawn } from '../../chaos/respawn.js';
import { Site } from '../../chaos/site.js';
import { Storm } from '../../chaos/storm.js';
import { hits } from '../../chaos/systemd-faults.js';
import type { Answer, World } from '../../chaos/world.js';
import { eventually } from '../../support/eventually.js';

const DONE: Answer = { result: 'done', detail: '' };

describe('a fault of a storm', () => {
  let directory: string;
  let storm: Storm;
  let answers: ((answer: Answer) => void)[];
  let orders: KillOrder[];
  let disarmed: number[];
  let watchers: (number | undefined)[];
  let whileAsked: () => void;
  let victim: ChildProcess | undefined;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'wk-faults-'));
    [answers, orders, disarmed, watchers, whileAsked] = [[], [], [], [7], () => undefined];
    victim = spawn('/usr/bin/sleep', ['600'], { stdio: 'ignore' });
    const paths = { state: join(directory, 'state'), runtime: join(directory, 'run'), log: join(directory, 'log') };
    mkdirSync(join(paths.runtime, 'pids'), { recursive: true });
    const ask = (): Promise<Answer> => {
      whileAsked();
      return new Promise((resolve) => answers.push(resolve));
    };
    class Recorded extends OrderFile {
      override arm(order: KillOrder): void {
        orders.push(order);
        super.arm(order);
      }
      override disarm(order: KillOrder): void {
        disarmed.push(order.id);
        super.disarm(order);
      }
    }
    const world = {
      kind: 'plain',
      site: new Site(directory, paths, join(directory, 'observations'), 3),
      lastPid: join(directory, 'last-pid'),
      watcher: () => (watchers.length > 1 ? watchers.shift() : watchers[0]),
      killWatcher: () => Promise.resolve(),
      ask,
      askAndDie: (_verb: string, _name: string, order: KillOrder) => {
        orders.push(order);
        return ask();
      },
      orders: new Recorded(join(directory, 'orders')),
    } as unknown as World;
    /** The pid of d0 is always free for a stranger. */
    class Reusing extends Storm {
      override pids(): readonly number[] {
        return victim?.pid === undefined ? [] : [victim.pid];
      }
      override stranger(): ChildProcess {
        if (victim === undefined) throw new Error('there is no victim');
        return victim;
      }
    }
    storm = new Reusing(world, { daemons: world.site.names, requires: new Map(), pulls: false, checked: [], bound: 1000, longestLook: 1000, stable: 10, formats: [] });
  });

  afterEach(() => {
    victim?.kill('SIGKILL');
    rmSync(directory, { recursive: true });
  });

  const carryOut = (kind: FaultKind): Promise<string | undefined> => FAULTS[kind](storm, { step: 0, kind, target: 0, choice: 4, hold: 1, pause: 0 } satisfies Fault);
  const pidFile = (name: string): string => join(directory, 'run/pids', name);
  const killed = (id: number | undefined): void => appendFileSync(join(directory, 'observations'), `${JSON.stringify({ at: 1, e: 'killed-before', call: 'rename', id })}\n`);

  for (const kind of ['stop', 'start', 'restart', 'direct-kill-at-step'] as const) {
    it(`${kind} misses while another request for the same daemon is under way`, async () => {
      const first = storm.ask('start', 'd0', 1);
      expect(await carryOut(kind)).to.equal('another request for it is under way');
      answers.forEach((answer) => answer(DONE));
      expect(await first).to.equal(true);
    });
  }

  for (const kind of ['watcher-kill-at-step', 'direct-kill-at-step'] as const) {
    it(`${kind} misses where nobody died of its own order`, async () => {
      // Somebody else's fault kills the watcher meanwhile.
      whileAsked = () => {
        watchers = [8];
        killed(-1);
        setImmediate(() => answers.forEach((answer) => answer(DONE)));
      };
      expect(await carryOut(kind)).to.equal('it did not come so far');
    });

    it(`${kind} hits where somebody did`, async () => {
      whileAsked = () => {
        killed(orders.at(-1)?.id);
        setImmediate(() => answers.forEach((answer) => answer(DONE)));
      };
      expect(await carryOut(kind)).to.equal(undefined);
    });
  }

  it('watcher-kill-at-begin hits where a watcher died of its order, and only there', async () => {
    expect(await carryOut('watcher-kill-at-begin')).to.equal('no watcher came so far');
    storm.world.killWatcher = () => {
      killed(orders.at(-1)?.id);
      return Promise.resolve();
    };
    expect(await carryOut('watcher-kill-at-begin')).to.equal(undefined);
  });

  it('watcher-kill-at-begin waits for the watcher that begins, however long that takes, and is not for the one that it ends', async () => {
    storm.world.killWatcher = () => {
      setTimeout(() => killed(orders.at(-1)?.id), 700);
      return Promise.resolve();
    };
    expect(await carryOut('watcher-kill-at-begin')).to.equal(undefined);
    expect(orders[0]).to.include({ except: 7 });
  });

  it('an order is taken back with its fault, whether it hit or not', async () => {
    whileAsked = () => setImmediate(() => answers.forEach((answer) => answer(DONE)));
    expect(await carryOut('watcher-kill-at-step')).to.equal('it did not come so far');
    storm.world.killWatcher = () => {
      killed(orders.at(-1)?.id);
      return Promise.resolve();
    };
    expect(await carryOut('watcher-kill-at-begin')).to.equal(undefined);
    expect(disarmed).to.deep.equal(orders.map(({ id }) => id));
    expect(JSON.parse(readFileSync(storm.world.orders.path, 'utf8'))).to.deep.equal({ kills: [] });
  });

  for (const kind of ['pid-reuse', 'pid-reuse-unwatched'] as const) {
    it(`${kind} spoils no other daemon's pid file, and misses where there is none of its own`, async () => {
      watchers = [undefined];
      writeFileSync(pidFile('d2'), '12\n');
      expect(await carryOut(kind)).to.equal('there is no pid file at this moment');
      expect(readFileSync(pidFile('d2'), 'utf8')).to.equal('12\n');
    });

    it(`${kind} hits with one of its own`, async () => {
      watchers = [undefined];
      writeFileSync(pidFile('d0'), '12\n');
      expect(await carryOut(kind)).to.equal(undefined);
      expect(readFileSync(pidFile('d0'), 'utf8')).to.equal(`${victim?.pid}\n`);
    });
  }

  it('pid-reuse-unwatched misses where a watcher is there again before the pid is given', async () => {
    writeFileSync(pidFile('d0'), '12\n');
    expect(await carryOut('pid-reuse-unwatched')).to.equal('a watcher ran again');
  });

  it('slow-disk hits where a call took longer, and only there', async () => {
    // From before it, or of another cause.
    appendFileSync(join(directory, 'observations'), `${JSON.stringify({ at: 1, e: 'slowed', call: 'write', took: 60 })}\n`);
    expect(await carryOut('slow-disk')).to.equal('nothing was written meanwhile');
    const { orders: file } = storm.world;
    const set = file.set.bind(file);
    file.set = (change) => {
      set(change);
      if (change.delay !== 0) storm.tell({ e: 'slowed', call: 'write', took: 9.5 });
    };
    expect(await carryOut('slow-disk')).to.equal(undefined);
  });

  it('one of systemd hits where what it strikes is another one then, whatever the command said of it', async () => {
    let identity = 'a';
    const strikes = (next: string, detail: string) => hits({ identity: () => identity, strike: () => Promise.resolve((identity = next)).then(() => ({ result: 'refused', detail })) }, 50);
    expect(await strikes('a', '1 access denied')).to.equal('it is the same as before: 1 access denied');
    expect(await strikes('b', '1 connection reset')).to.equal(undefined);
    // Gone is another one, too.
    expect(await strikes('', '')).to.equal(undefined);
    expect(await strikes('c', '')).to.equal('it was not there');
  });

  it('keeps a watcher away for as long as it was told last, also when the next one was due before', async () => {
    const began: number[] = [];
    const respawn = new Respawn(10, () => began.push(performance.now()));
    const since = performance.now();
    respawn.ended();
    respawn.hold(300);
    respawn.hold(20);
    await eventually('it begins', () => began.length > 0);
    expect((began[0] ?? 0) - since).to.be.at.least(290);
    respawn.hold(60_000);
    respawn.ended();
    respawn.release();
    expect(began).to.have.length(2);
  });
});
