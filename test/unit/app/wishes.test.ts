/** What is wanted, on a disk that takes its time. */
import { expect } from 'chai';

import { Wishes } from '../../../src/app/wishes.js';
import type { DesiredRecord } from '../../../src/core/desired-state.js';
import { WatchkeeperError } from '../../../src/core/errors.js';
import { daemonSpec } from '../../support/daemon-spec.js';
import { FakeClock } from '../../support/fake-clock.js';

const WEB = daemonSpec({ name: 'web' });

class BusyDisk {
  readonly records = new Map<string, DesiredRecord>();
  /** Each is one write that waits for the disk. */
  readonly writes: (() => void)[] = [];

  read(name: string): DesiredRecord | undefined {
    return this.records.get(name);
  }

  write(records: ReadonlyMap<string, DesiredRecord>): Promise<void> {
    return new Promise((resolve) => {
      this.writes.push(() => {
        for (const [name, record] of records) this.records.set(name, record);
        resolve();
      });
    });
  }
}

const turn = (): Promise<void> => new Promise(setImmediate);

describe('wishes', () => {
  let disk: BusyDisk;
  let clock: FakeClock;
  let wishes: Wishes;
  beforeEach(() => {
    disk = new BusyDisk();
    clock = new FakeClock();
    wishes = new Wishes(disk, clock, 'boot');
  });

  it('the last word counts, also where it is said before the one before is written', async () => {
    const words = [wishes.want([WEB], 'up', 'first'), wishes.want([WEB], 'down', 'second'), wishes.want([WEB], 'up', 'third')];
    for (let word = 0; word < words.length; word += 1) {
      await turn();
      expect(disk.writes.length, 'one after the other').to.equal(word + 1);
      disk.writes[word]?.();
    }
    await Promise.all(words);
    expect(disk.read('web')).to.include({ desired: 'up', by: 'third' });
  });

  it('a disk that hangs is an error after its time, and what waited behind it is not written when nobody waits any more', async () => {
    const words = [wishes.want([WEB], 'up', 'first'), wishes.want([WEB], 'down', 'second')].map((word) => word.catch((error: unknown) => error));
    await turn();
    clock.advance(30_000);
    for (const failure of await Promise.all(words)) expect(failure).to.be.instanceOf(WatchkeeperError).with.property('code', 'STATE_UNWRITABLE');
    disk.writes[0]?.();
    await turn();
    expect([disk.writes.length, disk.read('web')?.by]).to.deep.equal([1, 'first']);
    const after = wishes.want([WEB], 'down', 'third');
    await turn();
    disk.writes[1]?.();
    await after;
    expect(disk.read('web')).to.include({ desired: 'down', by: 'third' });
  });

  it('a disk that refuses one refuses no other', async () => {
    const refusal = new WatchkeeperError('STATE_UNWRITABLE', 'cannot', 'full', 'room');
    const write = disk.write.bind(disk);
    disk.write = () => Promise.reject(refusal);
    expect(await wishes.want([WEB], 'up', 'first').catch((error: unknown) => error)).to.equal(refusal);
    disk.write = write;
    const second = wishes.want([WEB], 'down', 'second');
    await turn();
    disk.writes[0]?.();
    await second;
    expect(disk.read('web')).to.include({ desired: 'down' });
  });

  describe('of a process that alone writes records', () => {
    let looks: string[];
    beforeEach(() => {
      looks = [];
      const counted = { read: (name: string) => { looks.push(name); return disk.read(name); }, write: (records: ReadonlyMap<string, DesiredRecord>) => disk.write(records) };
      wishes = new Wishes(counted, clock, 'boot', true);
    });
    const written = async (word: Promise<unknown>): Promise<void> => {
      await turn();
      disk.writes.shift()?.();
      await word;
    };

    it('need not be read again right after they were written', async () => {
      await written(wishes.want([WEB], 'down', 'ops'));
      looks.length = 0;
      expect(wishes.stopped(WEB)).to.contain('ops');
      expect(looks).to.deep.equal([]);
    });

    it('are read once some time has passed: who was frozen is not alone for sure', async () => {
      await written(wishes.want([WEB], 'up', 'ops'));
      disk.records.set('web', { desired: 'down', at: 0, by: 'somebody', bootId: 'boot' });
      expect(wishes.stopped(WEB), 'what was said last').to.equal(undefined);
      clock.advance(1001);
      expect(wishes.stopped(WEB)).to.contain('somebody');
    });

    it('are read while what is said next is not written yet', async () => {
      await written(wishes.want([WEB], 'down', 'ops'));
      const word = wishes.want([WEB], 'up', 'ops');
      await turn();
      expect(wishes.stopped(WEB), 'on record').to.contain('ops');
      disk.writes.shift()?.();
      await word;
      expect(wishes.stopped(WEB)).to.equal(undefined);
    });
  });
});
