import { expect } from 'chai';

import { failed, ok, skipped } from '../../../../src/core/outcome.js';
import { World } from './world.js';

const BY = (command: string): string => `watchkeeper ${command} (uid 0, pid 4711)`;

describe('watchkeeper stop, retry-now, reset', () => {
  for (const [command, deed] of [['retry-now', 'retry-now'], ['reset', 'reset'], ['stop', 'stop']] as const) {
    it(`${command}: asks the watcher in the caller's name, and tells each outcome`, async () => {
      const world = new World();
      world.fakeWatcher.outcomes.set('web', ok(true, 'up\u001b'));
      world.fakeWatcher.outcomes.set('db', skipped('its condition is not met'));
      const result = await world.run(command, 'web', 'db');
      expect(result).to.deep.equal({ status: 0, stdout: 'web: up\\e\ndb: skipped: its condition is not met\n', stderr: '' });
      expect(world.diary).to.deep.equal([`${deed} web db by ${BY(command)}`]);
    });

    it(`${command}: a failure is told on stderr with what to try, the others go on, and the status is 1`, async () => {
      const world = new World();
      world.fakeWatcher.outcomes.set('web', failed('failed', 'exited with\nstatus 3', 'mending it'));
      const result = await world.run(command, 'web', 'db');
      expect(result).to.deep.equal({ status: 1, stdout: 'db: done\n', stderr: 'web: exited with\\nstatus 3; try mending it\n' });
    });

    it(`${command}: refuses where nobody is named`, async () => {
      const world = new World();
      const { status, stderr } = await world.run(command);
      expect([status, stderr]).to.deep.equal([1, `watchkeeper: cannot ${command}: no daemon is named; try watchkeeper help ${command}\n`]);
      expect(world.diary).to.deep.equal([]);
    });
  }

  for (const command of ['retry-now', 'reset']) {
    it(`${command}: without a watcher says what to do instead`, async () => {
      const world = new World();
      world.watcher = undefined;
      const { status, stderr } = await world.run(command, 'web', 'db');
      expect([status, stderr]).to.deep.equal([1, `watchkeeper: cannot ${command}: no watcher runs, so nothing is timed; try daemon-util start web db\n`]);
    });
  }

  it('stop: lets control go, also where it fails', async () => {
    const world = new World();
    await world.run('stop', 'web');
    expect(world.released).to.equal(1);
    world.fakeWatcher.stop = () => Promise.reject(new Error('a bug'));
    const failure: unknown = await world.run('stop', 'web').catch((error: unknown) => error);
    expect([failure instanceof Error, world.released]).to.deep.equal([true, 2]);
  });

  it('stop --hold: is passed on, and written down where this process acts itself', async () => {
    const world = new World();
    await world.run('stop', '--hold', 'web');
    expect(world.diary).to.deep.equal([`stop and hold web by ${BY('stop')}`]);
    world.watcher = undefined;
    expect((await world.run('stop', '--hold', 'db')).status).to.equal(0);
    expect(world.desired.records.get('db')).to.include({ desired: 'down', hold: true, by: BY('stop') });
    expect((await world.run('stop', 'web')).status).to.equal(0);
    expect(world.desired.records.get('web')).to.include({ desired: 'down' }).and.not.to.have.property('hold');
  });
});
