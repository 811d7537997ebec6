/**
 * What every development script needs to know of the clone: where it is, and
 * the environment its children get. Plain Node, because it runs before
 * anything is installed.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Top directory of the clone. */
export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

const LEAST_NODE = [20, 19];

/** A problem to be told in one sentence, without a stack trace. */
export class Problem extends Error {}

/**
 * The caller's environment without what changes how Node, npm or our own
 * programs work: NODE_OPTIONS may load a debugger into each child, npm's
 * `omit` would leave out the compiler, and WATCHKEEPER_* points at another
 * installation.
 */
export function cleanEnvironment(additions = {}) {
  const environment = { ...process.env };
  for (const name of Object.keys(environment)) {
    if (/^(NODE_OPTIONS|NODE_EXTRA_CA_CERTS|NODE_PATH|NODE_ENV|NODE_V8_COVERAGE|npm_config_(omit|only|production|include|offline))$/i.test(name)) {
      delete environment[name];
    }
  }
  return { ...environment, ...additions };
}

export function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < LEAST_NODE[0] || (major === LEAST_NODE[0] && minor < LEAST_NODE[1])) {
    throw new Problem(`cannot go on: this is Node ${process.versions.node}, Watchkeeper needs ${LEAST_NODE.join('.')} or later`);
  }
}

export function hashOf(...parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('hex');
}

/** undefined where there is no such file; any other error is one. */
export function readIfThere(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** Regular files below `directory`, sorted, relative to it; none if it is not there. */
export function filesBelow(directory) {
  let entries;
  try {
    entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(directory, path.join(entry.parentPath ?? entry.path, entry.name)))
    .sort();
}

/** Progress of the scripts themselves; their results go to stdout. */
export function say(text) {
  writeSync(2, `${text}\n`);
}

/** Runs a script's main function; a Problem becomes one line and exit status 1. */
export async function runMain(main) {
  try {
    requireNode();
    process.exitCode = await main();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    say(`watchkeeper: ${error.message}`);
    process.exitCode = 1;
  }
}

/** Whether this file is the program, and not imported by another one. */
export function isProgram(importMetaUrl) {
  return process.argv[1] !== undefined && path.resolve(process.argv[1]) === fileURLToPath(importMetaUrl);
}
