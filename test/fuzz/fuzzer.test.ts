/** That the fuzzer finds what it is there for: parsers with a fault planted in them. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { expect } from 'chai';

import { eventually } from '../support/eventually.js';
import { limited } from '../support/limited.js';
import { isLive } from '../support/proc.js';
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

  it('tries as many inputs as are wanted at least, however short its time', async () => {
    const short = await usual.run({ target: 'planted-none', seed: SEED, seconds: 0 });
    const least = await usual.run({ target: 'planted-none', seed: SEED, seconds: 0, least: 1000 });
    expect([short.kind, least.kind]).to.deep.equal(['passed', 'passed']);
    if (short.kind === 'passed') expect(short.runs).to.be.lessThan(1000);
    if (least.kind === 'passed') expect(least.runs).to.be.at.least(1000);
  });

  describe('as a command', () => {
    function command(...words: string[]): { status: number | null; stdout: string; stderr: string } {
      const { status, stdout, stderr } = spawnSync(process.execPath, [`--import=${import.meta.resolve('tsx/esm')}`, path.join(import.meta.dirname, 'main.ts'), ...words], { encoding: 'utf8', timeout: 60_000 });
      return { status, stdout, stderr };
    }

    it('tells how it is used', () => {
      const { status, stdout, stderr } = command('--help');
      expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
      expect(stdout).to.match(/^usage: npm run fuzz -- /).and.include('Targets: configuration, ').and.include('--seed N');
    });

    for (const words of [['--frobnicate'], ['stray'], ['--seconds'], ['--seconds', 'x'], ['--target', 'nobody'], ['--path', '1'], ['--target', 'pid-file', '--file', '/nonexistent/x']]) {
      it(`refuses ${words.join(' ')} in one line`, () => {
        const { status, stdout, stderr } = command(...words);
        expect({ status, stdout }).to.deep.equal({ status: 2, stdout: '' });
        expect(stderr).to.match(/^fuzz: cannot begin: [^\n]+; try: npm run fuzz -- --help\n$/);
      });
    }
  });

  describe('holds a program under test to limits of its own', () => {
    /** @returns how it ended, and what it said */
    function tried(script: string, seconds: number, limits: Parameters<typeof limited>[2] = {}): readonly [string, string] {
      const [program, ...words] = limited(['/bin/sh', '-c', script], seconds, limits);
      const { status, signal, stdout } = spawnSync(program, words, { encoding: 'utf8', timeout: 60_000 });
      return [signal ?? String(status), stdout.trim()];
    }

    it('which do not trouble one that is well', () => {
      expect(tried('echo well; exit 3', 20)).to.deep.equal(['3', 'well']);
    });

    it('of time, with all that it has started', async () => {
      const [ending, pid] = tried('/bin/sleep 600 & echo $!; wait', 1);
      expect(ending).to.equal('SIGKILL');
      await eventually('what it has started is gone', () => !isLive(Number(pid)));
    });

    it('of CPU', () => {
      const began = process.uptime();
      const [ending] = tried('while :; do :; done', 50, { cpu: 1 });
      expect(ending).to.match(/^(?:137|152|SIGKILL|SIGXCPU)$/);
      expect(process.uptime() - began).to.be.lessThan(45);
    });

    it('of memory', () => {
      const [ending, said] = tried('x=0123456789; while :; do x=$x$x; echo grown; done', 30, { memory: 64 });
      expect(ending).to.match(/^(?:2|134|137|139)$/);
      expect(said.split('\n').length).to.be.within(5, 30);
    });
  });
});
