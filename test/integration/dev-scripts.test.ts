import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync, copyFileSync, existsSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { installedMatchesLock } from '../../scripts/dev/setup.mjs';

const ROOT = path.resolve(import.meta.dirname, '../..');

interface Result {
  readonly status: number | null;
  readonly lines: readonly string[];
}

/** A tree like ours with one unit test file of the given text (none: no file at all). */
function treeWith(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(path.join(os.tmpdir(), 'watchkeeper-dev-scripts-'));
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(root, 'node_modules'));
  for (const name of ['.mocharc.json', 'tsconfig.json']) copyFileSync(path.join(ROOT, name), path.join(root, name));
  writeFileSync(path.join(root, 'package.json'), '{"type":"module"}');
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), text);
  }
  return root;
}

describe('npm test', function () {
  this.timeout(60_000);
  const roots: string[] = [];

  afterEach(() => {
    for (const root of roots.splice(0)) rmSync(root, { recursive: true, force: true });
  });

  function runTests(suites: readonly string[], files: Readonly<Record<string, string>>, deadline = 45_000): Promise<Result> {
    const root = treeWith(files);
    roots.push(root);
    const child = spawn(process.execPath, [path.join(ROOT, 'scripts/dev/test.mjs'), ...suites], {
      env: { ...process.env, WATCHKEEPER_TEST_ROOT: root, WATCHKEEPER_TEST_DEADLINE: String(deadline) },
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 50_000,
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
    return new Promise((resolve) => {
      child.on('close', (status) => resolve({ status, lines: output.trimEnd().split('\n') }));
    });
  }

  it('tells how it is used, and runs nothing', async () => {
    const { status, lines } = await runTests(['unit', '--help'], { 'test/unit/a.test.ts': `it('f', () => { throw new Error('on purpose'); });` });
    expect(lines[0]).to.equal('usage: npm test [-- SUITE… [MOCHA OPTION…]]');
    expect(lines.join('\n')).to.include('pacemaker').and.not.to.include('passed');
    expect(status).to.equal(0);
  });

  it('counts what passed, failed and was skipped over all runs', async () => {
    const { status, lines } = await runTests(['unit', 'contract'], {
      'test/unit/a.test.ts': `it('p', () => {}); it('f', () => { throw new Error('on purpose'); }); it.skip('s', () => {});`,
      'test/contract/b.test.ts': `it('p1', () => {}); it('p2', () => {}); it('s', function () { this.skip(); });`,
    });
    expect(lines.at(-1)).to.equal('3 passed, 1 failed, 2 skipped');
    expect(status).to.equal(1);
  });

  it('repeats at the end what failed, and why', async () => {
    const { lines } = await runTests(['unit'], { 'test/unit/a.test.ts': `describe('d', () => { it('f', () => { throw new Error('on purpose'); }); });` });
    const recap = lines.slice(lines.lastIndexOf('Failed:')).join('\n');
    expect(recap).to.match(/^Failed:\n {2}unit: d f\n {6}Error: on purpose\n/);
  });

  it('gives real processes a second try, and names who needed it; a unit test has one', async () => {
    const onceOnly = `let tries = 0; describe('d', () => { it('unsteady', () => { if (tries++ === 0) throw new Error('the first try'); }); });`;
    const contract = await runTests(['contract'], { 'test/contract/a.test.ts': onceOnly });
    expect(contract.lines.at(-1)).to.equal('1 passed, 0 failed, 0 skipped');
    expect(contract.lines.join('\n')).to.include('Passed at the second try only:\n  contract: d unsteady\n      Error: the first try');
    const unit = await runTests(['unit'], { 'test/unit/a.test.ts': onceOnly });
    expect(unit.lines.at(-1)).to.equal('0 passed, 1 failed, 0 skipped');
    const broken = await runTests(['contract'], { 'test/contract/a.test.ts': `it('f', () => { throw new Error('always'); });` });
    expect(broken.lines.at(-1)).to.equal('0 passed, 1 failed, 0 skipped');
    expect(broken.lines.join('\n')).to.include('at the first try: Error: always').and.not.to.include('second try');
  });

  it('succeeds where nothing failed', async () => {
    const { status, lines } = await runTests(['unit'], { 'test/unit/a.test.ts': `it('p', () => {}); it.skip('s', () => {});` });
    expect(lines.at(-1)).to.equal('1 passed, 0 failed, 1 skipped');
    expect(status).to.equal(0);
  });

  it('counts a hook that fails', async () => {
    const { status, lines } = await runTests(['unit'], {
      'test/unit/a.test.ts': `describe('d', () => { before(() => { throw new Error('on purpose'); }); it('p', () => {}); }); it('q', () => {});`,
    });
    expect(lines.at(-1)).to.equal('1 passed, 1 failed, 0 skipped');
    expect(status).to.equal(1);
  });

  it('counts a run that dies without a result', async () => {
    const { status, lines } = await runTests(['unit'], {
      'test/unit/a.test.ts': `it('p', () => {}); it('dies', () => { process.kill(process.pid, 'SIGKILL'); });`,
    });
    expect(lines.at(-1)).to.equal('0 passed, 1 failed, 0 skipped');
    expect(status).to.equal(1);
  });

  it('counts a run that ends badly after its last test', async () => {
    const { status, lines } = await runTests(['unit'], {
      'test/unit/a.test.ts': `it('p', () => { setTimeout(() => process.kill(process.pid, 'SIGKILL'), 1000); });`,
    });
    expect(lines.at(-1)).to.equal('1 passed, 1 failed, 0 skipped');
    expect(status).to.equal(1);
  });

  it('counts a file that does not load', async () => {
    const { status, lines } = await runTests(['unit'], { 'test/unit/a.test.ts': `import './nothing-here.js';` });
    expect(lines.at(-1)).to.equal('0 passed, 1 failed, 0 skipped');
    expect(status).to.equal(1);
  });

  it('takes no tests at all for a failure', async () => {
    const { status, lines } = await runTests(['unit', 'contract'], { 'test/unit/a.test.ts': `describe('empty', () => {});` });
    expect(lines.at(-1)).to.equal('0 passed, 2 failed, 0 skipped');
    expect(status).to.equal(1);
  });

  it('ends a run that hangs, lets its hooks clean up, and counts it', async () => {
    const marker = path.join(mkdtempSync(path.join(os.tmpdir(), 'watchkeeper-dev-scripts-')), 'cleaned');
    roots.push(path.dirname(marker));
    const { status, lines } = await runTests(
      ['unit'],
      {
        'test/unit/a.test.ts': `import { writeFileSync } from 'node:fs';
          const busy = setInterval(() => {}, 1000);
          after(() => { clearInterval(busy); writeFileSync(${JSON.stringify(marker)}, ''); });
          it('p', () => {});
          it('hangs', (done) => {}).timeout(0);
          it('never begins', () => {});`,
      },
      3000,
    );
    expect(lines.at(-1)).to.equal('1 passed, 2 failed, 0 skipped');
    expect(status).to.equal(1);
    expect(existsSync(marker)).to.equal(true);
  });

  it('is not held up by a process that keeps its output open', async () => {
    const { status, lines } = await runTests(['unit'], {
      'test/unit/a.test.ts': `import { spawn } from 'node:child_process';
        it('leaks', () => { spawn('/bin/sleep', ['20'], { detached: true, stdio: 'inherit' }).unref(); });`,
    });
    expect(lines.at(-1)).to.equal('1 passed, 0 failed, 0 skipped');
    expect(status).to.equal(0);
  }).timeout(15_000);

  it('refuses a suite that it does not know', async () => {
    const { status, lines } = await runTests(['unti'], {});
    expect(lines).to.deep.equal(['']);
    expect(status).to.equal(1);
  });
});

describe('setup', () => {
  const entry = (version: string, more: object = {}): object => ({ version, integrity: `sha512-${version}`, ...more });
  const lock = { packages: { '': {}, 'node_modules/a': entry('1.0.0'), 'node_modules/b': entry('2.0.0', { optional: true }) } };
  const isThere = (): boolean => true;

  it('accepts what an earlier npm install left', () => {
    expect(installedMatchesLock(lock, { packages: { 'node_modules/a': entry('1.0.0') } }, isThere)).to.equal(true);
    expect(installedMatchesLock(lock, { packages: { 'node_modules/a': entry('1.0.0'), 'node_modules/b': entry('2.0.0') } }, isThere)).to.equal(true);
  });

  for (const [what, packages] of Object.entries({
    'another version': { 'node_modules/a': entry('1.0.1') },
    'a missing package': {},
    'a package too many': { 'node_modules/a': entry('1.0.0'), 'node_modules/c': entry('1.0.0') },
  })) {
    it(`installs anew over ${what}`, () => {
      expect(installedMatchesLock(lock, { packages }, isThere)).to.equal(false);
    });
  }

  it('installs anew where a directory was removed by hand', () => {
    expect(installedMatchesLock(lock, { packages: { 'node_modules/a': entry('1.0.0') } }, () => false)).to.equal(false);
  });

  it('accepts the tree that runs this test', () => {
    const read = (file: string): never => JSON.parse(readFileSync(path.join(ROOT, file), 'utf8')) as never;
    expect(
      installedMatchesLock(read('package-lock.json'), read('node_modules/.package-lock.json'), (name: string) => existsSync(path.join(ROOT, name))),
    ).to.equal(true);
  });
});
