/** What the watcher does for units beyond watching them: slow attempts, and an eye on their files. */
import type { DriftWatch } from '../app/drift-watch.js';
import type { SlowRetry } from '../app/slow-retry.js';
import type { Catalogue } from '../core/catalogue.js';
import type { Observation } from '../core/observation.js';
import type { UnitRetrier } from '../ports/unit-retrier.js';
import type { DesiredStateStore } from '../ports/store.js';
import type { GuardianParts } from './compose-guardian.js';

export interface UnitKeepers {
  readonly retrier: UnitRetrier;
  slowRetry(seen: (name: string) => Observation | undefined, pausedReason: (name: string) => string | undefined): SlowRetry;
  drift(catalogue: () => Catalogue): DriftWatch;
}

export async function unitKeepers(parts: GuardianParts, desired: DesiredStateStore): Promise<UnitKeepers> {
  const [{ SlowRetry }, { DriftWatch }, { SystemdRetrier }, { SystemdDriftInspector }, { Systemctl }, { retryMemoryStore }] = await Promise.all([
    import('../app/slow-retry.js'),
    import('../app/drift-watch.js'),
    import('../adapters/systemd/unit-retrier.js'),
    import('../adapters/systemd/drift-inspector.js'),
    import('../adapters/systemd/systemctl.js'),
    import('../adapters/state/retry-memory-store.js'),
  ]);
  const { configuration, clock, runner, locks, journal, log, bootId, warn } = parts;
  const systemctl = new Systemctl(runner);
  const memory = retryMemoryStore(configuration.paths.runtime, warn);
  const retrier = new SystemdRetrier(systemctl);
  return {
    retrier,
    slowRetry: (seen, pausedReason) => new SlowRetry({ retrier, desired, memory, locks, journal, log, clock, bootId, pausedReason, seen }),
    drift: (catalogue) => new DriftWatch({ inspector: new SystemdDriftInspector(systemctl, catalogue), journal, log, clock, specs: () => catalogue().daemons }),
  };
}
