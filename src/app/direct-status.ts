/** What can be said of a daemon without a watcher's memory. */
import { isUp, type DaemonStatus } from '../core/daemon-status.js';
import type { DaemonSpec } from '../core/daemon.js';
import type { Wanted } from '../core/desired-state.js';
import type { Observation } from '../core/observation.js';
import { NOT_MASTER } from '../core/outcome.js';
import type { ServiceManagerKind } from '../ports/service-manager.js';
import { uptimeOf } from './supervision-status.js';

export interface StatusGround {
  readonly wanted: Wanted;
  readonly kind: ServiceManagerKind;
  /** ms since boot */
  readonly now: number;
  /** GroupSpec.notMasterExitStatus */
  readonly notMaster: number;
  /** Why this node is not to run it (core/role.ts); undefined: nothing is known against it. */
  readonly withheld: string | undefined;
  /** Whether the cluster holds it. */
  readonly held: boolean;
  readonly warnings?: readonly string[];
}

export function directStatus(spec: DaemonSpec, observation: Observation, ground: StatusGround): DaemonStatus {
  const { wanted, kind, now, held, warnings = [] } = ground;
  return {
    name: spec.name,
    desired: wanted.desired,
    observed: observation.state,
    ready: observation.state === 'running',
    pid: observation.process?.pid ?? null,
    uptime: observation.process === undefined ? null : uptimeOf(observation.process, now),
    owner: held ? 'cluster' : kind === 'systemd' ? 'systemd' : 'watcher',
    restarts: observation.restarts ?? 0,
    nextTry: null,
    reason: reasonOf(observation, ground),
    lastExit: observation.lastExit ?? null,
    ...(warnings.length === 0 ? {} : { warnings }),
  };
}

function reasonOf(observation: Observation, { wanted, notMaster, withheld }: StatusGround): string {
  if (observation.state === 'stopped' && wanted.desired === 'down') return wanted.reason;
  if (isUp(observation.state) || observation.state === 'stopping') return observation.reason;
  if (withheld !== undefined) return `${withheld}; ${observation.reason}`;
  const { lastExit } = observation;
  return lastExit?.kind === 'exited' && lastExit.status === notMaster ? `${NOT_MASTER}: ${observation.reason}` : observation.reason;
}
