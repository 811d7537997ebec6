/**
 * Makes node_modules match package-lock.json, and does nothing (needs no
 * network either) where it does already.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ROOT, Problem, cleanEnvironment, hashOf, isProgram, readIfThere, runMain, say } from './project.mjs';

const NPM_DEADLINE = 10 * 60_000;
const LOCK_DEADLINE = NPM_DEADLINE + 30_000;

/** Another Node may load another native addon, hence the ABI. */
function wantedStamp(root) {
  return hashOf(readFileSync(path.join(root, 'package-lock.json')), process.versions.modules, process.arch);
}

/**
 * Whether what npm says it installed is what the lock file names: so a tree
 * made by plain `npm install` is accepted without downloading it again.
 */
export function installedMatchesLock(lock, installed, isThere) {
  const wanted = Object.entries(lock.packages).filter(([name]) => name !== '');
  const names = new Set(wanted.map(([name]) => name));
  if (Object.keys(installed.packages).some((name) => !names.has(name))) return false;
  return wanted.every(([name, entry]) => {
    const present = installed.packages[name];
    if (present === undefined) return entry.optional === true;
    return present.version === entry.version && present.integrity === entry.integrity && (entry.optional === true || isThere(name));
  });
}

function matches(root) {
  const stampFile = path.join(root, 'node_modules/.watchkeeper-stamp');
  const stamp = wantedStamp(root);
  if (readIfThere(stampFile) === stamp) return true;
  const installed = readIfThere(path.join(root, 'node_modules/.package-lock.json'));
  if (installed === undefined) return false;
  const lock = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8'));
  if (!installedMatchesLock(lock, JSON.parse(installed), (name) => existsSync(path.join(root, name)))) return false;
  writeFileSync(stampFile, stamp);
  return true;
}

/** npm's own program where npm runs us, else the first npm in PATH. */
export function npmCommand() {
  const script = process.env.npm_execpath;
  if (script !== undefined && path.basename(script) === 'npm-cli.js' && existsSync(script)) return [process.execPath, script];
  const directories = [path.dirname(process.execPath), ...(process.env.PATH ?? '').split(':').filter((entry) => path.isAbsolute(entry))];
  const found = directories.map((directory) => path.join(directory, 'npm')).find((file) => existsSync(file));
  if (found === undefined) throw new Problem('cannot install the packages: there is no npm beside node or in PATH; install npm');
  return [found];
}

function install(root) {
  const [program, ...first] = npmCommand();
  say('watchkeeper: node_modules does not match package-lock.json; running npm ci');
  const result = spawnSync(program, [...first, 'ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund'], {
    cwd: root,
    env: cleanEnvironment(),
    // npm's report is chatter: stdout stays for results
    stdio: ['ignore', 2, 2],
    timeout: NPM_DEADLINE,
  });
  if (result.error !== undefined || result.status !== 0) {
    const why = result.error?.message ?? (result.signal === null ? `status ${result.status}` : result.signal);
    throw new Problem(`cannot install the packages of package-lock.json: npm ci ended with ${why}; see its output above (it needs the npm registry, or a cache that holds them)`);
  }
  writeFileSync(path.join(root, 'node_modules/.watchkeeper-stamp'), wantedStamp(root));
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** npm ci removes node_modules first: two of them at once would ruin each other's. */
async function withLock(root, action) {
  const file = path.join(root, '.setup.lock');
  const deadline = Date.now() + LOCK_DEADLINE;
  for (;;) {
    try {
      const descriptor = openSync(file, 'wx');
      writeFileSync(descriptor, String(process.pid));
      closeSync(descriptor);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const holder = Number(readIfThere(file) ?? '0');
    if (holder > 0 && !isAlive(holder)) {
      rmSync(file, { force: true });
    } else if (Date.now() > deadline) {
      throw new Problem(`cannot install the packages: process ${holder} holds ${file}; remove it if that process is another one`);
    } else {
      await delay(200);
    }
  }
  try {
    return await action();
  } finally {
    rmSync(file, { force: true });
  }
}

export async function setup(root = ROOT) {
  if (matches(root)) return;
  await withLock(root, () => {
    // the one that held the lock may have done it
    if (!matches(root)) install(root);
  });
}

if (isProgram(import.meta.url)) await runMain(async () => {
  await setup();
  return 0;
});
