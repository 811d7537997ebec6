/** Runs the programs that the words ask for, one after the other, and puts their figures together. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { Failure, Results } from './report.mjs';
import { forecast, understand, USAGE, type Part, type Run } from './words.mjs';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const complain = (text: string): void => void process.stderr.write(`bench: ${text}\n`);

interface Ended {
  readonly status: number;
  /** Whether somebody ended it all. */
  readonly interrupted: boolean;
}

async function call({ program, names, flags }: Part, json: string): Promise<Ended> {
  const child = spawn(process.execPath, ['--import=tsx/esm', path.join(import.meta.dirname, `${program}.mts`), ...names, ...flags, `--json=${json}`], { stdio: 'inherit' });
  // It cleans up, and we wait for that.
  let interrupted = false;
  const forward = (signal: NodeJS.Signals): void => {
    interrupted = true;
    child.kill(signal);
  };
  for (const signal of SIGNALS) process.on(signal, forward);
  try {
    const status = await new Promise<number>((resolve, reject) => child.once('error', reject).once('exit', (code) => resolve(code ?? 1)));
    return { status, interrupted };
  } finally {
    for (const signal of SIGNALS) process.off(signal, forward);
  }
}

function resultsOf(file: string): Results {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Results;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { sections: [], failed: [] };
    throw error;
  }
}

async function measure({ parts, leftOut, json }: Run): Promise<number> {
  const began = Date.now();
  const directory = mkdtempSync(path.join(tmpdir(), 'wk-bench-'));
  const sections: Results['sections'][number][] = [];
  const failed: Failure[] = [];
  let status = 0;
  try {
    for (const part of parts) {
      const file = path.join(directory, `${part.program}.json`);
      const { status: ended, interrupted } = await call(part, file);
      const results = resultsOf(file);
      sections.push(...results.sections);
      failed.push(...results.failed);
      if (ended !== 0 && results.failed.length === 0) failed.push({ name: part.program, what: 'the program', why: `ended with ${ended}` });
      status = interrupted ? ended : Math.max(status, ended);
      if (interrupted) break;
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  const seconds = Math.round((Date.now() - began) / 1000);
  const all = { schemaVersion: 3, at: new Date(began).toISOString(), seconds, leftOut: [...new Set([...leftOut, ...sections.flatMap((section) => section.leftOut)])], failed, sections };
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(all, undefined, 1)}\n`);
  if (leftOut.length > 0) process.stdout.write(`Left out: ${leftOut.join(', ')}.\n\n`);
  process.stdout.write(`${JSON.stringify(all)}\n`);
  for (const { name, what, why } of failed) complain(`${name}: ${what} failed: ${why}`);
  complain(`took ${seconds < 300 ? `${seconds} s` : `${Math.round(seconds / 60)} min`}`);
  return status;
}

const understood = understand(process.argv.slice(2), process.geteuid?.() === 0);
if (understood === 'help') {
  process.stdout.write(USAGE);
} else if ('wrong' in understood) {
  complain(understood.wrong);
  process.exitCode = 2;
} else {
  complain(forecast(understood));
  process.exitCode = await measure(understood);
}
