import { expect } from 'chai';

import { type UnitOrder, unitsKeepOrder } from '../../../../src/adapters/systemd/unit-order.js';
import type { ReadinessCheck } from '../../../../src/core/daemon.js';
import { daemonSpec } from '../../../support/daemon-spec.js';

const AWAITS = ['/usr/lib/watchkeeper/oneshot-arguments', '/usr/lib/watchkeeper/await-readiness'];

function order(overrides: Partial<UnitOrder> = {}): UnitOrder {
  return { type: 'exec', after: [], startPost: AWAITS, ...overrides };
}

/** api after db, and db alone before it. */
function keeps(db: Partial<UnitOrder>, way: 'start' | 'stop' = 'start', api: Partial<UnitOrder> = {}, readiness: ReadinessCheck = { kind: 'settled', settle: 200 }): boolean {
  const specs = [daemonSpec({ name: 'db', readiness }), daemonSpec({ name: 'api', requires: ['db'] })];
  return unitsKeepOrder(specs, [order(db), order({ after: ['basic.target', 'db.service'], ...api })], way);
}

describe('order that units keep by themselves', () => {
  it('is enough for a start where each comes after those before it, and those await their readiness', () => {
    expect(keeps({})).to.equal(true);
    expect(keeps({ startPost: [] })).to.equal(false);
    expect(keeps({ startPost: ['/usr/bin/not-await-readiness'] })).to.equal(false);
    expect(keeps({}, 'start', { startPost: [] }), 'nobody comes after it').to.equal(true);
  });

  it('is not there where After= lacks one of those that are started', () => {
    expect(keeps({}, 'start', { after: ['basic.target'] })).to.equal(false);
    expect(keeps({}, 'stop', { after: ['basic.target'] })).to.equal(false);
    const other = daemonSpec({ name: 'api', after: ['elsewhere'] });
    expect(unitsKeepOrder([other], [order()], 'start'), 'it orders nothing here').to.equal(true);
  });

  it('is enough for a stop by After= alone', () => {
    expect(keeps({ startPost: [] }, 'stop')).to.equal(true);
  });

  it("believes a unit's own word on its readiness, and the end of its first process where nobody knows better", () => {
    for (const type of ['notify', 'notify-reload']) expect(keeps({ type, startPost: [] }), type).to.equal(true);
    for (const type of ['simple', 'exec', 'oneshot', 'dbus', 'idle', '']) expect(keeps({ type, startPost: [] }), type).to.equal(false);
    const forking = { type: 'forking', startPost: [] };
    expect(keeps(forking)).to.equal(true);
    expect(keeps(forking, 'start', {}, { kind: 'pid-file' })).to.equal(true);
    expect(keeps(forking, 'start', {}, { kind: 'tcp', host: '127.0.0.1', port: 80 })).to.equal(false);
  });

  it('is not believed of units of which nothing is known', () => {
    const specs = [daemonSpec({ name: 'db' }), daemonSpec({ name: 'api', after: ['db'] })];
    expect(unitsKeepOrder(specs, [], 'stop')).to.equal(false);
  });
});
