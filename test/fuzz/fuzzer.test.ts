/** That the fuzzer finds what it is there for: parsers with a fault planted in them. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { expect } from 'chai';

import { describeFailure, Fuzzer, type Failure, type Verdict } from './fuzzer.js';

const SEED = 3;

describe('the fuzzer', function () {
  this.timeout(300_000);
  const fuzzers: Fuzzer[] = [];
  let usual: Fuzzer;

  before(() => {
    usual = fuzzer();
  });
  after(async () => {
    for (const one of fuzzers) await one.close();
  });

  function fuzzer(...options: ConstructorParameters<typeof Fuzzer>): Fuzzer {
    const made = new Fuzzer(...options);
    fuzzers.push(made);
    return made;
  }

  const run = (fault: string, more: { readonly path?: string; readonly input?: string; readonly seed?: number; readonly seconds?: number } = {}, by = usual): Promise<Verdict> => by.run({ target: `planted-${fault}`, seed: SEED, seconds: 0.5, ...more });

  function failure(verdict: Verdict): Failure {
    if (verdict.kind === 'passed') throw new Error('nothing was found');
    return verdict;
  }

  it('finds an error, makes its input smaller, and repeats it by seed and path', async () => {
    const found = failure(await run('wrong'));
    expect(found).to.include({ kind: 'failed', target: 'planted-wrong' });
    expect(found.reason).to.include('TypeError: no such property');
    expect(found.input.length).to.equal(10);
    const again = failure(await run('wrong', { seed: found.seed, path: found.path }));
    expect([again.kind, again.seed, again.input]).to.deep.equal(['failed', found.seed, found.input]);
  });

  for (const [fault, words, patience, reason] of [
    ['hang', 'a loop without an end', { cpu: 1, wall: 60 }, /more than 1 s of CPU/],
    ['sleep', 'a promise that nobody keeps', { cpu: 60, wall: 3 }, /more than 3 s/],
  ] as const) {
    it(`finds ${words}, with its input`, async () => {
      const found = failure(await run(fault, {}, fuzzer(patience)));
      expect(found.kind, found.reason).to.equal('hang');
      expect(found.reason).to.match(reason);
      expect((found.input[0] ?? 0) % 64).to.equal(7);
    });
  }

  it('finds all memory taken, with its input', async () => {
    const found = failure(await run('exhaust', {}, fuzzer(undefined, 64)));
    expect(found.kind, found.reason).to.equal('crash');
    expect(found.reason).to.match(/SIGABRT[^]*heap/);
    expect((found.input[0] ?? 0) % 64).to.equal(7);
  });

  const FAULTS: readonly (readonly [string, string, Failure['kind'], RegExp])[] = [
    ['crash', 'an abort', 'crash', /SIGABRT/],
    ['late', 'an error that nobody waits for', 'crash', /nobody waits for this/],
    ['greedy', 'much memory for a small input', 'failed', /takes [2-9]\d\.\d MiB for \d+ bytes/],
    ['slow', 'much time for a small input', 'failed', /ms of CPU for \d+ bytes/],
  ];
  for (const [fault, words, kind, reason] of FAULTS) {
    it(`finds ${words}, with its input`, async () => {
      const found = failure(await run(fault, fault === 'slow' ? { seconds: 0.1 } : {}));
      expect(found.kind, found.reason).to.equal(kind);
      expect(found.reason).to.match(reason);
      // What ends late is told of another input.
      if (fault === 'late') return;
      expect((found.input[0] ?? 0) % 64).to.equal(7);
      if (kind !== 'crash') return;
      const again = failure(await run(fault, { input: found.input.toString('base64') }));
      expect(again.kind, again.reason).to.equal(kind);
    });
  }

  it('finds memory that is never given back', async () => {
    expect(failure(await run('leak')).reason).to.match(/the heap has grown by/);
  });

  it('keeps the input, and says how to try it again', () => {
    const directory = mkdtempSync(path.join(os.tmpdir(), 'watchkeeper-fuzz-test-'));
    try {
      const input = Buffer.from([7, 0, 255]);
      const found: Failure = { kind: 'hang', target: 'pid-file', seed: 5, path: '', input, reason: 'r' };
      const file = path.join(directory, 'pid-file-hang-5-run');
      expect(describeFailure(found, directory)).to.include(`npm run fuzz -- --target pid-file --file ${file}`);
      expect(readFileSync(file)).to.deep.equal(input);
      expect(describeFailure({ ...found, kind: 'failed', path: '3:1' }, directory)).to.include('--target pid-file --seed 5 --path 3:1');
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
