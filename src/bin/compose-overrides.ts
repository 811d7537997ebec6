/** The drop-ins of units that the cluster holds, as the watcher keeps them where systemd drives the machine. */
import { ClusterDropIn } from '../adapters/systemd/cluster-drop-in.js';
import { SystemdUnitControl } from '../adapters/systemd/unit-control.js';
import { clusterHoldStore } from '../adapters/state/cluster-holds.js';
import { identify, isAlive } from '../adapters/host/identity.js';
import { HostLocks } from '../adapters/host/locks.js';
import { PatientOverride } from '../app/patient-override.js';
import type { DaemonSpec } from '../core/daemon.js';
import { unitLock, RUNTIME } from './cluster-unit.js';
import type { WatcherAtHand } from './compose-agents.js';

export async function composeOverrides({ host, controller, warn }: WatcherAtHand): Promise<PatientOverride> {
  const [clock, runner, systemctl, { settings }] = await Promise.all([host.clock(), host.runner(), host.systemctl(), host.configuration()]);
  const units = new SystemdUnitControl({ runner, processes: { identify, isAlive }, clock, systemctl });
  const holds = clusterHoldStore(settings.paths.state, warn);
  const locks = new HostLocks(RUNTIME, clock);
  const daemonOf = async (unit: string): Promise<DaemonSpec | undefined> => (await host.configuration()).catalogue.daemons.find((spec) => spec.unit === unit);
  return new PatientOverride({
    overrides: new ClusterDropIn(systemctl),
    clock,
    warn,
    isHeld: async (unit) => {
      const spec = await daemonOf(unit);
      return spec !== undefined && holds.read(spec.name) !== undefined;
    },
    isDown: async (unit) => {
      const spec = await daemonOf(unit);
      // Of its daemons the watcher knows without asking, though maybe a moment late.
      const [known] = spec === undefined ? [] : await controller.status([spec.name]);
      if (known?.pid === null && (known.observed === 'stopped' || known.observed === 'failed')) return true;
      const { state, leftProcesses } = await units.look(unit);
      return (state === 'inactive' || state === 'failed') && !leftProcesses;
    },
    alone: async (unit, action) => {
      const taken = await locks.acquire(unitLock(unit), { timeout: 0, purpose: `the watcher, which looks for drop-ins that were left` });
      if (!taken.ok) return;
      try {
        await action();
      } finally {
        taken.lock.release();
      }
    },
  });
}
