/**
 * mocha's own `spec` output for people, and as a file for test.mjs the counts,
 * what failed, and what passed at a second try only. The file is renamed into
 * place at the end of the run: a run that crashes leaves none. Options: result=FILE.
 *
 * On SIGINT (a deadline, or Ctrl-C) the present test fails, no other begins,
 * and the hooks still clean up; mocha by itself would just die.
 */
import { renameSync, writeFileSync } from 'node:fs';
import Mocha from 'mocha';

const { EVENT_RUN_END, EVENT_TEST_FAIL, EVENT_TEST_PASS, EVENT_TEST_PENDING, EVENT_TEST_RETRY } = Mocha.Runner.constants;

/** Enough of a stack to find the place; a recap is not the whole story. */
const STACK_LINES = 8;

function told(test, error) {
  const text = String(error?.stack ?? error?.message ?? error);
  return { title: test.fullTitle(), error: text.split('\n').slice(0, STACK_LINES).join('\n') };
}

export default class CountingReporter extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const counts = { passed: 0, failed: 0, skipped: 0 };
    const failures = [];
    const retried = [];
    runner.on(EVENT_TEST_PASS, () => (counts.passed += 1));
    // a failing hook is one failure as well
    runner.on(EVENT_TEST_FAIL, (test, error) => {
      counts.failed += 1;
      failures.push(told(test, error));
    });
    runner.on(EVENT_TEST_RETRY, (test, error) => retried.push(told(test, error)));
    runner.on(EVENT_TEST_PENDING, () => (counts.skipped += 1));
    process.once('SIGINT', () => {
      runner.abort();
      runner.currentRunnable?.timeout(1);
    });
    runner.on(EVENT_RUN_END, () => {
      const file = options.reporterOptions.result;
      // the second try often fails by what the first one left behind
      for (const failure of failures) {
        const first = retried.find(({ title }) => title === failure.title);
        if (first !== undefined) failure.error += `\nat the first try: ${first.error}`;
      }
      const unsteady = retried.filter(({ title }) => !failures.some((failure) => failure.title === title));
      writeFileSync(`${file}.tmp`, JSON.stringify({ ...counts, failures, unsteady }));
      renameSync(`${file}.tmp`, file);
    });
  }
}
