import { expect } from 'chai';
import fc from 'fast-check';

import { asciiOnly, jsonLine, quoted, wantsUtf8 } from '../../../src/core/printable.js';

describe('words told back', () => {
  it('are quoted, made harmless and cut with their true length', () => {
    expect(quoted('')).to.equal("''");
    expect(quoted(' a\nb ')).to.equal("' a\\nb '");
    expect(quoted('x'.repeat(80))).to.equal(`'${'x'.repeat(80)}'`);
    expect(quoted('x'.repeat(10_000))).to.equal(`'${'x'.repeat(80)}…' (10000 characters)`);
    expect(quoted('\u001b'.repeat(80))).to.equal(`'${'\\e'.repeat(80)}'`);
  });

  it('are never long and never hold a control byte', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        expect(quoted(text)).not.to.match(/[\0-\x1f\x7f-\x9f\u202a-\u202e]/);
        expect(quoted(text).length).to.be.at.most(6 * 80 + 40);
      }),
    );
  });

  it('are plain ASCII in JSON, and mean the same', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const line = jsonLine({ text });
        expect(line).to.match(/^[\x20-\x7e]*$/);
        expect(JSON.parse(line)).to.deep.equal({ text });
      }),
    );
  });

  it('are plain ASCII where the locale has no UTF-8', () => {
    expect(asciiOnly('a → b… é 😀')).to.equal('a -> b... \\u{e9} \\u{1f600}');
  });

  it('know the locale by the first variable that is set', () => {
    expect(wantsUtf8({ LC_ALL: 'C', LANG: 'en_US.UTF-8' })).to.equal(false);
    expect(wantsUtf8({ LC_ALL: '', LANG: 'en_US.UTF-8' })).to.equal(true);
    expect(wantsUtf8({ LC_CTYPE: 'C.utf8' })).to.equal(true);
    expect(wantsUtf8({})).to.equal(false);
  });
});
