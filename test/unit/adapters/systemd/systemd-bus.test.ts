import { expect } from 'chai';

import { BusFailure } from '../../../../src/adapters/systemd/bus.js';
import { SystemdBus } from '../../../../src/adapters/systemd/systemd-bus.js';

/** A bus on which systemd answers each call with this error. */
function failing(code: string): SystemdBus {
  const fail = (): Promise<never> => Promise.reject(new BusFailure(code, 'of a test'));
  return new SystemdBus({ call: fail, reply: fail });
}

describe("systemd's objects on the bus", () => {
  it('are none for a name that no unit has, which ends nothing', async () => {
    expect(await failing('org.freedesktop.DBus.Error.InvalidArgs').loadUnit('web@.service')).to.equal(undefined);
  });

  it('are not taken for none where systemd does not answer', async () => {
    for (const code of ['timeout', 'closed', 'org.freedesktop.DBus.Error.NoReply']) {
      const error: unknown = await failing(code).loadUnit('web.service').catch((caught: unknown) => caught);
      expect(error, code).to.be.instanceOf(BusFailure);
    }
  });
});
