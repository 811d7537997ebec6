/**
 * The results of a mocha run inside a container, as JSON for those outside:
 * mocha's own json reporter does not tell why a first try failed.
 * Options: output=FILE.
 */
import { writeFileSync } from 'node:fs';
import Mocha from 'mocha';

const { EVENT_RUN_END, EVENT_TEST_FAIL, EVENT_TEST_PASS, EVENT_TEST_PENDING, EVENT_TEST_RETRY } = Mocha.Runner.constants;

function told(test, error) {
  return { fullTitle: test.fullTitle(), message: String(error?.message ?? error ?? ''), stack: error?.stack };
}

export default class InnerReporter {
  constructor(runner, options) {
    const results = { passes: [], failures: [], pending: [], retried: [] };
    runner.on(EVENT_TEST_PASS, (test) => results.passes.push(told(test)));
    runner.on(EVENT_TEST_PENDING, (test) => results.pending.push(told(test)));
    runner.on(EVENT_TEST_FAIL, (test, error) => results.failures.push(told(test, error)));
    runner.on(EVENT_TEST_RETRY, (test, error) => results.retried.push(told(test, error)));
    runner.on(EVENT_RUN_END, () => writeFileSync(options.reporterOptions.output, JSON.stringify(results)));
  }
}
