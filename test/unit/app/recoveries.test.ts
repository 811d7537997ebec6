import { expect } from 'chai';

import { Recoveries } from '../../../src/app/recoveries.js';
import type { Observation } from '../../../src/core/observation.js';
import { daemonSpec, TEST_RESTART_POLICY } from '../../support/daemon-spec.js';
import { FakeClock } from '../../support/fake-clock.js';

const WEB = daemonSpec({ name: 'web', restart: { ...TEST_RESTART_POLICY, stableAfter: 1000 } });
const up = (pid: number): Observation => ({ state: 'running', process: { pid, startTicks: 1, bootId: 'b' }, reason: '', restarts: 0, lastExit: undefined, details: {} });
const DOWN: Observation = { ...up(1), state: 'starting', process: undefined };

describe('recoveries', () => {
  let clock: FakeClock;
  let told: string[];
  let recoveries: Recoveries;

  beforeEach(() => {
    clock = new FakeClock();
    told = [];
    recoveries = new Recoveries(clock, (name) => told.push(name));
  });
  afterEach(() => clock.expectNoTimers());

  it('are told once, when it has been up for long enough', () => {
    recoveries.failed('web');
    recoveries.consider(WEB, up(2));
    clock.advance(999);
    recoveries.consider(WEB, up(2));
    expect(told).to.deep.equal([]);
    clock.advance(1);
    expect(told).to.deep.equal(['web']);
    recoveries.consider(WEB, up(2));
    clock.advance(5000);
    expect(told).to.deep.equal(['web']);
  });

  it('begin anew with another death, another process, or a time in which nothing was seen', () => {
    recoveries.failed('web');
    recoveries.consider(WEB, up(2));
    clock.advance(900);
    recoveries.consider(WEB, DOWN);
    recoveries.consider(WEB, up(3));
    clock.advance(900);
    recoveries.failed('web');
    recoveries.consider(WEB, up(3));
    clock.advance(900);
    recoveries.consider(WEB, up(4));
    clock.advance(900);
    recoveries.suspend();
    clock.expectNoTimers();
    recoveries.consider(WEB, up(4));
    clock.advance(999);
    expect(told).to.deep.equal([]);
    clock.advance(1);
    expect(told).to.deep.equal(['web']);
  });

  it('are not told of what never failed, nor of what was stopped', () => {
    recoveries.consider(WEB, up(2));
    recoveries.failed('web');
    recoveries.consider(WEB, up(2));
    recoveries.forget('web');
    recoveries.consider(WEB, up(3));
    clock.advance(5000);
    expect(told).to.deep.equal([]);
  });
});
