/**
 * `npm run fuzz`: tries hostile inputs, some seconds for each target. Exit status 1
 * if anything was found, 2 if the words make no sense.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { describeFailure, Fuzzer } from './fuzzer.js';
import { PLANTED, TARGETS } from './table.js';

const OPTIONS = {
  help: { type: 'boolean', short: 'h' }, seconds: { type: 'string', default: '60' }, target: { type: 'string', multiple: true }, seed: { type: 'string' }, path: { type: 'string' }, file: { type: 'string' },
} as const;

const USAGE = `usage: npm run fuzz -- [--seconds N] [--target NAME]... [--seed N] [--path P | --file FILE]

Tries hostile inputs: N seconds (60) for each target, or for those that are named.

  --seed N     the inputs of that seed; without it those of a new one
  --path P     with one --target and --seed: the very input that failed
  --file FILE  with one --target: the input that was kept there

Exit status 0: nothing was found; 1: something was; 2: the words make no sense.
Targets: ${Object.keys(TARGETS).join(', ')}
See docs/fuzzing.md.
`;

function refuse(why: string): never {
  process.stderr.write(`fuzz: cannot begin: ${why}; try: npm run fuzz -- --help\n`);
  process.exit(2);
}

function options(): ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values'] {
  try {
    return parseArgs({ options: OPTIONS }).values;
  } catch (error) {
    // Its advice, after the first sentence, is for other commands.
    const [why = ''] = (error instanceof Error ? error.message : String(error)).split('. ');
    return refuse(`${why.slice(0, 1).toLowerCase()}${why.slice(1)}`);
  }
}

const values = options();
if (values.help === true) {
  process.stdout.write(USAGE);
  process.exit(0);
}

function count(text: string, option: string): number {
  return /^[0-9]{1,9}$/.test(text) ? Number(text) : refuse(`--${option} ${text} is no number`);
}

/** base64 */
function contentOf(file: string): string {
  try {
    return readFileSync(file).toString('base64');
  } catch (error) {
    return refuse(`--file ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const names = values.target ?? Object.keys(TARGETS);
for (const name of names) if (!(name in TARGETS) && !(name in PLANTED)) refuse(`there is no target ${name}`);
if ((values.path !== undefined || values.file !== undefined) && names.length !== 1) refuse('--path and --file need one --target');
const seed = values.seed === undefined ? Math.floor(Math.random() * 1e9) : count(values.seed, 'seed');
const seconds = count(values.seconds, 'seconds');
const input = values.file === undefined ? undefined : contentOf(values.file);
const fuzzer = new Fuzzer();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => void fuzzer.close().finally(() => process.exit(130)));

process.stdout.write(`seed ${seed}, ${seconds} s for each target\n`);
let failures = 0;
try {
  for (const target of names) {
    const verdict = await fuzzer.run({
      target, seed, seconds,
      ...(values.path === undefined ? {} : { path: values.path }),
      ...(input === undefined ? {} : { input }),
    });
    if (verdict.kind === 'passed') process.stdout.write(`${target.padEnd(20)} ${String(verdict.runs).padStart(9)} inputs ${(verdict.runs / verdict.seconds).toFixed(0).padStart(7)}/s, heap ${(verdict.grown / 1024).toFixed(0)} KiB\n`);
    else {
      failures += 1;
      process.stdout.write(`${describeFailure(verdict)}\n`);
    }
  }
} finally {
  await fuzzer.close();
}
process.exitCode = failures === 0 ? 0 : 1;
