/** A storm without systemd: process, mount, network and IPC namespaces of its own, which end all that is in them with it. */
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { removeGroups } from '../support/control-groups.js';
import type { Verdict } from './invariants.js';
import { parseObservations } from './observation.js';
import { patience, type StormOptions, type StormResult } from './options.js';

const INSIDE = fileURLToPath(new URL('inside.ts', import.meta.url));
const INIT = fileURLToPath(new URL('../../scripts/container-init', import.meta.url));
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** @param interrupted ends it at once; nothing of it is left then */
export async function plainStorm(options: StormOptions, interrupted?: AbortSignal): Promise<StormResult> {
  // Not below /tmp: root runs nothing from there.
  const directory = mkdtempSync('/var/lib/wk-chaos-');
  chmodSync(directory, 0o755);
  const words = ['--fork', '--pid', '--mount', '--net', '--ipc', '--mount-proc', '--kill-child', '--', INIT, process.execPath, '--import=tsx/esm', INSIDE, JSON.stringify({ ...options, world: 'plain', directory })];
  const child = spawn('/usr/bin/unshare', words, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'], timeout: patience(options), killSignal: 'SIGKILL' });
  const end = (): void => void child.kill('SIGKILL');
  process.once('exit', end);
  interrupted?.addEventListener('abort', end);
  const status = await new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? code)));
  process.off('exit', end);
  await removeGroups(join(directory, 'world/run'));
  if (interrupted?.aborted === true) {
    rmSync(directory, { recursive: true });
    throw new Error('the storm was interrupted');
  }
  if (status !== 0) throw new Error(`the storm ended with ${String(status)}; what it saw is in ${directory}`);
  const verdict = JSON.parse(readFileSync(join(directory, 'verdict'), 'utf8')) as Verdict;
  const log = parseObservations(readFileSync(join(directory, 'observations'), 'utf8'));
  const keep = options.keep === true || verdict.losses.length > 0;
  if (!keep) rmSync(directory, { recursive: true });
  return { verdict, log, directory: keep ? directory : '' };
}
