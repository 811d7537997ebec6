/**
 * docs/man/*.scd → dist/man/*, by scdoc, which is small, in Debian, and quotes
 * everything itself. Its pages carry a date: SOURCE_DATE_EPOCH, or the last
 * commit that changed them, so that the same source gives the same bytes.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Problem, ROOT, cleanEnvironment, filesBelow, hashOf, readIfThere } from './project.mjs';

const SCDOC = '/usr/bin/scdoc';
const DEADLINE = 30_000;

/** @returns what to tell of it; undefined: all pages are there */
export function buildManPages(root = ROOT, scdoc = SCDOC) {
  const source = path.join(root, 'docs/man');
  const target = path.join(root, 'dist/man');
  const pages = filesBelow(source).filter((name) => name.endsWith('.scd'));
  const texts = pages.map((name) => readFileSync(path.join(source, name), 'utf8'));
  const stamp = hashOf(readFileSync(import.meta.filename), process.env.SOURCE_DATE_EPOCH ?? '', ...pages, ...texts);
  if (readIfThere(path.join(target, '.inputs')) === stamp) return undefined;
  if (!existsSync(scdoc)) {
    // Those of an older source would tell untruths.
    rmSync(target, { recursive: true, force: true });
    return `no manual pages: ${scdoc} is missing; try apt-get install scdoc`;
  }
  const temporary = `${target}.${process.pid}.tmp`;
  mkdirSync(temporary, { recursive: true });
  try {
    const environment = cleanEnvironment({ SOURCE_DATE_EPOCH: dateOf(root) });
    pages.forEach((name, index) => writeFileSync(path.join(temporary, path.basename(name, '.scd')), convert(scdoc, name, texts[index], environment)));
    writeFileSync(path.join(temporary, '.inputs'), stamp);
    rmSync(target, { recursive: true, force: true });
    renameSync(temporary, target);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  return undefined;
}

function dateOf(root) {
  if (process.env.SOURCE_DATE_EPOCH !== undefined) return process.env.SOURCE_DATE_EPOCH;
  const { stdout } = spawnSync('git', ['log', '-1', '--format=%ct', '--', 'docs/man'], { cwd: root, encoding: 'utf8', timeout: DEADLINE });
  const committed = (stdout ?? '').trim();
  return /^\d+$/.test(committed) ? committed : String(Math.floor(Date.now() / 1000));
}

function convert(scdoc, name, text, env) {
  const { status, stdout, stderr, error } = spawnSync(scdoc, [], { input: text, env, encoding: 'utf8', timeout: DEADLINE });
  if (status !== 0) throw new Problem(`cannot make a manual page of docs/man/${name}: ${(error?.message ?? stderr).trim()}`);
  return withoutEmptyParagraphs(stdout);
}

/** scdoc ends each block by `.P`; man(7) has them between blocks only, and mandoc complains. */
function withoutEmptyParagraphs(page) {
  const lines = [];
  let paragraph = false;
  let afterHeading = false;
  for (const line of page.split('\n')) {
    if (line === '.P') {
      paragraph = !afterHeading;
      continue;
    }
    const heading = /^\.(TH|SH|SS)\b/.test(line);
    if (paragraph && !heading && line !== '.RE' && line !== '') {
      lines.push('.P');
      paragraph = false;
    }
    if (heading) paragraph = false;
    afterHeading = heading;
    lines.push(line);
  }
  return lines.join('\n');
}
