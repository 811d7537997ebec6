/** Which service manager this machine has. */
import { accessSync, constants, statSync } from 'node:fs';

import type { Catalogue } from '../core/catalogue.js';
import type { Settings } from '../core/settings.js';
import type { Runner } from '../ports/runner.js';
import type { Detection } from '../ports/service-manager.js';

export interface DetectionParts {
  readonly catalogue: Catalogue;
  readonly settings: Settings;
  readonly runner: Runner;
}

/** Which one, and why. Looks; changes nothing. */
export async function detect({ catalogue, settings, runner }: DetectionParts): Promise<Detection> {
  const [{ detectServiceManager }, { Systemctl, SYSTEMCTL }, { START_STOP_DAEMON }] = await Promise.all([
    import('../adapters/systemd/detect.js'),
    import('../adapters/systemd/systemctl.js'),
    import('../adapters/sysv/start-chain.js'),
  ]);
  const machine = {
    isDirectory,
    isExecutable,
    showUnit: (unit: string) => new Systemctl(runner).showOne(unit),
    systemctl: SYSTEMCTL,
    startStopDaemon: START_STOP_DAEMON,
  };
  const wanted = settings.serviceManager;
  return detectServiceManager(catalogue.group, machine, wanted === 'auto' ? undefined : wanted);
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // missing, or not for us: both mean that it can't be used
  }
}
