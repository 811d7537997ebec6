/** The machine's state → what status, board and control socket tell. */
import type { DaemonStatus, StatusState } from '../core/daemon-status.js';
import { TICKS_PER_SECOND, type ProcessIdentity } from '../core/process-identity.js';
import { impairment, isReady } from '../core/supervision-moves.js';
import type { Supervision } from '../core/supervision-state.js';
import type { Notifications } from '../ports/notifications.js';
import type { SupervisedDaemon } from './supervised-daemon.js';

/** ms since this process was started; `now` is monotonic ms since boot. */
export function uptimeOf(process: ProcessIdentity, now: number): number {
  return Math.max(0, Math.round(now - (process.startTicks * 1000) / TICKS_PER_SECOND));
}

export function supervisionStatus(name: string, state: Supervision, now: number): DaemonStatus {
  const { phase, memory } = state;
  const process = 'process' in phase ? phase.process : undefined;
  const impaired = impairment(phase);
  const observed: StatusState = impaired === undefined ? phase.kind : 'degraded';
  return {
    name,
    desired: state.desired,
    observed,
    ready: isReady(phase),
    pid: process?.pid ?? null,
    uptime: process === undefined ? null : uptimeOf(process, now),
    owner: state.held === undefined ? 'watcher' : 'cluster',
    restarts: memory.restarts,
    nextTry: 'until' in phase ? Math.max(0, Math.round(phase.until - now)) : null,
    reason: impaired ?? state.reason,
    lastExit: memory.lastExit ?? null,
    paused: state.paused ?? null,
  };
}

/** The same, with what is known of its health. */
export function fullStatus(daemon: SupervisedDaemon, notifications: Notifications, now: number): DaemonStatus {
  const { spec, state } = daemon;
  const said = notifications.state(spec.name);
  return {
    ...supervisionStatus(spec.name, state, now),
    recentFailures: state.memory.tally.failures.filter((at) => at > now - spec.restart.period).length,
    waitsFor: state.unmet,
    health: daemon.health.report(),
    ...(said === undefined ? {} : { says: said.status }),
  };
}
