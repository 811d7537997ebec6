import { expect } from 'chai';
import fc from 'fast-check';
import { hasEnded, parseStat, readStat } from '../../../../src/adapters/host/proc.js';

const TAIL = '1 4711 4700 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 987654 1000 10 18446744073709551615';

describe('parseStat', () => {
  it('finds the fields behind any name, also one that imitates them', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(')', '(', ' ', '\n', 'S', 'Z', '1', 'a'), maxLength: 15 }), (name) => {
        const stat = parseStat(`4712 (${name}) S ${TAIL}\n`);
        expect(stat).to.deep.equal({ state: 'S', parent: 1, session: 4700, startTicks: 987654 });
      }),
    );
  });

  it('takes nothing for something', () => {
    expect(parseStat('')).to.equal(undefined);
    expect(parseStat('4712 (x) S 1')).to.equal(undefined);
  });

  it('agrees with the kernel about this process', () => {
    const stat = readStat(process.pid);
    expect(stat?.parent).to.equal(process.ppid);
    expect(stat === undefined || hasEnded(stat)).to.equal(false);
  });
});
