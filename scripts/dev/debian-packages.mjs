/**
 * The Debian packages that the tests need on the machine itself. Only root can
 * install them; without root the tests that need them skip themselves.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { cleanEnvironment, say } from './project.mjs';

const LISTS = ['scripts/dev/test-packages.json', 'test/support/containers/host-packages.json'];
/** Large, and of one suite, which skips itself where they can't be had. */
const BROWSER = 'test/page/packages.json';
const APT = '/usr/bin/apt-get';
const DPKG_QUERY = '/usr/bin/dpkg-query';
const DEADLINE = 5 * 60_000;

export function neededPackages(root, lists = LISTS) {
  const names = lists.map((list) => path.join(root, list))
    .filter((file) => existsSync(file))
    .flatMap((file) => JSON.parse(readFileSync(file, 'utf8')));
  return [...new Set(names)].sort();
}

export function missingPackages(needed) {
  const query = spawnSync(DPKG_QUERY, ['-W', '-f', '${db:Status-Status} ${Package}\n'], { encoding: 'utf8', timeout: DEADLINE });
  const installed = new Set(
    query.stdout
      .split('\n')
      .filter((line) => line.startsWith('installed '))
      .map((line) => line.slice('installed '.length)),
  );
  return needed.filter((name) => !installed.has(name));
}

function apt(args) {
  const result = spawnSync(APT, ['-o', 'DPkg::Lock::Timeout=300', ...args], {
    env: cleanEnvironment({ DEBIAN_FRONTEND: 'noninteractive' }),
    stdio: ['ignore', 2, 2],
    timeout: DEADLINE,
  });
  return result.status === 0;
}

/**
 * @returns {string | undefined} what went wrong; undefined also where there is
 *   nothing to install, or nobody who could
 */
export function installPackages(root) {
  if (!existsSync(APT) || !existsSync(DPKG_QUERY)) {
    say('watchkeeper: this is no Debian; tests whose tools are missing are skipped');
    return undefined;
  }
  const missing = missingPackages(neededPackages(root));
  if (missing.length === 0) return undefined;
  if (process.getuid?.() !== 0) {
    say(`watchkeeper: not root, so these packages stay missing, and the tests that need them are skipped: ${missing.join(' ')}`);
    return undefined;
  }
  say(`watchkeeper: installing Debian packages for the tests: ${missing.join(' ')}`);
  // stale lists name files that the mirrors no longer have
  const updated = apt(['update', '-q']);
  if (apt(['install', '-q', '-y', '--no-install-recommends', ...missing])) return undefined;
  return `cannot install ${missing.join(' ')}: apt-get failed${updated ? '' : ' (apt-get update too: no network?)'}`;
}

/** A browser for the suite `page`. What goes wrong is told, and the tests skip themselves. */
export function installBrowser(root) {
  if (!existsSync(APT) || !existsSync(DPKG_QUERY) || process.getuid?.() !== 0) return;
  const missing = missingPackages(neededPackages(root, [BROWSER]));
  if (missing.length === 0) return;
  say(`watchkeeper: installing Debian packages for the suite page: ${missing.join(' ')}`);
  apt(['update', '-q']);
  if (!apt(['install', '-q', '-y', '--no-install-recommends', ...missing])) say(`watchkeeper: cannot install ${missing.join(' ')}; the tests that need them are skipped`);
}
