import { expect } from 'chai';
import fc from 'fast-check';

import { OutputLines } from '../../../../src/adapters/host/output-lines.js';

function linesOf(chunks: readonly Buffer[]): string[] {
  const found: string[] = [];
  const lines = new OutputLines((line) => found.push(line));
  for (const chunk of chunks) lines.add(chunk);
  lines.end();
  return found;
}

describe('OutputLines', () => {
  it('whole lines, however the bytes come; the last may have no end', () => {
    const text = 'one\ntwö\r\n\nfour ✓';
    const expected = ['one', 'twö', '', 'four ✓'];
    fc.assert(
      fc.property(fc.array(fc.nat(Buffer.byteLength(text)), { maxLength: 8 }), (cuts) => {
        const bytes = Buffer.from(text);
        const ends = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        expect(linesOf(ends.slice(1).map((end, index) => bytes.subarray(ends[index], end)))).to.deep.equal(expected);
      }),
    );
  });

  it('control bytes are escaped, what is no UTF-8 is replaced', () => {
    expect(linesOf([Buffer.from('\x1b[2J\x07\u202e'), Buffer.from([0xff, 0x0a])])).to.deep.equal(['\\e[2J\\x07\\u202e\ufffd']);
  });

  it('a line that never ends is cut, and is not kept in memory', () => {
    const [line, ...more] = linesOf(Array.from({ length: 1000 }, () => Buffer.alloc(10_000, 'x')));
    expect([line?.length, line?.endsWith('…'), more]).to.deep.equal([500, true, []]);
  });
});
