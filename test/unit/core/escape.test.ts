import { expect } from 'chai';
import fc from 'fast-check';
import { escapeControl } from '../../../src/core/escape.js';

describe('escapeControl', () => {
  it('shows control bytes instead of obeying them', () => {
    expect(escapeControl('a\nb\u001b[2Jc\u0007\u0085', 100)).to.equal('a\\nb\\e[2Jc\\x07\\x85');
    expect(escapeControl('safe\u202eevil', 100)).to.equal('safe\\u202eevil');
  });

  it('leaves plain text alone', () => {
    expect(escapeControl('Größe 5 µm → 🙂', 100)).to.equal('Größe 5 µm → 🙂');
  });

  it('marks what was cut', () => {
    expect(escapeControl('x'.repeat(20), 10)).to.equal(`${'x'.repeat(9)}…`);
  });

  it('never exceeds the bound, holds no control character, no half of a pair', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 40 }), (text, max) => {
        const shown = escapeControl(text, max);
        expect(shown.length).to.be.at.most(max);
        expect(shown).not.to.match(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/);
        expect(shown).not.to.match(/\p{Cs}/u);
      }),
    );
  });
});
