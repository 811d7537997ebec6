/** The runs of `npm test`: what each is, and how long it may take. */
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { filesBelow } from './project.mjs';

const SHELLCHECK = '/usr/bin/shellcheck';
const MINUTE = 60_000;

/**
 * The longest first: they run two at a time, and it decides when all is done.
 * Deadlines are for hangs, not for slow machines. What drives real processes has
 * a second try, and a test that needed it is named at the end.
 */
const SUITES = [
  { name: 'ganeti', kind: 'mocha', deadline: 60 * MINUTE, tries: 2 },
  { name: 'system', kind: 'mocha', deadline: 60 * MINUTE, tries: 2 },
  { name: 'integration', kind: 'mocha', deadline: 40 * MINUTE, tries: 2 },
  { name: 'pacemaker', kind: 'mocha', deadline: 40 * MINUTE, tries: 2 },
  { name: 'package', kind: 'mocha', deadline: 20 * MINUTE, tries: 2 },
  { name: 'chaos', kind: 'mocha', deadline: 20 * MINUTE, tries: 2 },
  { name: 'soak', kind: 'mocha', deadline: 20 * MINUTE, tries: 2 },
  { name: 'fuzz', kind: 'mocha', deadline: 10 * MINUTE },
  { name: 'lint', kind: 'programs', deadline: 12 * MINUTE },
  { name: 'types', kind: 'programs', deadline: 8 * MINUTE },
  { name: 'unit', kind: 'mocha', deadline: 8 * MINUTE },
  { name: 'contract', kind: 'mocha', deadline: 8 * MINUTE, tries: 2 },
  { name: 'page', kind: 'mocha', deadline: 10 * MINUTE, tries: 2 },
];

export const SUITE_NAMES = SUITES.map((suite) => suite.name);

/** @param {readonly string[]} names none: all of them */
export function selectSuites(names) {
  return names.length === 0 ? SUITES : SUITES.filter((suite) => names.includes(suite.name));
}

export function mochaCommand(root, suite, resultFile, extra) {
  // mocha's own front would pass these on to a second process, and answer SIGINT
  // by SIGTERM, so that no after hook would clean up
  const loaders = JSON.parse(readFileSync(path.join(root, '.mocharc.json'), 'utf8')).import;
  return [
    process.execPath,
    ...loaders.map((loader) => `--import=${loader}`),
    // by its real path, or it takes itself for a library
    realpathSync(path.join(root, 'node_modules/mocha/lib/cli/cli.js')),
    `test/${suite.name}/**/*.test.ts`,
    '--reporter',
    path.join(import.meta.dirname, 'mocha-reporter.mjs'),
    '--reporter-option',
    `result=${resultFile}`,
    `--retries=${(suite.tries ?? 1) - 1}`,
    ...extra,
  ];
}

/** Shell programs of ours, wherever they stand, by their first line. */
export function shellPrograms(root) {
  const directories = ['scripts', 'etc', 'units', 'debian', 'test', '.ci'];
  return directories
    .flatMap((directory) => filesBelow(path.join(root, directory)).map((file) => path.join(directory, file)))
    .filter((file) => !/\.(ts|mjs|json|ya?ml|md)$/.test(file))
    .filter((file) => /^#(! ?\/bin\/sh| shellcheck shell=sh)\b/.test(readFileSync(path.join(root, file), 'latin1').slice(0, 32)));
}

/** @returns {{ commands: [string, ...string[]][], skipped: string[] }} each command must succeed */
export function programCommands(root, suite) {
  const nodeProgram = (file, ...args) => [process.execPath, path.join(root, 'node_modules', file), ...args];
  if (suite.name === 'types') return { commands: [nodeProgram('typescript/bin/tsc', '--noEmit')], skipped: [] };
  const commands = [nodeProgram('eslint/bin/eslint.js', '--max-warnings=0', '.')];
  const programs = shellPrograms(root);
  if (programs.length === 0) return { commands, skipped: [] };
  if (!existsSync(SHELLCHECK)) return { commands, skipped: ['shellcheck is not installed'] };
  return { commands: [...commands, [SHELLCHECK, '-s', 'sh', ...programs]], skipped: [] };
}

