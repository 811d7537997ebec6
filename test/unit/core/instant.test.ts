import { expect } from 'chai';
import fc from 'fast-check';

import { formatInstant } from '../../../src/core/instant.js';

describe('core/instant', () => {
  it('agrees with the host\'s calendar', () => {
    const tenThousand = Date.UTC(9999, 11, 31);
    fc.assert(
      fc.property(fc.integer({ min: Date.UTC(1900, 0, 1), max: tenThousand }), (ms) => {
        expect(formatInstant(ms)).to.equal(`${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')}Z`);
      }),
      { numRuns: 2000 },
    );
  });
});
