/**
 * Counts of all runs → the one line that `npm test` ends with. A run that says
 * nothing must never look like a run that passed.
 */

/**
 * @typedef {{ title: string, error: string }} Told
 * @typedef {{ passed: number, failed: number, skipped: number }} Counts
 * @typedef {{ status: number | null, signal: string | null, timedOut: boolean }} Ending
 */

export function emptyCounts() {
  return { passed: 0, failed: 0, skipped: 0 };
}

/**
 * What a reader of a long log wants to see last, so that nobody has to search.
 * @param {readonly { name: string, recap?: { failures: readonly Told[], unsteady: readonly Told[] } }[]} results
 * @returns {string} empty where all passed at once
 */
export function recap(results) {
  const chapter = (heading, kind) => {
    const told = results.flatMap(({ name, recap: one }) => (one?.[kind] ?? []).map(({ title, error }) => `  ${name}: ${title}\n${indent(error)}`));
    return told.length === 0 ? '' : `${heading}\n${told.join('\n')}\n\n`;
  };
  return chapter('Passed at the second try only:', 'unsteady') + chapter('Failed:', 'failures');
}

function indent(text) {
  return text.split('\n').map((line) => `      ${line}`).join('\n');
}

export function addCounts(a, b) {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

function isCount(value) {
  return Number.isSafeInteger(value) && value >= 0;
}

function parse(text) {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function countsOf(value) {
  if (value === undefined || value === null || typeof value !== 'object' || ![value.passed, value.failed, value.skipped].every(isCount)) return undefined;
  return { passed: value.passed, failed: value.failed, skipped: value.skipped };
}

/**
 * @param {string | undefined} resultText the reporter's file, where there is one
 * @param {Ending} ending
 * @returns {{ counts: Counts, problem: string | undefined, recap?: { failures: Told[], unsteady: Told[] } }}
 *   a problem is counted as one failure
 */
export function judgeMochaRun(resultText, ending) {
  const result = parse(resultText);
  const told = { failures: result?.failures ?? [], unsteady: result?.unsteady ?? [] };
  return { ...judgeCounts(countsOf(result), ending), recap: told };
}

function judgeCounts(counts, ending) {
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
