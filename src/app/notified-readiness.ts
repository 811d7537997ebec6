/** ReadinessChecker where the watcher itself hears READY=1; everything else is the host's to look at. */
import type { DaemonSpec } from '../core/daemon.js';
import type { ProcessIdentity } from '../core/process-identity.js';
import type { Notifications } from '../ports/notifications.js';
import type { ReadinessChecker, ReadinessLook } from '../ports/start-preparation.js';

/** ms of one wait; it ends at once when the daemon says something. */
const LISTEN = 1000;

export class NotifiedReadiness implements ReadinessChecker {
  constructor(
    private readonly host: ReadinessChecker,
    private readonly notifications: Notifications,
  ) {}

  async check(spec: DaemonSpec, uptime: number, timeout: number, main?: ProcessIdentity): Promise<ReadinessLook> {
    if (spec.readiness.kind !== 'notify') return this.host.check(spec, uptime, timeout, main);
    if (this.notifications.state(spec.name)?.ready !== true) await this.notifications.next(spec.name, Math.min(timeout, LISTEN));
    const state = this.notifications.state(spec.name);
    if (state === undefined) return { ready: false, reason: 'nobody listens for its READY=1 at present' };
    const said = state.status === null ? '' : `; it says: ${state.status}`;
    return { ready: state.ready, reason: `${state.ready ? 'it said READY=1' : 'no READY=1 yet'}${said}`, extendedUntil: state.extendedUntil };
  }
}
