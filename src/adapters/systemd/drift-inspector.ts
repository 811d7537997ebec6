/** Reads the files of units as systemd knows them, for core/unit-drift.ts. */
import * as fs from 'node:fs';
import { basename, dirname } from 'node:path';

import type { Catalogue } from '../../core/catalogue.js';
import type { DaemonSpec } from '../../core/daemon.js';
import { unitWarnings, type UnitFile, type UnitOnDisk } from '../../core/unit-drift.js';
import type { DriftInspector } from '../../ports/drift-inspector.js';
import { isClusterDropIn } from './cluster-drop-in.js';
import type { Systemctl } from './systemctl.js';
import type { UnitFiles } from './unit-facts.js';

/** No unit that we generate comes near. */
const MAX_SIZE = 256 * 1024;

export class SystemdDriftInspector implements DriftInspector {
  constructor(
    private readonly systemctl: Systemctl,
    private readonly catalogue: () => Catalogue,
  ) {}

  /** @throws SystemdSilent */
  async inspect(specs: readonly DaemonSpec[]): Promise<ReadonlyMap<string, readonly string[]>> {
    const all = await readUnits(this.systemctl, specs);
    const warnings = new Map<string, readonly string[]>();
    specs.forEach((spec, index) => {
      const unit = all[index];
      const found = unit === undefined ? [] : unitWarnings(spec, this.catalogue(), unit);
      if (found.length > 0) warnings.set(spec.name, found);
    });
    return warnings;
  }
}

/** In the same order. @throws SystemdSilent */
export async function readUnits(systemctl: Systemctl, specs: readonly Pick<DaemonSpec, 'unit'>[]): Promise<readonly UnitOnDisk[]> {
  return (await systemctl.showFiles(specs.map(({ unit }) => unit))).map(onDisk);
}

function onDisk(files: UnitFiles): UnitOnDisk {
  // `service.d` is for all services of the machine, and no word about this one. Our own comes and goes with the cluster's hold.
  const dropIns = files.dropIns.filter((path) => basename(dirname(path)) !== 'service.d' && !isClusterDropIn(path));
  const until = files.unitFileState === 'masked-runtime' ? { maskedUntilBoot: true } : {};
  return { load: loadOf(files), ...until, needsReload: files.needsReload, fragment: files.fragment === '' ? undefined : read(files.fragment), dropIns: dropIns.map(read) };
}

function loadOf({ loadState, unitFileState }: UnitFiles): UnitOnDisk['load'] {
  if (loadState === 'masked' || unitFileState.startsWith('masked')) return 'masked';
  if (loadState === 'not-found') return 'not-found';
  return loadState === 'error' || loadState === 'bad-setting' ? 'broken' : 'loaded';
}

function read(path: string): UnitFile {
  try {
    const stat = fs.statSync(path);
    return { path, text: stat.isFile() && stat.size <= MAX_SIZE ? fs.readFileSync(path, 'utf8') : undefined };
  } catch (error) {
    // It may have gone since systemd has read it: then needsReload says so.
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return { path, text: undefined };
  }
}
