/** What the supervision of a daemon stands on: the machine below it, and the set that it belongs to. */
import type { ProcessIdentity } from '../core/process-identity.js';
import type { Effect, Memory, SupervisionEvent } from '../core/supervision-state.js';
import type { Claims } from '../ports/claims.js';
import type { Clock } from '../ports/clock.js';
import type { HealthChecker } from '../ports/health-checker.js';
import type { Launcher } from '../ports/launcher.js';
import type { MemoryStore } from '../ports/memory-store.js';
import type { Notifications } from '../ports/notifications.js';
import type { ProcessTable } from '../ports/process-table.js';
import type { ServiceManager } from '../ports/service-manager.js';
import type { ReadinessChecker, StartPreparation } from '../ports/start-preparation.js';
import type { SetupGate } from './setup-gate.js';

export interface SupervisionPorts {
  readonly clock: Clock;
  readonly launcher: Launcher;
  readonly manager: ServiceManager;
  readonly processes: ProcessTable;
  readonly preparation: StartPreparation;
  readonly readiness: ReadinessChecker;
  readonly memory: MemoryStore;
  readonly claims: Claims;
  readonly health: HealthChecker;
  readonly notifications: Notifications;
}

/** What a supervised daemon needs of the set that it belongs to. */
export interface Surroundings {
  /** Queues the event; it is handled after the present one. */
  send(event: SupervisionEvent): void;
  announce(effect: Extract<Effect, { kind: 'announce' }>): void;
  tellCluster(process: ProcessIdentity | undefined, reason: string): void;
  /** Has the tally of failures written down once all that has to be done is done: first the replacement, then the words. */
  remember(memory: Memory): void;
  /** Has an end dealt with; of many at once in its turn. */
  inTurn(action: () => void): void;
  /** Time is short: nobody gets more than his stopTimeout. */
  isHurried(): boolean;
  readonly setup: SetupGate;
  readonly notMasterExitStatus: () => number;
}
