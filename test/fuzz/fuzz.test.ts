/** Each target for a moment and LEAST inputs, the same each time, and every case that was ever found; longer, and new ones: `npm run fuzz`. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { expect } from 'chai';

import { mustHaveShells } from '../support/front-probe.js';
import { describeFailure, Fuzzer } from './fuzzer.js';
import { TARGETS } from './table.js';

const CORPUS = path.join(import.meta.dirname, 'corpus');
const SECONDS = 1;
/** A commit is to be judged by what it changes. */
const SEED = 20261121;
/** Inputs that each target has to try, on a slow machine too: what that does in two or three seconds. */
const LEAST: Readonly<Record<string, number>> = {
  configuration: 40, 'configuration-cache': 300, schedule: 200, 'environment-file': 200, 'pid-file': 400, 'state-records': 80, 'no-files': 150, 'proc-stat': 20,
  'proc-tables': 400, 'unit-properties': 200, 'cluster-xml': 200, 'notify-socket': 2000, 'control-bodies': 400, 'control-socket': 80, 'state-board': 10, 'agent-environment': 20,
};

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

  it('are tried in dash, bash and busybox', function () {
    mustHaveShells(this);
  });

  for (const target of Object.keys(TARGETS)) {
    for (const name of casesOf(target)) {
      it(`${target}: ${name}, which was found before`, async () => {
        const verdict = await fuzzer.run({ target, seed: 0, seconds: 1, input: readFileSync(path.join(CORPUS, target, name)).toString('base64') });
        if (verdict.kind !== 'passed') throw new Error(describeFailure(verdict));
      });
    }

    it(`${target}: some for ${SECONDS} s, and enough of them`, async () => {
      const least = LEAST[target] ?? 0;
      expect(least, 'nobody says how many are enough').to.be.greaterThan(0);
      const verdict = await fuzzer.run({ target, seed: SEED, seconds: SECONDS, least });
      if (verdict.kind !== 'passed') throw new Error(describeFailure(verdict));
      expect(verdict.runs).to.be.at.least(least);
    });
  }
});

function casesOf(target: string): readonly string[] {
  const directory = path.join(CORPUS, target);
  return readdirSync(CORPUS).includes(target) ? readdirSync(directory).sort() : [];
}
