/** The demo of a clone, and where it lies. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';

import type { LoadedConfiguration } from '../adapters/config/configuration.js';
import type { Environment } from '../adapters/config/location.js';

export async function loadDemo(environment: Environment): Promise<LoadedConfiguration> {
  const { demoConfiguration, demoRuntimeBase } = await import('../adapters/config/demo.js');
  return demoConfiguration({ runtimeBase: demoRuntimeBase(environment), programs: demoPrograms() }, environment);
}

/** Root also runs what belongs to the owner of the clone that it was called from: its front is run already. */
export function demoOwners(): readonly number[] {
  return [...new Set([process.geteuid?.() ?? 0, statSync(demoPrograms()).uid])];
}

/** Beside the installed bundle, beside the directory of a clone's bundle, or two above the source's. */
function demoPrograms(): string {
  const candidates = ['demo', '../scripts/demo', '../../scripts/demo'].map((path) => join(import.meta.dirname, path));
  const found = candidates.find((path) => existsSync(path));
  if (found === undefined) throw new Error(`no demo daemons at ${candidates.join(', ')}`);
  return found;
}
