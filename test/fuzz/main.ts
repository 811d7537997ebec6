/**
 * `npm run fuzz [-- --seconds N --target NAME… --seed N --path P | --file FILE]`:
 * tries hostile inputs, N seconds for each target. Exit status 1 if anything was found.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { describeFailure, Fuzzer } from './fuzzer.js';
import { PLANTED, TARGETS } from './table.js';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, target: { type: 'string', multiple: true }, seed: { type: 'string' }, path: { type: 'string' }, file: { type: 'string' } },
});

function refuse(what: string): never {
  process.stderr.write(`fuzz: cannot understand ${what}; try: npm run fuzz -- --seconds 60 --target pid-file; targets are ${Object.keys(TARGETS).join(', ')}\n`);
  process.exit(2);
}

function count(text: string, option: string): number {
  return /^[0-9]{1,9}$/.test(text) ? Number(text) : refuse(`--${option} ${text}`);
}

const names = values.target ?? Object.keys(TARGETS);
for (const name of names) if (!(name in TARGETS) && !(name in PLANTED)) refuse(`--target ${name}`);
if ((values.path !== undefined || values.file !== undefined) && names.length !== 1) refuse('--path or --file without one --target');
const seed = values.seed === undefined ? Math.floor(Math.random() * 1e9) : count(values.seed, 'seed');
const seconds = count(values.seconds, 'seconds');
const fuzzer = new Fuzzer();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => void fuzzer.close().finally(() => process.exit(130)));

process.stdout.write(`seed ${seed}, ${seconds} s for each target\n`);
let failures = 0;
try {
  for (const target of names) {
    const verdict = await fuzzer.run({
      target, seed, seconds,
      ...(values.path === undefined ? {} : { path: values.path }),
      ...(values.file === undefined ? {} : { input: readFileSync(values.file).toString('base64') }),
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
