/** What can be said of a daemon without a watcher's memory. */
import type { DaemonStatus } from '../core/daemon-status.js';
import type { DaemonSpec } from '../core/daemon.js';
import type { Wanted } from '../core/desired-state.js';
import type { Observation } from '../core/observation.js';
import type { ServiceManagerKind } from '../ports/service-manager.js';
import { uptimeOf } from './supervision-status.js';

/** @param now ms since boot */
export function directStatus(
  spec: DaemonSpec,
  observation: Observation,
  wanted: Wanted,
  kind: ServiceManagerKind,
  now: number,
  warnings: readonly string[] = [],
): DaemonStatus {
  return {
    name: spec.name,
    desired: wanted.desired,
    observed: observation.state,
    ready: observation.state === 'running',
    pid: observation.process?.pid ?? null,
    uptime: observation.process === undefined ? null : uptimeOf(observation.process, now),
    owner: kind === 'systemd' ? 'systemd' : 'watcher',
    restarts: observation.restarts ?? 0,
    nextTry: null,
    reason: observation.state === 'stopped' && wanted.desired === 'down' ? wanted.reason : observation.reason,
    lastExit: observation.lastExit ?? null,
    ...(warnings.length === 0 ? {} : { warnings }),
  };
}
