/** What looks after the health of daemons, for either kind of watcher. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import type { DirectParts } from '../adapters/sysv/assemble.js';
import { measuredChecks, type Looked } from '../app/measured-checks.js';
import type { ObservedHealthParts } from '../app/observed-health.js';
import type { Clock } from '../ports/clock.js';
import type { HealthChecker } from '../ports/health-checker.js';
import type { Notifications } from '../ports/notifications.js';
import type { ReadinessChecker } from '../ports/start-preparation.js';
import type { GuardianParts } from './compose-guardian.js';

export interface HealthParts {
  readonly health: HealthChecker;
  readonly notifications: Notifications;
  readonly readiness: ReadinessChecker;
}

/** Where we restart, daemons speak to us. */
export async function supervisedHealth({ configuration, clock, host, log, looked }: GuardianParts, direct: DirectParts): Promise<HealthParts> {
  const [{ NotifyListener }, { NotifiedReadiness }, { HostHealthChecker }] = await Promise.all([
    import('../adapters/notify/listener.js'),
    import('../app/notified-readiness.js'),
    import('../adapters/health/checker.js'),
  ]);
  const { accounts, processes, runner, readiness } = direct;
  const notifications = new NotifyListener({ runtime: configuration.paths.runtime, program: listenerProgram(), clock, accounts, log });
  const health = new HostHealthChecker({ clock, processes, runner, trust: host.trust(), notifications, underSystemd: false });
  return { health: measured(health, clock, looked), notifications, readiness: new NotifiedReadiness(readiness, notifications) };
}

/** Where systemd restarts, they speak to systemd. */
export async function observedHealth({ clock, host, looked }: GuardianParts): Promise<Pick<ObservedHealthParts, 'checker' | 'condemner'>> {
  const [{ HostHealthChecker }, { NOBODY_LISTENS }, { systemdCondemner }, { processes }, runner] = await Promise.all([
    import('../adapters/health/checker.js'),
    import('../adapters/notify/nobody.js'),
    import('../adapters/systemd/condemner.js'),
    host.directParts('built-in'),
    host.frequentRunner(),
  ]);
  const checker = new HostHealthChecker({ clock, processes, runner, trust: host.trust(), notifications: NOBODY_LISTENS, underSystemd: true });
  return { checker: measured(checker, clock, looked), condemner: systemdCondemner(processes) };
}

function measured(checker: HealthChecker, clock: Clock, looked: Looked | undefined): HealthChecker {
  return looked === undefined ? checker : measuredChecks(checker, clock, looked);
}

/** Beside the installed bundle, beside the directory of a clone's bundle, or two above the source's. */
function listenerProgram(): string | undefined {
  return ['notify-listener', '../scripts/notify-listener', '../../scripts/notify-listener'].map((path) => join(import.meta.dirname, path)).find((path) => existsSync(path));
}
