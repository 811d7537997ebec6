/** A storm on a real systemd, in a container of its own. */
import { copyFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { mustRun } from '../support/containers/command.js';
import { startContainer, type Container } from '../support/containers/container.js';
import { SOURCE_IN_CONTAINER } from '../support/containers/installed-tree.js';
import { daemonsRecipe } from '../support/containers/recipe.js';
import type { Verdict } from './invariants.js';
import { parseObservations } from './observation.js';
import { ownsPidMax, patience, PID_MAX, type StormOptions, type StormResult } from './options.js';

const DIRECTORY = '/var/lib/wk-chaos';

export async function systemdStorm(options: StormOptions): Promise<StormResult> {
  const container = await startContainer({ recipe: daemonsRecipe(options.debian ?? 'bookworm'), init: 'systemd', source: true, installed: true });
  try {
    if (ownsPidMax()) await lowerPidMax(container);
    await container.must(['/usr/bin/mkdir', '-m', '0755', DIRECTORY]);
    const words = JSON.stringify({ ...options, world: 'systemd', directory: DIRECTORY });
    const result = await container.run(['/usr/bin/env', `--chdir=${SOURCE_IN_CONTAINER}`, '/usr/bin/node', '--import=tsx/esm', 'test/chaos/inside.ts', words], {
      timeout: patience(options),
      environment: { TMPDIR: '/tmp' },
    });
    const inside = (name: string): string => join(container.root, DIRECTORY, name);
    const kept = async (): Promise<string> => {
      const directory = mkdtempSync('/var/lib/wk-chaos-');
      copyFileSync(inside('observations'), join(directory, 'observations'));
      writeFileSync(join(directory, 'journal'), (await container.run(['/usr/bin/journalctl', '--no-pager', '--output=short-monotonic'], { timeout: 60_000 })).stdout);
      return directory;
    };
    if (result.status !== 0) throw new Error(`the storm under systemd ended with ${result.status}: ${result.stderr.slice(-2000)}${result.stdout.slice(-500)}; what it saw is in ${await kept()}`);
    const verdict = JSON.parse(readFileSync(inside('verdict'), 'utf8')) as Verdict;
    const log = parseObservations(readFileSync(inside('observations'), 'utf8'));
    return { verdict, log, directory: verdict.losses.length === 0 && options.keep !== true ? '' : await kept() };
  } finally {
    await container.stop();
  }
}

/** From outside, where /proc/sys may be written, through a /proc of the container's own processes. */
async function lowerPidMax(container: Container): Promise<void> {
  const script = `mount -t proc proc /mnt && echo ${PID_MAX} >/mnt/sys/kernel/pid_max; umount /mnt`;
  await mustRun(['/usr/bin/nsenter', '-t', String(container.leader), '-p', '-m', '--', '/bin/sh', '-c', script]);
}
