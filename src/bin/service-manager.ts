/** The service manager of this machine, put together from its adapters. */
import { accessSync, constants, statSync } from 'node:fs';

import type { Catalogue } from '../core/catalogue.js';
import type { ProcessIdentity } from '../core/process-identity.js';
import type { Settings } from '../core/settings.js';
import type { Clock } from '../ports/clock.js';
import type { Runner } from '../ports/runner.js';
import type { Detection, ServiceManager } from '../ports/service-manager.js';

export interface ServiceManagerParts {
  readonly catalogue: Catalogue;
  readonly settings: Settings;
  readonly clock: Clock;
  readonly runner: Runner;
  /** This process: one-shot arguments are void once it has ended. */
  readonly self: ProcessIdentity;
  /** Whether an operator asks: only then a start limit that was hit is cleared first. */
  readonly explicit: boolean;
  /** Owners of programs that root runs besides its own: in a clone, whoever owns the clone. */
  readonly trustedOwners: readonly number[];
}

/** Which one, and why. Looks; changes nothing. */
export async function detect({ catalogue, settings, runner }: Pick<ServiceManagerParts, 'catalogue' | 'settings' | 'runner'>): Promise<Detection> {
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

export async function makeServiceManager(kind: Detection['kind'], parts: ServiceManagerParts): Promise<ServiceManager> {
  const { catalogue, settings, clock, explicit, self, trustedOwners } = parts;
  const { assembleDirect } = await import('../adapters/sysv/assemble.js');
  const trust = { owners: trustedOwners, sticky: trustedOwners.length > 0 };
  const assemble = (direct: 'start-stop-daemon' | 'built-in') => assembleDirect({ kind: direct, group: catalogue.group, paths: settings.paths, clock, trust });
  switch (kind) {
    case 'systemd': {
      const [{ SystemdManager }, { OneshotArguments }] = await Promise.all([
        import('../adapters/systemd/manager.js'),
        import('../adapters/systemd/oneshot.js'),
      ]);
      const { processes, readiness, runner } = assemble('built-in');
      const oneshot = new OneshotArguments(settings.paths.runtime, self);
      return new SystemdManager({ group: catalogue.group, runner, processes, readiness, clock, oneshot, explicit });
    }
    case 'start-stop-daemon':
    case 'built-in':
      return assemble(kind).manager;
    case 'fake':
      throw new Error('the fake service manager is for tests');
  }
}

export function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // missing, or not for us: both mean that it can't be used
  }
}
