/**
 * Mocha specs that run inside a container, on its systemd, and are told here as
 * if they had run here: each of them is a test of ours, passed, failed or
 * skipped, so that totals count them.
 */
import { randomBytes } from 'node:crypto';
import { cpus } from 'node:os';

import Mocha from 'mocha';

import type { Container } from './container.js';
import { SOURCE_IN_CONTAINER } from './installed-tree.js';

interface InnerTest {
  readonly fullTitle: string;
  /** of the error; empty where there was none */
  readonly message: string;
  readonly stack?: string;
}

export interface InnerResults {
  readonly passes: readonly InnerTest[];
  readonly failures: readonly InnerTest[];
  readonly pending: readonly InnerTest[];
  /** first tries that failed */
  readonly retried: readonly InnerTest[];
}

/** @param specs relative to the repository */
export async function runInside(container: Container, specs: readonly string[], timeout: number, environment: Readonly<Record<string, string>> = {}): Promise<InnerResults> {
  const output = `/run/inner-${randomBytes(4).toString('hex')}.json`;
  const result = await container.run(
    [
      '/usr/bin/env', `--chdir=${SOURCE_IN_CONTAINER}`, '/usr/bin/node', 'node_modules/mocha/bin/mocha.js',
      '--reporter', 'test/support/containers/inner-reporter.mjs', '--reporter-option', `output=${output}`, '--retries', '1', ...specs,
    ],
    { timeout, environment: { TMPDIR: '/tmp', ...environment } },
  );
  const text = await container.run(['/usr/bin/cat', output]);
  if (text.status !== 0) {
    throw new Error(`the specs inside ended with ${result.status} and no results (deadline ${timeout} ms, ${cpus().length} CPUs): ${result.stderr.slice(-3000)}${result.stdout.slice(-1000)}`);
  }
  const results = JSON.parse(text.stdout) as InnerResults;
  if (results.passes.length + results.failures.length === 0) throw new Error(`no spec ran inside: ${result.stderr.slice(-3000)}`);
  return results;
}

function again(test: InnerTest): Error {
  const error = new Error(test.message);
  if (test.stack !== undefined) error.stack = test.stack;
  return error;
}

/**
 * To be called in a `before` hook: mocha looks at a suite's tests after its
 * hooks. A test that needed a second try inside needs one here, too.
 */
export function tell(suite: Mocha.Suite, results: InnerResults): void {
  for (const test of results.passes) {
    const first = results.retried.filter(({ fullTitle }) => fullTitle === test.fullTitle);
    suite.addTest(
      new Mocha.Test(test.fullTitle, () => {
        const failed = first.shift();
        if (failed !== undefined) throw again(failed);
      }),
    );
  }
  for (const test of results.pending) suite.addTest(new Mocha.Test(test.fullTitle));
  for (const test of results.failures) {
    const retold = new Mocha.Test(test.fullTitle, () => {
      throw again(test);
    });
    suite.addTest(retold);
    retold.retries(0);
  }
}
