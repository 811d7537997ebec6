/**
 * RUNTIME/wishes, whose time of modification says when the state board was last
 * proven to have the last word of what is wanted (app/wish-stamp.ts), and
 * RUNTIME/wanted, a link to the directory with the records of that: a shell knows
 * neither where the state is kept nor has the time to read it.
 */
import * as fs from 'node:fs';
import { join } from 'node:path';

import type { ClaimFile } from '../../ports/start-claim.js';
import { ensureDirectory } from './directories.js';
import { touchedFile } from './start-claim-file.js';

/** What an earlier watcher left is removed. @param directory of the records */
export function wishStampFile(runtime: string, directory: string): ClaimFile {
  const link = join(runtime, 'wanted');
  ensureDirectory(runtime, 0o755);
  const stamp = touchedFile(join(runtime, 'wishes'));
  fs.rmSync(link, { force: true });
  fs.symlinkSync(directory, link);
  return stamp;
}
