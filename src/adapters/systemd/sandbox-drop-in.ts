/** The drop-in by which a watcher has left the sandbox of its unit. */
import { join } from 'node:path';

import { LEAVE_DROP_IN } from '../../core/watcher-sandbox.js';
import { readBounded } from '../state/bounded-file.js';
import { SYSTEMD_RUNS } from './detect.js';

/** bytes */
const MOST_TEXT = 16 * 1024;

export function sandboxDropIn(unit: string): string {
  return join(SYSTEMD_RUNS, `${unit}.d`, LEAVE_DROP_IN);
}

/** undefined: there is none. */
export function readSandboxDropIn(unit: string): string | undefined {
  return readBounded(sandboxDropIn(unit), MOST_TEXT, () => undefined);
}
