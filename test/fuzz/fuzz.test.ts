/** Each target for a moment, the same inputs each time, and every case that was ever found; longer, and new ones: `npm run fuzz`. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { expect } from 'chai';

import { describeFailure, Fuzzer } from './fuzzer.js';
import { TARGETS } from './table.js';

const CORPUS = path.join(import.meta.dirname, 'corpus');
const SECONDS = 1;
/** A commit is to be judged by what it changes. */
const SEED = 20261121;

describe('hostile inputs', function () {
  this.timeout(300_000);
  let fuzzer: Fuzzer;

  before(() => {
    fuzzer = new Fuzzer();
  });
  after(() => fuzzer.close());

  it('were found for targets that there are', () => {
    expect(Object.keys(TARGETS)).to.include.members(readdirSync(CORPUS));
  });

  for (const target of Object.keys(TARGETS)) {
    for (const name of casesOf(target)) {
      it(`${target}: ${name}, which was found before`, async () => {
        const verdict = await fuzzer.run({ target, seed: 0, seconds: 1, input: readFileSync(path.join(CORPUS, target, name)).toString('base64') });
        if (verdict.kind !== 'passed') throw new Error(describeFailure(verdict));
      });
    }

    it(`${target}: some for ${SECONDS} s`, async () => {
      const verdict = await fuzzer.run({ target, seed: SEED, seconds: SECONDS });
      if (verdict.kind !== 'passed') throw new Error(describeFailure(verdict));
      expect(verdict.runs).to.be.greaterThan(0);
    });
  }
});

function casesOf(target: string): readonly string[] {
  const directory = path.join(CORPUS, target);
  return readdirSync(CORPUS).includes(target) ? readdirSync(directory).sort() : [];
}
