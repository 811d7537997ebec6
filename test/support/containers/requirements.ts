/** Whether this machine can run containers, and if not, why: the reason a skipped test gives. */
import { accessSync, constants, readFileSync } from 'node:fs';

const PROGRAMS = [
  '/usr/bin/mmdebstrap',
  '/usr/bin/systemd-nspawn',
  '/usr/bin/nsenter',
  '/usr/bin/flock',
  '/usr/bin/timeout',
  '/usr/bin/apt-get',
  '/usr/bin/mount',
  '/usr/bin/umount',
];

/** undefined: nothing is missing. */
export function missingRequirement(): string | undefined {
  if (process.getuid?.() !== 0) return 'containers need root';
  const program = PROGRAMS.find((path) => !isExecutable(path));
  if (program !== undefined) return `containers need ${program}`;
  if (cgroup2Mount() === undefined) return 'containers need a mounted cgroup v2 hierarchy';
  return undefined;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Where the unified hierarchy is mounted: /sys/fs/cgroup, or beside the old ones. */
export function cgroup2Mount(): string | undefined {
  for (const line of readFileSync('/proc/self/mountinfo', 'utf8').split('\n')) {
    const [before, after] = line.split(' - ');
    if (after?.startsWith('cgroup2 ') === true) return before?.split(' ')[4];
  }
  return undefined;
}
