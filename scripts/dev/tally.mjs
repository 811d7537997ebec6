/**
 * Counts of all runs → the one line that `npm test` ends with. A run that says
 * nothing must never look like a run that passed.
 */

/**
 * @typedef {{ passed: number, failed: number, skipped: number }} Counts
 * @typedef {{ status: number | null, signal: string | null, timedOut: boolean }} Ending
 */

export function emptyCounts() {
  return { passed: 0, failed: 0, skipped: 0 };
}

export function addCounts(a, b) {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

function isCount(value) {
  return Number.isSafeInteger(value) && value >= 0;
}

function parseCounts(text) {
  if (text === undefined) return undefined;
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  if (value === null || typeof value !== 'object' || ![value.passed, value.failed, value.skipped].every(isCount)) return undefined;
  return { passed: value.passed, failed: value.failed, skipped: value.skipped };
}

/**
 * @param {string | undefined} resultText the reporter's file, where there is one
 * @param {Ending} ending
 * @returns {{ counts: Counts, problem: string | undefined }} a problem is counted as one failure
 */
export function judgeMochaRun(resultText, ending) {
  const counts = parseCounts(resultText);
  if (ending.timedOut) {
    return withProblem(counts ?? emptyCounts(), 'did not end before its deadline and was killed');
  }
  if (counts === undefined) {
    return withProblem(emptyCounts(), `ended with ${describeEnding(ending)} and left no result`);
  }
  if (counts.passed + counts.failed + counts.skipped === 0) return withProblem(counts, 'ran no test at all');
  if (ending.status !== 0 && counts.failed === 0) {
    return withProblem(counts, `ended with ${describeEnding(ending)}, although no test failed`);
  }
  return { counts, problem: undefined };
}

/** A check that is one program: its exit status is all there is. */
export function judgeProgramRun(ending) {
  if (ending.timedOut) return withProblem(emptyCounts(), 'did not end before its deadline and was killed');
  if (ending.status !== 0) return withProblem(emptyCounts(), `ended with ${describeEnding(ending)}`);
  return { counts: { passed: 1, failed: 0, skipped: 0 }, problem: undefined };
}

function withProblem(counts, problem) {
  return { counts: { ...counts, failed: counts.failed + 1 }, problem };
}

function describeEnding({ status, signal }) {
  return signal === null ? `status ${status}` : signal;
}

export function summaryLine(counts) {
  return `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;
}
