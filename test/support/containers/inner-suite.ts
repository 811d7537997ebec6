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
  readonly duration?: number;
  readonly err: { readonly message?: string; readonly stack?: string };
}

export interface InnerResults {
  readonly passes: readonly InnerTest[];
  readonly failures: readonly InnerTest[];
  readonly pending: readonly InnerTest[];
}

/** @param specs relative to the repository */
export async function runInside(container: Container, specs: readonly string[], timeout: number, environment: Readonly<Record<string, string>> = {}): Promise<InnerResults> {
  const output = `/run/inner-${randomBytes(4).toString('hex')}.json`;
  const result = await container.run(
    [
      '/usr/bin/env', `--chdir=${SOURCE_IN_CONTAINER}`, '/usr/bin/node', 'node_modules/mocha/bin/mocha.js',
      '--reporter', 'json', '--reporter-option', `output=${output}`, ...specs,
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

/** To be called in a `before` hook: mocha looks at a suite's tests after its hooks. */
export function tell(suite: Mocha.Suite, results: InnerResults): void {
  for (const test of results.passes) suite.addTest(new Mocha.Test(test.fullTitle, () => undefined));
  for (const test of results.pending) suite.addTest(new Mocha.Test(test.fullTitle));
  for (const test of results.failures) {
    suite.addTest(
      new Mocha.Test(test.fullTitle, () => {
        const error = new Error(test.err.message ?? 'failed without a message');
        if (test.err.stack !== undefined) error.stack = test.err.stack;
        throw error;
      }),
    );
  }
}
