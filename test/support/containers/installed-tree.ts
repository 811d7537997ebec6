/** Puts Watchkeeper into a container's root, as a package would. */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const REPOSITORY = join(dirname(fileURLToPath(import.meta.url)), '../../..');
/** Where a container with `source` sees the repository. */
export const SOURCE_IN_CONTAINER = '/srv/watchkeeper';

/** @throws where scripts/install fails, e.g. because nothing was built */
export function installTree(root: string): void {
  const script = join(REPOSITORY, 'scripts/install');
  const result = spawnSync(script, [root], { timeout: 60_000, encoding: 'utf8', cwd: REPOSITORY });
  if (result.status !== 0) throw new Error(`${script} ${root} failed: ${result.stderr}${result.stdout}${String(result.error ?? '')}`);
}
