/**
 * One program out of a Debian package that is not to be installed: prometheus,
 * installed, would start a server. The package is fetched by apt-get and taken
 * apart, once; the program is kept beside the tests' root file systems.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { cacheDirectory } from './containers/root-file-system.js';

const run = promisify(execFile);
/** ms to fetch some 20 MB. */
const DEADLINE = 180_000;

/**
 * @param path in the package, without the leading slash
 * @returns where the program is; or why it can't be had
 */
export async function debianProgram(name: string, path: string): Promise<{ readonly program: string } | string> {
  const apt = '/usr/bin/apt-get';
  if (!existsSync(apt)) return 'this is no Debian';
  const kept = join(cacheDirectory(), 'programs', name);
  const program = join(kept, path);
  if (existsSync(program)) return { program };
  mkdirSync(join(kept, '..'), { recursive: true });
  const unfinished = mkdtempSync(join(kept, '..', `${name}-new-`));
  const options = { cwd: unfinished, timeout: DEADLINE, env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' } };
  // As root, apt would fetch as a user that may not write here.
  const download = ['-q', '-o', 'APT::Sandbox::User=root', 'download', name];
  try {
    // Old lists name files that the mirrors no longer have.
    await run(apt, download, options).catch(async () => {
      await run(apt, ['-q', 'update'], options);
      await run(apt, download, options);
    });
    const [archive] = readdirSync(unfinished);
    if (archive === undefined) return `apt-get fetched no ${name}`;
    await run('/usr/bin/dpkg-deb', ['--extract', archive, 'tree'], options);
    if (!existsSync(join(unfinished, 'tree', path))) return `the package ${name} has no ${path}`;
    // Somebody else may have been quicker.
    if (!existsSync(kept)) renameSync(join(unfinished, 'tree'), kept);
    return { program };
  } catch (error) {
    return `the package ${name} can't be had: ${String(error).slice(0, 300)}`;
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}
