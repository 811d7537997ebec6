/**
 * The machine's own apt sources, told for another suite. No mirror is named
 * here: whoever set this machine up knows which one is near.
 */
import { existsSync, readFileSync } from 'node:fs';

import { mustRun } from './command.js';
import type { Suite } from './recipe.js';

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const FORMAT = '$(ORIGIN)|$(CODENAME)|$(REPO_URI)|$(COMPONENT)';

/** Lines of sources.list(5). @throws where the machine has no Debian source */
export async function aptSources(suite: Suite): Promise<string> {
  let targets = await indexTargets();
  if (targets.length === 0) {
    await mustRun(['/usr/bin/apt-get', 'update', '-q'], { timeout: 120_000 });
    targets = await indexTargets();
  }
  const own = hostCodename();
  const option = existsSync(KEYRING) ? ` [signed-by=${KEYRING}]` : '';
  const lines = new Set<string>();
  for (const target of targets) {
    const [origin, codename, uri, component] = target.split('|');
    if (origin !== 'Debian' || uri === undefined || component !== 'main') continue;
    // bookworm, bookworm-security; updates add nothing that a test needs.
    if (codename !== own && codename !== `${own}-security`) continue;
    lines.add(`deb${option} ${uri} ${codename.replace(own, suite)} ${component}`);
  }
  if (lines.size === 0) throw new Error("cannot find this machine's Debian mirror: apt-get indextargets names none for main; try apt-get update");
  return `${[...lines].join('\n')}\n`;
}

async function indexTargets(): Promise<readonly string[]> {
  const text = await mustRun(['/usr/bin/apt-get', 'indextargets', '--format', FORMAT, 'Created-By: Packages']);
  return text.split('\n').filter((line) => line !== '');
}

function hostCodename(): string {
  const codename = /^VERSION_CODENAME=([a-z]+)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
  if (codename === undefined) throw new Error('cannot tell the suite of this machine: /etc/os-release has no VERSION_CODENAME');
  return codename;
}

/** The machine's proxies, in apt.conf(5)'s words. */
export async function aptProxyOptions(): Promise<readonly string[]> {
  const text = await mustRun(['/usr/bin/apt-config', 'dump', 'Acquire']);
  return text.split('\n').filter((line) => /^Acquire::https?::Proxy\b/.test(line));
}
