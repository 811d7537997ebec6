#!/usr/bin/env node
/** `npm run bench [-- NAME…] [OPTION…]`: runs benchmarks of this directory, which print figures and test nothing. Without a name: those of supervision.mts. */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

const QUESTIONS = ['recovery', 'scale', 'growth', 'crash-loop'];
/** The parts of supervision.mts, and what is no program. */
const PARTS = ['bench', 'bare-supervisor', 'crash-loop', 'figures', 'harness-ground', 'local-ground', 'options', 'pacemaker-load', 'peer', 'processes', 'recovery', 'scale', 'scale-tables', 'stamps', 'supervision', 'turns'];
const words = process.argv.slice(2);
const [first = ''] = words;
const ofSupervision = first === '' || first.startsWith('--') || QUESTIONS.includes(first);
const name = ofSupervision ? 'supervision' : first;
const program = ['mts', 'mjs'].map((ending) => path.join(import.meta.dirname, `${name}.${ending}`)).find((file) => existsSync(file));
if (!/^[a-z]+$/.test(name) || program === undefined || (!ofSupervision && PARTS.includes(name))) {
  const names = readdirSync(import.meta.dirname).flatMap((file) => /^(.*)\.m[tj]s$/.exec(file)?.[1] ?? []).filter((file) => !PARTS.includes(file));
  process.stderr.write(`bench: cannot run '${first}': the benchmarks are ${[...QUESTIONS, ...names].join(', ')}\n`);
  process.exit(2);
}
const child = spawn(process.execPath, ['--import=tsx/esm', program, ...(ofSupervision ? words : words.slice(1))], { stdio: 'inherit' });
// It cleans up, and we wait for that.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.once('exit', (status) => {
  process.exitCode = status ?? 1;
});
