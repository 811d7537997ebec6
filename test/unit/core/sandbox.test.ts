import { expect } from 'chai';

import { SANDBOX_DIRECTIVES, sandboxLines } from '../../../src/core/sandbox.js';

describe('sandbox', () => {
  it('has its directives in order, each value on a line, and nothing that systemd does not know yet', () => {
    const sandbox = { UMask: ['0077'], PrivatePIDs: ['yes'], SystemCallFilter: ['@system-service', '~@mount'], PrivateTmp: [] };
    const filtered = [['SystemCallFilter', '@system-service'], ['SystemCallFilter', '~@mount'], ['UMask', '0077']];
    expect(sandboxLines(sandbox, 252)).to.deep.equal(filtered);
    expect(sandboxLines(sandbox, 257)).to.deep.equal([['PrivatePIDs', 'yes'], ...filtered]);
  });

  it('keeps its table sorted, as units are written in its order', () => {
    expect(Object.keys(SANDBOX_DIRECTIVES)).to.deep.equal(Object.keys(SANDBOX_DIRECTIVES).sort());
  });
});
