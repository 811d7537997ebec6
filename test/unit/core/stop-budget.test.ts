/** Sharing a limited time among stops that follow each other. */
import { expect } from 'chai';
import * as fc from 'fast-check';
import type { DaemonSpec } from '../../../src/core/daemon.js';
import { stopShare, stopsThatFollow } from '../../../src/core/stop-budget.js';
import { daemonSpec } from '../../support/daemon-spec.js';

/** Each daemon may require any of those before it. */
const CATALOGUES = fc
  .array(fc.record({ requires: fc.array(fc.nat(30), { maxLength: 3 }), patience: fc.integer({ min: 100, max: 600_000 }), deaf: fc.boolean() }), { minLength: 1, maxLength: 12 })
  .map((list) =>
    list.map(({ requires, patience, deaf }, index) => ({
      deaf,
      spec: daemonSpec({ name: `d${index}`, stopTimeout: patience, requires: index === 0 ? [] : [...new Set(requires.map((one) => `d${one % index}`))] }),
    })),
  );

describe('the stop budget', () => {
  it('counts the stops that can only come later', () => {
    const specs = [daemonSpec({ name: 'db' }), daemonSpec({ name: 'api', requires: ['db'] }), daemonSpec({ name: 'web', after: ['api', 'db'] }), daemonSpec({ name: 'alone' })];
    expect(Object.fromEntries(stopsThatFollow(specs))).to.deep.equal({ db: 0, api: 1, web: 2, alone: 0 });
  });

  it('gives a daemon its own patience where there is time enough', () => {
    expect(stopShare(5000, 2, 25_000)).to.equal(5000);
    expect(stopShare(30_000, 0, 25_000)).to.be.within(20_000, 25_000);
  });

  it('is enough for all, in order, whoever does not listen', () => {
    fc.assert(
      fc.property(CATALOGUES, fc.integer({ min: 5000, max: 60_000 }), (daemons, budget) => {
        const following = stopsThatFollow(daemons.map(({ spec }) => spec));
        const doneAt = new Map<string, number>();
        // From the last: each begins when those that need it are down.
        for (const { spec, deaf } of daemons.toReversed()) {
          const begins = Math.max(0, ...dependants(daemons.map((one) => one.spec), spec.name).map((name) => doneAt.get(name) ?? 0));
          const share = stopShare(spec.stopTimeout, following.get(spec.name) ?? 0, budget - begins);
          doneAt.set(spec.name, begins + (deaf ? share : 0));
        }
        expect(Math.max(...doneAt.values())).to.be.at.most(budget);
      }),
    );
  });
});

function dependants(specs: readonly DaemonSpec[], name: string): readonly string[] {
  return specs.filter((spec) => spec.requires.includes(name)).map((spec) => spec.name);
}
