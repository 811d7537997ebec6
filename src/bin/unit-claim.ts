/** The claim by which the shell front asks systemd itself while no watcher runs (core/unit-claim.ts), for this machine. */
import * as fs from 'node:fs';
import { join } from 'node:path';

import { claimedConfiguration } from '../adapters/config/grounds.js';
import type { Configuration } from '../adapters/config/configuration.js';
import { environmentVariable } from '../adapters/config/settings-schema.js';
import { bootId, sinceBoot } from '../adapters/host/proc.js';
import { writeAtomic } from '../adapters/state/atomic-file.js';
import { WatchkeeperError } from '../core/errors.js';
import { FILE_TIME_LAG } from '../core/file-time.js';
import { unitClaimText } from '../core/unit-claim.js';
import type { Clock } from '../ports/clock.js';

/** Would have Node look elsewhere, or at other daemons. */
const VARIABLES = ['serviceManager', 'paths.runtime', 'paths.state'].map(environmentVariable);

/** To be called where systemd was found to drive the daemons. What can't be written is no claim. */
export function claimUnits(configuration: Configuration, clock: Pick<Clock, 'wall'>, environment: Readonly<Record<string, string | undefined>>): void {
  const { settings, paths, catalogue, main } = configuration;
  const { target } = catalogue.group;
  const isPlain = settings.serviceManager === 'auto' && VARIABLES.every((name) => environment[name] === undefined);
  if (!isPlain || target === undefined || process.geteuid?.() !== 0 || !isOwn(paths.runtime)) return;
  // Nothing was looked at before this process began.
  const age = performance.now() + FILE_TIME_LAG;
  const { files, directories, absent } = claimedConfiguration(configuration);
  const text = unitClaimText({ bootId: bootId(), provenAt: sinceBoot() - age, configuration: main, same: [...files, ...directories], absent, unset: VARIABLES, target, daemons: catalogue.daemons });
  const path = join(paths.runtime, 'units');
  try {
    if (text === undefined) fs.rmSync(path, { force: true });
    else writeAtomic(path, text, { durable: false, mode: 0o600, modified: clock.wall() - age });
  } catch (error) {
    if (!(error instanceof WatchkeeperError)) throw error;
  }
}

/** There is such a directory, and nobody but root could put anything there. */
function isOwn(directory: string): boolean {
  const stat = fs.lstatSync(directory, { throwIfNoEntry: false });
  return stat?.isDirectory() === true && stat.uid === 0 && (stat.mode & 0o022) === 0;
}
