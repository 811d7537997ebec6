/** Environment files: read as data, whatever is in them, and what is in them then can be written again. */
import { expect } from 'chai';
import fc from 'fast-check';

import { readEnvironmentFile } from '../../../src/adapters/sysv/environment.js';
import { formatAssignment, splitWords } from '../../../src/core/argument-words.js';
import { parseEnvironmentFile } from '../../../src/core/environment-file.js';
import { hostile, nested } from '../bytes.js';
import { Scratch } from '../scratch.js';
import type { Target } from '../target.js';

const SAMPLES = [
  "# of the node\nNODED_ARGS='-d --bind 127.0.0.1'\nCONFD_ARGS=\"-f \\\"a b\\\" \\$HOME\"\n\nEXTRA=a\\ b\\\nc\n",
  "A=1\nB='x\ny'\nA=2\nPATH=/usr/bin:/bin\n",
  'export A=1\nB = 2\n;x\n9A=1\nUID=0\n',
  "LONG='" + 'x'.repeat(5000) + "'\n",
];
const piece = fc.constantFrom("'", '"', '\\', '\n', ' ', '\t', 'a', 'B=', 'A=', '#', ';', '$', '`', '~', '=', 'é', '\\\n', "'x y'", '"p q"', '\\ ', '\r\n', '\0', '\ufffe', '\ud800');
const MOST_TOLD = 20;

export const target: Target = {
  inputs: fc.oneof(
    { weight: 5, arbitrary: hostile(SAMPLES, 1_200_000) },
    { weight: 5, arbitrary: fc.array(piece, { maxLength: 60 }).map((pieces) => Buffer.from(`A=${pieces.join('')}`)) },
    { weight: 1, arbitrary: nested([["'a'", ''], ['\\\n', ''], ['A=1\n', ''], ['A', ''], ['"\\"', '"'], ['=', ''], ['#\\\n', '']]).map((text) => Buffer.from(`A=${text}`)) },
  ),
  batch: 100,
  open() {
    const scratch = new Scratch();
    return {
      try(input) {
        const result = readEnvironmentFile(scratch.write('environment', input));
        if (!result.ok) {
          expect(result.reason).to.match(/^\S+\/environment:\d+: ./).and.not.include('\0');
          expect(result.reason.split('; ').length).to.be.lessThan(5 * MOST_TOLD);
          return;
        }
        for (const [name, value] of result.variables) {
          expect(name).to.match(/^[A-Za-z_][A-Za-z0-9_]*$/);
          expect(value).to.not.match(/\0|\p{Cs}/u);
          mustGoRound(name, value);
        }
      },
      close: () => scratch.remove(),
    };
  },
};

function mustGoRound(name: string, value: string): void {
  const split = splitWords(value);
  if (!split.ok) {
    expect(split.reason).to.be.a('string').and.not.equal('');
    return;
  }
  const written = formatAssignment(name, split.words);
  if (!written.ok) {
    expect(written.reason).to.match(/take \d+ bytes/);
    return;
  }
  const again = parseEnvironmentFile(`${written.text}\n`);
  expect(again.ok && splitWords(again.variables.get(name) ?? '')).to.deep.equal(split);
}
