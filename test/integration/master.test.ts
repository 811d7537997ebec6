/** start-master and stop-master without systemd: arguments for one start, with the watcher, without it, and killed anywhere. */
import { randomInt } from 'node:crypto';
import { expect } from 'chai';

import { buildOnce } from '../support/daemon-util-world.js';
import { eventually } from '../support/eventually.js';
import type { TestDaemon } from '../support/test-daemon.js';
import { WatcherWorld, type RunningWatcher } from '../support/watcher-world.js';

/** ms; for a machine that is busy with other things. */
const PATIENCE = 20_000;
const WORDS = ['--no-voting', '--yes-do-it'];

describe('start-master without systemd', function () {
  this.timeout(180_000);
  let world: WatcherWorld;
  let writer: TestDaemon;
  let queue: TestDaemon;

  before(() => buildOnce());
  beforeEach(() => {
    world = new WatcherWorld();
    world.add('node');
    writer = world.add('writer', { readyAfter: 100 }, { roles: ['master'], argumentVariables: ['WRITER_ARGS', 'EXTRA_WRITER_ARGS'] });
    queue = world.add('queue', { readyAfter: 100 }, { roles: ['master'], requires: ['writer'], argumentVariables: ['QUEUE_ARGS', 'EXTRA_QUEUE_ARGS'] });
    world.write();
  });
  afterEach(() => world.cleanups.run());

  const both = (): readonly TestDaemon[] => [writer, queue];
  const told = (): readonly boolean[] => both().map((daemon) => WORDS.every((word) => daemon.lastArguments().includes(word)));
  const starts = (): readonly number[] => both().map((daemon) => daemon.starts());
  const isUp = (daemon: TestDaemon): boolean => daemon.mains().length === 1;

  /** As failover code does it. */
  function extras(): void {
    world.environment = { EXTRA_WRITER_ARGS: WORDS.join(' '), EXTRA_QUEUE_ARGS: WORDS.join(' ') };
  }

  async function quietly(command: string): Promise<void> {
    expect(await world.run(command)).to.deep.equal({ status: 0, signal: null, stdout: '', stderr: '' });
  }

  /** An operator's start, and where somebody restarts them, that too. */
  async function expectForgotten(watched: boolean, when: string): Promise<void> {
    world.environment = {};
    await quietly('stop-master');
    await quietly('start-master');
    expect(told(), `the next start, ${when}`).to.deep.equal([false, false]);
    if (!watched) return;
    const before = starts();
    for (const daemon of both()) for (const pid of daemon.mains()) process.kill(pid, 'SIGKILL');
    await eventually(`both are restarted, ${when}`, () => both().every((daemon, index) => daemon.starts() > (before[index] ?? 0) && isUp(daemon)), PATIENCE);
    expect(told(), `a restart, ${when}`).to.deep.equal([false, false]);
  }

  for (const watched of [true, false]) {
    it(`hands EXTRA_… to each daemon for this one start, ${watched ? 'through' : 'without'} the watcher`, async () => {
      if (watched) {
        await world.startWatcher();
        await world.running('queue', PATIENCE);
      }
      await quietly('stop-master');
      extras();
      await quietly('start-master');
      expect(told()).to.deep.equal([true, true]);
      await expectForgotten(watched, 'after a start that went well');
    });

    it(`a daemon-util that is killed in between leaves nothing for a later start, ${watched ? 'with' : 'without'} the watcher`, async () => {
      if (watched) await world.startWatcher();
      for (let round = 0; round < 8; round += 1) {
        world.environment = {};
        await quietly('stop-master');
        extras();
        const [before] = starts();
        const caller = world.begin('start-master');
        const moment = round * 40 + randomInt(40);
        // Not a wait for something: the moment of death is what varies. The last ones are aimed at the start of the daemons.
        if (round >= 4) await eventually('the first one starts', () => writer.starts() !== before, PATIENCE);
        await new Promise((resolve) => setTimeout(resolve, round >= 4 ? moment - 160 : moment));
        caller.kill('SIGKILL');
        await caller.ended;
        await expectForgotten(watched, `killed in round ${round}, ${moment}`);
      }
    });
  }

  it('a watcher that is killed in between leaves nothing for a later start', async () => {
    let watcher: RunningWatcher = await world.startWatcher();
    for (let round = 0; round < 6; round += 1) {
      world.environment = {};
      await quietly('stop-master');
      extras();
      const [before] = starts();
      const caller = world.begin('start-master');
      if (round > 0) await eventually('the first one starts', () => writer.starts() !== before, PATIENCE);
      await new Promise((resolve) => setTimeout(resolve, randomInt(round === 0 ? 150 : 60 * round)));
      watcher.kill('SIGKILL');
      await watcher.ended;
      await caller.ended;
      watcher = await world.startWatcher();
      // Once one is started, all are wanted: what the killed one did not come to, the next one does.
      if (round > 0) await eventually('both are up', () => both().every(isUp), PATIENCE);
      await expectForgotten(true, `killed in round ${round}`);
    }
  });
});
