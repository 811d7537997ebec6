/** What is the same for every kind of package: which commit it is of, and what goes into it. */
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { build } from './build.mjs';
import { buildManPages } from './man-pages.mjs';
import { Problem, ROOT, cleanEnvironment } from './project.mjs';
import { setup } from './setup.mjs';

const DEADLINE = 5 * 60_000;

function git(root, ...args) {
  const { status, stdout } = spawnSync('git', ['-C', root, ...args], { encoding: 'utf8', timeout: DEADLINE, env: cleanEnvironment() });
  return status === 0 ? stdout.trim() : undefined;
}

/** Seconds since 1970, as reproducible-builds.org has it: the same for whoever builds this commit. */
export function sourceDate(root = ROOT) {
  const text = process.env.SOURCE_DATE_EPOCH ?? git(root, 'log', '-1', '--format=%ct');
  if (text === undefined || !/^\d{1,11}$/.test(text)) {
    throw new Problem('cannot tell of when the source is: there is no git history, and no SOURCE_DATE_EPOCH; set it to the seconds since 1970 that the package is to be of');
  }
  return Number(text);
}

/**
 * Of a commit that is tagged, and of a source without history: what package.json
 * says. Of others something that sorts below that, and the later the higher.
 */
export function debianVersion(root = ROOT) {
  const { version } = manifest(root);
  const tag = git(root, 'describe', '--tags', '--exact-match', '--match', `v${version}`);
  const commit = git(root, 'rev-parse', '--short=10', 'HEAD');
  if (tag !== undefined || commit === undefined) return version;
  const when = new Date(sourceDate(root) * 1000).toISOString().replace(/\D/g, '').slice(0, 14);
  return `${version}~git${when}.${commit}${git(root, 'status', '--porcelain') === '' ? '' : '+edited'}`;
}

export function manifest(root = ROOT) {
  return JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
}

/**
 * Builds, and lays what package.json says is shipped into `target`, with modes and
 * times that are not those of this clone. @throws Problem also where the manual
 * pages can't be made
 */
export async function prepare(target, also = []) {
  process.umask(0o022);
  process.env.SOURCE_DATE_EPOCH = String(sourceDate());
  await setup();
  await build();
  copyShipped(ROOT, target, also);
  // Made there: a clone's own bear the date of their last change, and may be read just now.
  const missing = buildManPages(target);
  if (missing !== undefined) throw new Problem(`cannot make a package: ${missing}`);
  rmSync(path.join(target, 'dist/man/.inputs'));
}

function copyShipped(root, target, also) {
  const date = sourceDate(root);
  const { files } = manifest(root);
  const left = new Set(files.filter((name) => name.startsWith('!')).map((name) => path.join(root, name.slice(1))));
  const copy = (from, to) => {
    if (left.has(from)) return;
    const stat = lstatSync(from);
    if (stat.isDirectory()) {
      mkdirSync(to, { recursive: true });
      for (const name of readdirSync(from).sort()) if (!name.startsWith('.')) copy(path.join(from, name), path.join(to, name));
      chmodSync(to, 0o755);
    } else if (stat.isFile()) {
      mkdirSync(path.dirname(to), { recursive: true });
      copyFileSync(from, to);
      chmodSync(to, (stat.mode & 0o100) === 0 ? 0o644 : 0o755);
    } else {
      throw new Problem(`cannot make a package: ${from} is neither a file nor a directory`);
    }
    utimesSync(to, date, date);
  };
  // npm takes these without being told
  for (const name of ['package.json', 'README.md', 'LICENSE', ...files, ...also]) {
    if (existsSync(path.join(root, name))) copy(path.join(root, name), path.join(target, name));
  }
}

/** Runs a program to its end; what it says is told only where it fails. */
export function run(argv, cwd, environment) {
  const [program, ...args] = argv;
  const { status, signal, error, stdout, stderr } = spawnSync(program, args, { cwd, env: environment, encoding: 'utf8', timeout: DEADLINE, maxBuffer: 64 << 20 });
  if (status === 0) return stdout;
  throw new Problem(`cannot make a package: ${path.basename(program)} ended with ${error?.message ?? signal ?? status}:\n${stdout ?? ''}${stderr ?? ''}`);
}

/** For the time of `work`, a directory of our own; its result is whatever `work` made of it. */
export async function inTemporaryDirectory(work) {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'watchkeeper-package-'));
  try {
    return await work(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** @param names options, each with a value */
export function options(names) {
  try {
    return parseArgs({ options: Object.fromEntries(names.map((name) => [name, { type: 'string' }])) }).values;
  } catch (error) {
    throw new Problem(`cannot understand the command line: ${error.message}; options are ${names.map((name) => `--${name}`).join(', ')}`);
  }
}
