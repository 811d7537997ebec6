/** Stops under systemd that whoever began them did not live to finish. */
import { expect } from 'chai';

import { finishCutOffStops } from '../../../src/app/cut-off-stops.js';
import { Wishes } from '../../../src/app/wishes.js';
import type { DesiredRecord } from '../../../src/core/desired-state.js';
import { failed } from '../../../src/core/outcome.js';
import type { Locks } from '../../../src/ports/locks.js';
import { FakeDesired, FakeLocks, FakeManager, observation } from '../../support/control-fakes.js';
import { daemonSpec } from '../../support/daemon-spec.js';
import { FakeClock } from '../../support/fake-clock.js';

const ALL = [daemonSpec({ name: 'db' }), daemonSpec({ name: 'api', requires: ['db'] })];
/** Processes of the fake began 1 s after the boot. */
const CUT_OFF: DesiredRecord = { desired: 'down', at: 0, by: 'daemon-util stop', bootId: 'boot', uptime: 5000 };

class Site {
  readonly diary: string[] = [];
  readonly manager = new FakeManager('systemd', this.diary);
  readonly desired = new FakeDesired([]);
  readonly clock = new FakeClock();
  readonly logged: string[] = [];
  locks: Locks = new FakeLocks([]);
  hindered = false;

  constructor(...records: readonly (readonly [name: string, record: DesiredRecord])[]) {
    for (const [name, record] of records) this.desired.records.set(name, record);
    for (const { name } of ALL) this.manager.running.set(name, 4711);
  }

  finish(): Promise<readonly string[]> {
    const note = (_fields: unknown, text: string): void => void this.logged.push(text);
    return finishCutOffStops(ALL, {
      manager: this.manager,
      wishes: new Wishes(this.desired, this.clock, 'boot'),
      locks: this.locks,
      lockTimeout: 1000,
      isHindered: () => this.hindered,
      log: { debug: note, info: note, warn: note, error: note },
    });
  }
}

describe('stops under systemd that were cut off', () => {
  it('are finished, what needs another one first', async () => {
    const site = new Site(['db', { ...CUT_OFF, whole: true }], ['api', { ...CUT_OFF, whole: true }]);
    expect(await site.finish()).to.deep.equal(['api', 'db']);
    expect(site.diary).to.deep.equal(['stop api', 'stop db']);
    expect(site.logged).to.deep.equal(['api: its stop was cut off, and is finished now', 'db: its stop was cut off, and is finished now']);
  });

  const LEFT: readonly (readonly [why: string, record: DesiredRecord])[] = [
    ['whose process began after the word', { ...CUT_OFF, uptime: 1000 }],
    ['of which nobody can tell', { desired: 'down', at: 0, by: 'x', bootId: 'boot' }],
    ['that was said in another boot', { ...CUT_OFF, bootId: 'earlier' }],
    ['that is wanted up', { ...CUT_OFF, desired: 'up' }],
  ];
  for (const [why, record] of LEFT) {
    it(`leave alone one ${why}`, async () => {
      const site = new Site(['db', record]);
      expect([await site.finish(), site.diary, site.logged]).to.deep.equal([[], [], []]);
    });
  }

  it('leave alone one that is paused or the cluster holds, on its way, down, or has a job', async () => {
    const hindered = new Site(['db', CUT_OFF]);
    hindered.hindered = true;
    expect([await hindered.finish(), hindered.diary]).to.deep.equal([[], []]);
    for (const seen of [observation('stopping', 4711), observation('stopped'), { ...observation('running', 4711), details: { Job: '17' } }]) {
      const site = new Site(['db', CUT_OFF]);
      site.manager.observe = () => Promise.resolve([seen]);
      expect([await site.finish(), site.diary], seen.reason).to.deep.equal([[], []]);
    }
  });

  it('leave alone what somebody starts while the lock is waited for', async () => {
    const site = new Site(['db', CUT_OFF]);
    site.locks = {
      acquire: () => {
        site.desired.set('db', 'up');
        return Promise.resolve({ ok: true, lock: { release: () => undefined } });
      },
    };
    expect([await site.finish(), site.diary]).to.deep.equal([[], []]);
  });

  it('are told of where they cannot be finished, and hinder no other one', async () => {
    const site = new Site(['db', CUT_OFF], ['api', CUT_OFF]);
    site.manager.stopOutcomes.set('api', failed('timeout', 'it does not end', 'systemctl status'));
    expect(await site.finish()).to.deep.equal(['db']);
    expect(site.logged[0]).to.equal('api: a stop was cut off, and cannot be finished');
  });
});
