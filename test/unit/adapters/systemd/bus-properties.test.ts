import { expect } from 'chai';
import { Variant } from 'dbus-next';

import { busProperties } from '../../../../src/adapters/systemd/bus-properties.js';
import { unitFacts } from '../../../../src/adapters/systemd/unit-facts.js';

describe("a unit's properties from the bus", () => {
  it('are the same facts as systemctl tells', () => {
    const facts = unitFacts(
      'web.service',
      busProperties([
        {
          ActiveState: new Variant('s', 'active'),
          CanReload: new Variant('b', true),
          MainPID: new Variant('u', 42),
          ExecMainStartTimestampMonotonic: new Variant('t', 9007199254740993n),
          ConditionResult: new Variant('b', false),
          Job: new Variant('(uo)', [17, '/org/freedesktop/systemd1/job/17']),
          InvocationID: new Variant('ay', Buffer.from('00ff10', 'hex')),
          LoadError: new Variant('(ss)', ['org.x.NoSuchUnit', 'Unit web.service not found.']),
          EnvironmentFiles: new Variant('a(sb)', [['/etc/default/a', true]]),
          Requires: new Variant('as', ['a.service']),
        },
      ]),
    );
    expect(facts).to.include({ activeState: 'active', canReload: true, mainPid: 42, conditionMet: false, job: 17, invocation: '00ff10' });
    expect(facts.startedAt).to.be.a('number');
    expect(facts.loadError).to.equal('org.x.NoSuchUnit: Unit web.service not found.');
    expect(facts.environmentFiles).to.deep.equal(['/etc/default/a']);
    expect(facts.requires).to.deep.equal(['a.service']);
  });

  it('that are missing or of another type than promised are harmless', () => {
    for (const body of [[], [null], ['x'], [{}], [{ Job: new Variant('s', 'x'), MainPID: new Variant('as', []), InvocationID: new Variant('s', 'x'), EnvironmentFiles: 'x' }]]) {
      const facts = unitFacts('web.service', busProperties(body));
      expect(facts.job).to.equal(0);
      expect(facts.mainPid).to.equal(0);
      expect(facts.environmentFiles).to.deep.equal([]);
    }
  });
});
