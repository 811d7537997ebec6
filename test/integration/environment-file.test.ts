/** What our parser accepts means the same to the real shells of this machine. */
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { acceptedTexts, testSeed, type AcceptedText } from '../support/environment-texts.js';

const NAMES = ['A', 'B', 'Z', 'a', 'aA'];
const SHELLS = ['/bin/sh', '/bin/dash', '/bin/bash', '/bin/busybox'].filter((path) => fs.existsSync(path));

/** Each file read by `.` in a subshell of its own; the values of NAMES, or undefined where one is not set. */
function valuesInShell(shell: string, directory: string, count: number): readonly (readonly (string | undefined)[])[] {
  const print = NAMES.map((name) => `printf '%s\\0' "\${${name}+=}\${${name}-}"`).join('; ');
  const script = `i=0; while [ $i -lt ${count} ]; do ( . ./$i || exit 1; ${print} ) || exit 1; i=$((i+1)); done`;
  const argv = shell.endsWith('busybox') ? ['sh', '-c', script] : ['-c', script];
  const run = spawnSync(shell, argv, {
    cwd: directory,
    env: { HOME: '/home/expanded', LC_ALL: 'C.UTF-8', PATH: '/nonexistent' },
    encoding: 'utf8',
    timeout: 30_000,
    maxBuffer: 64 * 1024 * 1024,
  });
  expect(run.stderr, `${shell} complained`).to.equal('');
  expect(run.status, `${shell} ended early`).to.equal(0);
  const values = run.stdout.split('\0').slice(0, -1).map((value) => (value === '' ? undefined : value.slice(1)));
  return Array.from({ length: count }, (_, index) => values.slice(index * NAMES.length, (index + 1) * NAMES.length));
}

describe('environment files and real shells', function () {
  this.timeout(60_000);
  let directory = '';
  const seed = testSeed();
  let cases: readonly AcceptedText[] = [];

  before(() => {
    directory = fs.mkdtempSync(join(tmpdir(), 'watchkeeper-environment-'));
    cases = acceptedTexts(500, seed);
    cases.forEach((one, index) => fs.writeFileSync(join(directory, String(index)), one.text));
  });

  after(() => fs.rmSync(directory, { recursive: true, force: true }));

  it('are compared on enough different texts', () => {
    expect(cases.length).to.be.greaterThan(400);
    expect(SHELLS).to.include('/bin/sh');
  });

  for (const shell of SHELLS) {
    it(`mean the same to ${shell}`, () => {
      valuesInShell(shell, directory, cases.length).forEach((values, index) => {
        const one = cases[index];
        expect(values, `${JSON.stringify(one?.text)}, seed ${seed}`).to.deep.equal(NAMES.map((name) => one?.variables.get(name)));
      });
    });
  }
});
