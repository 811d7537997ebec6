/** What the benchmark makes of what it measured. */
import { expect } from 'chai';

import { barTable, beyond, exponent, isMet, markdown, median, outcome, placed, quantile, sectionText, shown } from '../../../scripts/bench/figures.mjs';

describe('figures of the benchmark', () => {
  it('has medians and quantiles, of what was measured alone', () => {
    expect(median([3, 1, 2])).to.equal(2);
    expect(median([4, 1, 2, 3])).to.equal(2.5);
    expect(median([NaN, 5, NaN])).to.equal(5);
    expect(median([])).to.be.NaN;
    expect(quantile([1, 2, 3, 4, 5], 0.95)).to.be.closeTo(4.8, 1e-9);
    expect(quantile([10, 1], 1)).to.equal(10);
  });

  it('counts what never came as later than all', () => {
    expect([median([1, Infinity, 2]), median([1, Infinity]), median([Infinity, Infinity]), quantile([1, 2, Infinity], 0.95)]).to.deep.equal([2, Infinity, Infinity, Infinity]);
    expect([outcome([1, 3]), outcome([]), outcome([Infinity]), outcome(undefined)]).to.deep.equal([2, Infinity, Infinity, NaN]);
    expect([beyond(5, 3), beyond(Infinity, 3), beyond(Infinity, Infinity), beyond(5, Infinity), beyond(NaN, 3)]).to.deep.equal([2, Infinity, Infinity, NaN, NaN]);
    expect(barTable([{ what: 'start', measured: Infinity, unit: 'ms', most: 5 }]).split('\n')[2]).to.equal('| start | never | 5.00 ms | **no** |');
  });

  it('fits how cost grows', () => {
    const grown = (power: number): number => exponent([10, 100, 1000].map((n) => ({ n, cost: 3 * n ** power })));
    expect([0, 0.5, 1, 2].map((power) => Math.round(grown(power) * 1e9) / 1e9)).to.deep.equal([0, 0.5, 1, 2]);
    expect(exponent([{ n: 10, cost: 5 }])).to.be.NaN;
    expect(exponent([{ n: 10, cost: 0 }, { n: 100, cost: 10 }, { n: 1000, cost: 100 }])).to.be.closeTo(1, 1e-9);
  });

  it('shows three digits that count', () => {
    expect([0.123, 1.234, 12.34, 123.4, 12345, NaN].map(shown)).to.deep.equal(['0.12', '1.23', '12.3', '123', '12345', '–']);
  });

  it('makes a table of Markdown, whatever is in a cell', () => {
    expect(markdown(['a', 'b'], [['x|y', 'two\nlines']])).to.equal('| a | b |\n| --- | --- |\n| x\\|y | two lines |');
  });

  it('says of each bar whether it is met, or was not measured', () => {
    const bar = { what: 'start', measured: 5, unit: 'ms', most: 5 };
    expect([isMet(bar), isMet({ ...bar, measured: 5.1 }), isMet({ ...bar, measured: NaN }), isMet({ ...bar, most: NaN })]).to.deep.equal([true, false, undefined, undefined]);
    const rows = barTable([bar, { ...bar, measured: 7, of: '1.5 × bare' }, { ...bar, most: NaN }]).split('\n').slice(2);
    expect(rows).to.deep.equal(['| start | 5.00 ms | 5.00 ms | yes |', '| start | 7.00 ms | 5.00 ms (1.5 × bare) | **no** |', '| start | 5.00 ms | – ms | not measured |']);
  });

  it('leaves the bars out where there are none', () => {
    expect(sectionText({ name: 'x', title: 'X', parts: ['p'], bars: [], figures: null })).to.equal('### X\n\np');
  });

  it('puts a text between its own markers only', () => {
    const document = 'a\n<!-- x: written by npm run bench -- x --write -->\nold\n<!-- x: end -->\nb\n';
    expect(placed(document, 'x', 'new')).to.equal('a\n<!-- x: written by npm run bench -- x --write -->\n\nnew\n\n<!-- x: end -->\nb\n');
    expect(() => placed(document, 'y', 'new')).to.throw('no place');
  });
});
