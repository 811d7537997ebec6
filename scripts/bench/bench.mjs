#!/usr/bin/env node
/** `npm run bench -- NAME [OPTION…]`: runs one of the benchmarks of this directory, which print figures and test nothing. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

const [name = '', ...options] = process.argv.slice(2);
const program = ['mts', 'mjs'].map((ending) => path.join(import.meta.dirname, `${name}.${ending}`)).find((file) => existsSync(file));
if (!/^[a-z]+$/.test(name) || program === undefined || name === 'bench') {
  const names = readdirSync(import.meta.dirname).filter((file) => !['bench.mjs', 'field.mjs', 'bare-supervisor.mjs'].includes(file)).flatMap((file) => /^([a-z]+)\.m[tj]s$/.exec(file)?.[1] ?? []);
  process.stderr.write(`bench: cannot run '${name}': the benchmarks are ${names.join(', ')}\n`);
  process.exit(2);
}
process.exitCode = spawnSync(process.execPath, ['--import=tsx/esm', program, ...options], { stdio: 'inherit' }).status ?? 1;
