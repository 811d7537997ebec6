/**
 * `npm test [-- SUITE… [MOCHA OPTIONS]]`: sets up, builds, runs the suites two
 * at a time, and ends with what failed or needed a second try, and one line
 * `N passed, N failed, N skipped` that counts all of them. Exit status 0 only if
 * nothing failed.
 *
 * WATCHKEEPER_TEST_ROOT: another tree whose tests are run, without setup and
 * build; WATCHKEEPER_TEST_DEADLINE: ms that each suite may take at most. Our
 * own tests of this program use them.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { clearInterval, setInterval } from 'node:timers';
import { build } from './build.mjs';
import { installBrowser, installPackages } from './debian-packages.mjs';
import { ROOT, Problem, cleanEnvironment, readIfThere, runMain, say } from './project.mjs';
import { endAllGroups, runGroup } from './run-group.mjs';
import { setup } from './setup.mjs';
import { SUITE_NAMES, mochaCommand, programCommands, selectSuites } from './suites.mjs';
import { addCounts, emptyCounts, judgeMochaRun, judgeProgramRun, recap, summaryLine } from './tally.mjs';

/** As many as the smallest machine that we care about has cores: with more, what is measured against a clock begins to fail. */
const SIDE_BY_SIDE = 2;
const STILL_RUNNING_EVERY = 30_000;

const USAGE = `usage: npm test [-- SUITE… [MOCHA OPTION…]]
Suites, all of them where none is named: ${SUITE_NAMES.join(', ')}
For one test: npm test -- unit -g 'part of its name'`;

function parseArguments(words) {
  const option = words.findIndex((word) => word.startsWith('-'));
  const names = option < 0 ? words : words.slice(0, option);
  const unknown = names.find((name) => !SUITE_NAMES.includes(name));
  if (unknown !== undefined) throw new Problem(`cannot run '${unknown}': the suites are ${SUITE_NAMES.join(', ')}`);
  return { names, mochaOptions: option < 0 ? [] : words.slice(option) };
}

function testEnvironment() {
  const environment = cleanEnvironment();
  for (const name of Object.keys(environment)) {
    // a test that wants one sets it itself; where root file systems are cached is the machine's matter
    if (name !== 'WATCHKEEPER_TEST_CACHE' && /^(WATCHKEEPER_|NOTIFY_SOCKET$|WATCHDOG_)/.test(name)) delete environment[name];
  }
  return environment;
}

async function runMocha(suite, context, onOutput) {
  const resultFile = path.join(context.resultDirectory, `${suite.name}.json`);
  const command = mochaCommand(context.root, suite, resultFile, context.mochaOptions);
  const ending = await runGroup(command, { cwd: context.root, env: context.env, deadline: Math.min(suite.deadline, context.deadline), onOutput });
  return judgeMochaRun(readIfThere(resultFile), ending);
}

/** Several programs that together are one check. */
async function runPrograms(suite, context, onOutput) {
  const { commands, skipped } = programCommands(context.root, suite);
  for (const reason of skipped) onOutput(Buffer.from(`skipped: ${reason}\n`));
  let verdict = judgeProgramRun({ status: 0, signal: null, timedOut: false });
  for (const command of commands) {
    const ending = await runGroup(command, { cwd: context.root, env: context.env, deadline: Math.min(suite.deadline, context.deadline), onOutput });
    const one = judgeProgramRun(ending);
    if (one.problem !== undefined && verdict.problem === undefined) verdict = one;
  }
  return { ...verdict, counts: { ...verdict.counts, skipped: skipped.length } };
}

/** Output is shown as it comes where it can't mix with another suite's. */
async function runSuite(suite, context) {
  const chunks = [];
  const onOutput = context.alone ? (chunk) => process.stdout.write(chunk) : (chunk) => chunks.push(chunk);
  const began = performance.now();
  const waiting = setInterval(() => {
    say(`watchkeeper: ${suite.name} is running for ${Math.round((performance.now() - began) / 1000)} s`);
  }, STILL_RUNNING_EVERY);
  try {
    const verdict = await (suite.kind === 'mocha' ? runMocha : runPrograms)(suite, context, onOutput);
    const seconds = (performance.now() - began) / 1000;
    if (!context.alone) process.stdout.write(`\n== ${suite.name} ==\n${Buffer.concat(chunks).toString('utf8')}`);
    if (verdict.problem !== undefined) process.stdout.write(`${suite.name}: ${verdict.problem}\n`);
    return { name: suite.name, seconds, ...verdict };
  } finally {
    clearInterval(waiting);
  }
}

async function runAll(suites, context) {
  const queue = [...suites];
  const results = [];
  const worker = async () => {
    for (let suite = queue.shift(); suite !== undefined && !context.interrupted; suite = queue.shift()) {
      results.push(await runSuite(suite, context));
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, worker));
  return results;
}

function printSummary(results) {
  const total = results.map((result) => result.counts).reduce(addCounts, emptyCounts());
  process.stdout.write(`\n${recap(results)}`);
  for (const { name, seconds, counts, problem } of results) {
    process.stdout.write(`${name.padEnd(12)} ${summaryLine(counts)} in ${seconds.toFixed(1)} s${problem === undefined ? '' : `: ${problem}`}\n`);
  }
  process.stdout.write(`${summaryLine(total)}\n`);
  return total.failed === 0 && total.passed > 0 ? 0 : 1;
}

function endOnSignal(context) {
  const end = (signal) => {
    context.interrupted = true;
    process.exitCode = 128 + os.constants.signals[signal];
    endAllGroups();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => end(signal));
}

function failure(name, problem) {
  return { name, seconds: 0, counts: { ...emptyCounts(), failed: 1 }, problem };
}

/** @returns what failed; the suites run nevertheless, and show what it means to them */
async function prepare(suites) {
  await setup();
  // they run from the sources and need no tools of the machine
  if (suites.every(({ name }) => ['fuzz', 'lint', 'types', 'unit'].includes(name))) return [];
  const failures = [];
  try {
    await build();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    failures.push(failure('build', error.message));
  }
  const problem = installPackages(ROOT);
  if (problem !== undefined) failures.push(failure('packages', problem));
  if (suites.some(({ name }) => name === 'page')) installBrowser(ROOT);
  return failures;
}

await runMain(async () => {
  if (process.argv.slice(2).some((word) => ['--help', '-h'].includes(word))) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const { names, mochaOptions } = parseArguments(process.argv.slice(2));
  const suites = selectSuites(names);
  const otherRoot = process.env.WATCHKEEPER_TEST_ROOT;
  const prepared = otherRoot === undefined ? await prepare(suites) : [];
  const context = {
    root: otherRoot ?? ROOT,
    env: testEnvironment(),
    mochaOptions,
    alone: suites.length === 1,
    interrupted: false,
    deadline: Number(process.env.WATCHKEEPER_TEST_DEADLINE ?? Infinity),
    resultDirectory: mkdtempSync(path.join(os.tmpdir(), 'watchkeeper-results-')),
  };
  endOnSignal(context);
  try {
    const results = await runAll(suites, context);
    const status = printSummary([...prepared, ...results]);
    return context.interrupted ? process.exitCode : status;
  } finally {
    rmSync(context.resultDirectory, { recursive: true, force: true });
  }
});
