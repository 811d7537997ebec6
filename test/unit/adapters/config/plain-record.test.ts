import { expect } from 'chai';

import { fromPlainText, plainText } from '../../../../src/adapters/config/plain-record.js';

describe('adapters/config/plain-record', () => {
  it('gives back what it took, keys without a value too', () => {
    const value = { a: undefined, b: [1, { c: undefined, d: null }], e: { f: { g: undefined, h: '"\n\u{1f600}\ud800' } }, i: -1.5, j: false, '': undefined };
    const back = fromPlainText(plainText(value) ?? '') as object;
    expect(back).to.deep.equal(value);
    expect(Object.keys(back).sort()).to.deep.equal(Object.keys(value).sort());
    expect(Object.keys((back as typeof value).e.f)).to.have.members(['g', 'h']);
  });

  const others: Readonly<Record<string, unknown>> = {
    'a number that is none': { a: NaN },
    'an endless one': [Infinity],
    'a negative zero': -0,
    'a hole in a list': [undefined],
    nothing: undefined,
    'a map': { a: new Map() },
    'a date': new Date(0),
    'a function': { a: () => undefined },
    'a bigint': 1n,
    'a key that is not one': JSON.parse('{"__proto__":1}') as unknown,
  };
  for (const [what, value] of Object.entries(others)) it(`does not take ${what}`, () => expect(plainText(value)).to.equal(undefined));

  it('does not take what it did not write for something of its own', () => {
    for (const text of ['', '{}', '[]', 'null', '{"value":1,"absent":[["a","b"]]}', '{"value":{"a":1}}', '{"value":{},"absent":[["__proto__","x"]]}', '{"value":{},"absent":[["__proto__"]]}', '{"value":{},"absent":[["constructor","x"]]}', '{"value":{},"absent":[[]]}']) expect(() => fromPlainText(text), text).to.throw();
  });
});
