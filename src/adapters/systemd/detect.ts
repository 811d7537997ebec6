/** Which service manager drives the daemons here, and why: one function, asked once. */
import type { GroupSpec } from '../../core/daemon.js';
import type { Detection } from '../../ports/service-manager.js';
import { SystemdSilent } from './systemctl.js';
import type { UnitFacts } from './unit-facts.js';
import { isLoaded } from './vocabulary.js';

/** Made by systemd where it is process 1, and by nothing else (sd_booted(3)). */
export const SYSTEMD_RUNS = '/run/systemd/system';

export type RealManager = 'systemd' | 'start-stop-daemon' | 'built-in';

export interface Machine {
  isDirectory(path: string): boolean;
  isExecutable(path: string): boolean;
  /** @throws SystemdSilent */
  showUnit(unit: string): Promise<UnitFacts>;
  readonly systemctl: string;
  readonly startStopDaemon: string;
}

/** @param forced what the settings say; undefined: look for yourself */
export async function detectServiceManager(
  group: Pick<GroupSpec, 'target'>,
  machine: Machine,
  forced?: RealManager,
): Promise<Detection> {
  if (forced !== undefined) return { kind: forced, reason: 'the setting serviceManager says so' };
  const verdict = await askSystemd(group.target, machine);
  if (verdict.systemd) return { kind: 'systemd', reason: verdict.reason };
  if (machine.isExecutable(machine.startStopDaemon)) return { kind: 'start-stop-daemon', reason: verdict.reason };
  return { kind: 'built-in', reason: `${verdict.reason}, and there is no ${machine.startStopDaemon}` };
}

async function askSystemd(target: string | undefined, machine: Machine): Promise<{ systemd: boolean; reason: string }> {
  const no = (reason: string) => ({ systemd: false, reason });
  if (!machine.isDirectory(SYSTEMD_RUNS)) return no(`systemd does not run here (no directory ${SYSTEMD_RUNS})`);
  if (!machine.isExecutable(machine.systemctl)) return no(`there is no ${machine.systemctl}`);
  if (target === undefined) return no('the group has no systemd target');
  try {
    const facts = await machine.showUnit(target);
    return { systemd: isLoaded(facts), reason: `${target} is ${facts.loadState}` };
  } catch (error) {
    if (!(error instanceof SystemdSilent)) throw error;
    // It may be re-executing itself. To take over now could start every daemon a second time.
    return { systemd: true, reason: `systemd runs here, but does not tell about ${target}: ${error.message}` };
  }
}
