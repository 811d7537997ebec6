import fc from 'fast-check';

import { expectWish, SupervisionWorld, WORLD_ACTIONS } from '../../support/supervision-world.js';

const actions = fc.array(
  fc.record({
    kind: fc.constantFrom(...WORLD_ACTIONS),
    choice: fc.nat(1_000_000),
  }),
  { maxLength: 120 },
);

describe('core/supervision, random histories', () => {
  it('never has two instances, never starts what is wanted down, keeps delays in bounds and leaves no timer armed', () => {
    fc.assert(
      fc.property(actions, fc.boolean(), fc.boolean(), (history, wantedUp, found) => {
        const world = new SupervisionWorld(wantedUp, found);
        for (const { kind, choice } of history) world.act(kind, choice);
        world.check();
      }),
      { numRuns: 1500 },
    );
  });

  it('comes to rest where it is wanted once the world behaves', () => {
    fc.assert(
      fc.property(actions, fc.boolean(), (history, wantedUp) => {
        const world = new SupervisionWorld(true, false);
        for (const { kind, choice } of history) world.act(kind, choice);
        world.behave(wantedUp);
        expectWish(wantedUp, world);
      }),
      { numRuns: 1000 },
    );
  });
});
