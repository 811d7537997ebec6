import { expect } from 'chai';

import { directStatus, type StatusGround } from '../../../src/app/direct-status.js';
import type { Observation } from '../../../src/core/observation.js';
import { daemonSpec } from '../../support/daemon-spec.js';

const GROUND: StatusGround = { wanted: { desired: 'up', reason: 'nobody said otherwise', held: false }, kind: 'systemd', now: 1000, notMaster: 11, held: false, withheld: undefined };
const DOWN: Observation = { state: 'stopped', process: undefined, reason: 'd.service is inactive (dead)', restarts: undefined, lastExit: undefined, details: {} };

describe('app/direct-status', () => {
  const reason = (observation: Partial<Observation>, ground: Partial<StatusGround> = {}): string => directStatus(daemonSpec({ name: 'd' }), { ...DOWN, ...observation }, { ...GROUND, ...ground }).reason;

  it('says "not master" by the exit status, and by the role', () => {
    expect(reason({})).to.equal('d.service is inactive (dead)');
    expect(reason({ lastExit: { kind: 'exited', status: 11 } })).to.equal('not master: d.service is inactive (dead)');
    expect(reason({ state: 'failed', lastExit: { kind: 'exited', status: 11 } })).to.equal('not master: d.service is inactive (dead)');
    expect(reason({ lastExit: { kind: 'exited', status: 1 } })).to.equal('d.service is inactive (dead)');
    expect(reason({}, { withheld: 'not master: node2 is it' })).to.equal('not master: node2 is it; d.service is inactive (dead)');
  });

  it('does not where it runs, or is meant to be down', () => {
    expect(reason({ state: 'running', lastExit: { kind: 'exited', status: 11 } }, { withheld: 'not master: node2 is it' })).to.equal('d.service is inactive (dead)');
    expect(reason({}, { wanted: { ...GROUND.wanted, desired: 'down', reason: 'stopped by ops' }, withheld: 'not master: node2 is it' })).to.equal('stopped by ops');
  });
});
