/** Faults of file systems, and of systemd and its bus. */
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import { pause } from './clock.js';
import type { Fault, FaultKind } from './plan.js';
import { readOnlyTwin, run } from './site.js';
import type { Storm } from './storm.js';

const special =
  (kind: FaultKind) =>
  (storm: Storm, fault: Fault) =>
    storm.world.special(kind, fault.choice);

/** Those that it hits: state, runtime, or both. */
function chosen(storm: Storm, fault: Fault): readonly string[] {
  const { state, runtime } = storm.world.site.paths;
  return [[state], [runtime], [state, runtime]][fault.choice % 3] ?? [state];
}

function fill(path: string): void {
  const fd = openSync(path, 'w');
  try {
    // Down to the last byte: what is left of a page is of no use to a new file.
    for (let size = 1 << 20; size >= 1; size >>= 4) {
      const block = Buffer.alloc(size);
      try {
        while (writeSync(fd, block) > 0);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      }
    }
  } finally {
    closeSync(fd);
  }
}

/** One after the other: two of the same kind would lift each other's. */
let readOnly: Promise<void> = Promise.resolve();

export const MACHINE_FAULTS = {
  'disk-full': async (storm: Storm, fault: Fault) => {
    const files = chosen(storm, fault).map((directory) => join(directory, `.filler-${fault.step}`));
    let missed: string | undefined;
    for (const file of files) {
      try {
        fill(file);
      } catch (error) {
        missed = `it can't be filled: ${String((error as NodeJS.ErrnoException).code)}`;
      }
    }
    await pause(fault.hold);
    for (const file of files) {
      // Another fault may have it read-only at this moment.
      for (;;) {
        try {
          rmSync(file, { force: true });
          break;
        } catch {
          await pause(100);
        }
      }
    }
    return missed;
  },

  'read-only': async (storm: Storm, fault: Fault): Promise<undefined> => {
    const turn = readOnly.then(async () => {
      for (const directory of chosen(storm, fault)) run('/usr/bin/mount', '--bind', readOnlyTwin(directory), directory);
      await pause(fault.hold);
      for (const directory of chosen(storm, fault)) run('/usr/bin/umount', '--lazy', directory);
    });
    readOnly = turn.catch(() => undefined);
    await turn;
    return undefined;
  },

  'bus-restart': special('bus-restart'),
  'manager-reexec': special('manager-reexec'),
  'manager-reload': special('manager-reload'),
};
