/**
 * mocha's own `spec` output for people, and the counts as a file for test.mjs.
 * The file is renamed into place at the end of the run: a run that crashes
 * leaves none. Options: result=FILE.
 *
 * On SIGINT (a deadline, or Ctrl-C) the present test fails, no other begins,
 * and the hooks still clean up; mocha by itself would just die.
 */
import { renameSync, writeFileSync } from 'node:fs';
import Mocha from 'mocha';

const { EVENT_RUN_END, EVENT_TEST_FAIL, EVENT_TEST_PASS, EVENT_TEST_PENDING } = Mocha.Runner.constants;

export default class CountingReporter extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const counts = { passed: 0, failed: 0, skipped: 0 };
    runner.on(EVENT_TEST_PASS, () => (counts.passed += 1));
    // a failing hook is one failure as well
    runner.on(EVENT_TEST_FAIL, () => (counts.failed += 1));
    runner.on(EVENT_TEST_PENDING, () => (counts.skipped += 1));
    process.once('SIGINT', () => {
      runner.abort();
      runner.currentRunnable?.timeout(1);
    });
    runner.on(EVENT_RUN_END, () => {
      const file = options.reporterOptions.result;
      writeFileSync(`${file}.tmp`, JSON.stringify(counts));
      renameSync(`${file}.tmp`, file);
    });
  }
}
