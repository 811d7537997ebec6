/**
 * Builds root file systems and keeps them: a minute once, nothing afterwards.
 * A half-built one is never taken for a whole one (it is renamed when it is
 * ready), and two runs never build the same one at once (flock, which the
 * kernel frees when its holder dies).
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { aptProxyOptions, aptSources } from './apt-sources.js';
import { mustRun } from './command.js';
import { unmountTree } from './mounts.js';
import { RECIPE_VERSION, type Recipe } from './recipe.js';

const BUILD_TIMEOUT = 600_000;
/** Longer than a build: whoever holds the lock is building what we want. */
const LOCK_TIMEOUT = 700;

export function cacheDirectory(): string {
  const { WATCHKEEPER_TEST_CACHE, XDG_CACHE_HOME } = process.env;
  if (WATCHKEEPER_TEST_CACHE !== undefined && WATCHKEEPER_TEST_CACHE !== '') return WATCHKEEPER_TEST_CACHE;
  return join(XDG_CACHE_HOME !== undefined && XDG_CACHE_HOME !== '' ? XDG_CACHE_HOME : '/var/cache', 'watchkeeper-tests');
}

function keyOf(recipe: Recipe): string {
  const parts = [RECIPE_VERSION, recipe.suite, [...recipe.packages].sort(), [...recipe.disabled].sort(), [...recipe.masked].sort()];
  return `${recipe.suite}-${createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16)}`;
}

/** @returns the directory, to be used read-only (as the lower layer of an overlay) */
export async function rootFileSystem(recipe: Recipe): Promise<string> {
  const cache = cacheDirectory();
  const root = join(cache, keyOf(recipe));
  if (existsSync(root)) return root;
  mkdirSync(cache, { recursive: true, mode: 0o755 });
  const unlock = await lock(`${root}.lock`);
  try {
    if (!existsSync(root)) await build(recipe, cache, root);
    return root;
  } finally {
    unlock();
  }
}

async function build(recipe: Recipe, cache: string, root: string): Promise<void> {
  const prefix = `${root.slice(cache.length + 1)}.new-`;
  // We hold the lock: whatever has this prefix was left by a build that died.
  for (const name of readdirSync(cache)) if (name.startsWith(prefix)) removeTree(join(cache, name));
  const unfinished = join(cache, `${prefix}${process.pid}`);
  const sources = join(cache, `${prefix}${process.pid}.list`);
  try {
    writeFileSync(sources, await aptSources(recipe.suite));
    const proxies = await aptProxyOptions();
    await mustRun(
      [
        '/usr/bin/mmdebstrap', '--quiet', '--mode=root', '--variant=minbase',
        `--include=${recipe.packages.join(',')}`,
        ...proxies.map((option) => `--aptopt=${option}`),
        recipe.suite, unfinished, sources,
      ],
      { timeout: BUILD_TIMEOUT, environment: { TMPDIR: '/var/tmp' } },
    );
    for (const [verb, units] of [['disable', recipe.disabled], ['mask', recipe.masked]] as const) {
      if (units.length > 0) await mustRun(['/usr/sbin/chroot', unfinished, '/usr/bin/systemctl', verb, '--quiet', ...units]);
    }
    renameSync(unfinished, root);
  } finally {
    rmSync(sources, { force: true });
    if (existsSync(unfinished)) removeTree(unfinished);
  }
}

/** A killed build may have left /proc or /dev mounted in there: never descend into those. */
function removeTree(path: string): void {
  unmountTree(path);
  rmSync(path, { recursive: true, force: true });
}

/** Held by a `cat` whose input is ours: when we die, however, it ends and the lock is free. */
function lock(file: string): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const holder = spawn('/usr/bin/flock', ['--timeout', String(LOCK_TIMEOUT), file, '/bin/cat'], { stdio: ['pipe', 'pipe', 'ignore'] });
    holder.on('error', reject);
    holder.on('exit', (code) => reject(new Error(`cannot lock ${file}: flock ended with ${String(code)} (another build for more than ${LOCK_TIMEOUT} s?)`)));
    holder.stdout.once('data', () => resolve(() => holder.stdin.end()));
    holder.stdin.on('error', () => undefined);
    holder.stdin.write('locked\n');
  });
}
