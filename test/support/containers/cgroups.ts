/** A control group of its own for each container: else systemd-nspawn's `payload` is shared. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { cgroup2Mount } from './requirements.js';
import { waitSync } from './wait.js';

/** The old hierarchy that systemd-nspawn also uses on a hybrid host. */
const OLD_SYSTEMD = '/sys/fs/cgroup/systemd';

function hierarchies(): readonly string[] {
  const unified = cgroup2Mount();
  const all = [unified, OLD_SYSTEMD].filter((path) => path !== undefined);
  return all.filter((path) => existsSync(join(path, 'cgroup.procs')));
}

/** @returns the files to write a pid to, so that the process is in the group */
export function makeCgroups(name: string): readonly string[] {
  return hierarchies().map((hierarchy) => {
    const path = join(hierarchy, name);
    mkdirSync(path, { recursive: true });
    return join(path, 'cgroup.procs');
  });
}

export function cgroupNames(): readonly string[] {
  return hierarchies().flatMap((hierarchy) => readdirSync(hierarchy));
}

/** Kills what is in the group, all at once, and removes it. */
export function removeCgroups(name: string): void {
  for (const hierarchy of hierarchies()) {
    const path = join(hierarchy, name);
    if (!existsSync(path)) continue;
    if (existsSync(join(path, 'cgroup.kill'))) {
      writeFileSync(join(path, 'cgroup.kill'), '1');
      waitSync(`the processes of ${path} to end`, 10_000, () => readFileSync(join(path, 'cgroup.events'), 'utf8').includes('populated 0'));
    }
    // The kernel may need a moment more until the last process has left.
    waitSync(`${path} to go away`, 5_000, () => removeEmpty(path));
  }
}

function removeEmpty(path: string): boolean {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isDirectory()) removeEmpty(join(path, entry.name));
  }
  try {
    rmdirSync(path);
  } catch {
    return !existsSync(path);
  }
  return true;
}
