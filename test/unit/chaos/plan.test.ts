import { expect } from 'chai';

import { chance, FAULT_KINDS, faultLine, planFaults } from '../../chaos/plan.js';

const OPTIONS = { seed: 7, world: 'plain', faults: 3000, daemons: 20 } as const;

describe('the plan of a storm', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(planFaults(OPTIONS)).to.deep.equal(planFaults(OPTIONS));
    expect(planFaults({ ...OPTIONS, seed: 8 })).to.not.deep.equal(planFaults(OPTIONS));
  });

  it('begins alike however long it is', () => {
    expect(planFaults({ ...OPTIONS, faults: 200 })).to.deep.equal(planFaults(OPTIONS).slice(0, 200));
  });

  for (const world of ['plain', 'systemd'] as const) {
    it(`has each kind of ${world} among the first, and none of the other`, () => {
      const all = new Set(planFaults({ ...OPTIONS, world }).map(({ kind }) => kind));
      const first = new Set(planFaults({ ...OPTIONS, world, faults: 2 * FAULT_KINDS.length }).map(({ kind }) => kind));
      expect(first).to.deep.equal(all);
      expect(all.has('bus-restart')).to.equal(world === 'systemd');
      expect(all.has('direct-kill-at-step')).to.equal(world === 'plain');
    });
  }

  it('has those only that were asked for', () => {
    const plan = planFaults({ ...OPTIONS, world: 'systemd', only: ['bus-restart', 'stop'] });
    expect(new Set(plan.map(({ kind }) => kind))).to.deep.equal(new Set(['bus-restart', 'stop']));
  });

  it('hits each daemon, in each of several ways, in bounded time', () => {
    const plan = planFaults(OPTIONS);
    expect(new Set(plan.map(({ target }) => target)).size).to.equal(20);
    expect(Math.max(...plan.map(({ choice }) => choice))).to.be.within(900_000, 999_999);
    expect(plan.every(({ hold, pause }) => hold >= 0 && hold <= 5000 && pause >= 0 && pause < 150)).to.equal(true);
    expect(plan.map(({ step }) => step)).to.deep.equal(plan.map((_, index) => index));
  });

  it('is told line by line', () => {
    expect(faultLine({ step: 3, kind: 'kill', target: 2, choice: 9, hold: 0, pause: 5 })).to.equal('3 kill d2 choice 9 hold 0 ms, then 5 ms');
  });

  it('draws evenly', () => {
    const random = chance(1);
    const mean = Array.from({ length: 10_000 }, random).reduce((sum, one) => sum + one, 0) / 10_000;
    expect(mean).to.be.within(0.48, 0.52);
  });
});
