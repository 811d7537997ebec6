/** What the watcher stands on where systemd is the restart owner. */
import type { Catalogue } from '../core/catalogue.js';
import type { Observation } from '../core/observation.js';
import type { RoleAnswer } from '../core/role.js';
import type { Clock } from '../ports/clock.js';
import type { Controller } from '../ports/controller.js';
import type { Journal } from '../ports/journal.js';
import type { Log } from '../ports/log.js';
import type { Observer } from '../ports/observer.js';
import type { ClusterHoldStore } from '../ports/cluster-hold-store.js';
import type { ClusterInformant } from '../ports/cluster-informant.js';
import type { StateBoard } from '../ports/state-board.js';
import type { UnitRetrier } from '../ports/unit-retrier.js';
import type { DriftWatch } from './drift-watch.js';
import type { ObservedHealthParts } from './observed-health.js';
import type { Pauses } from './pauses.js';
import type { SlowRetry } from './slow-retry.js';
import type { WishStamp } from './wish-stamp.js';
import type { Wishes } from './wishes.js';

export interface ObservingPorts {
  readonly observer: Observer;
  /** Carries out orders through systemd, for a catalogue. */
  readonly control: (catalogue: Catalogue) => Controller;
  readonly wishes: Wishes;
  readonly roles: { answer(role: string): RoleAnswer };
  readonly pauses: Pauses;
  readonly retrier: Pick<UnitRetrier, 'forget'>;
  /**
   * @param seen what was seen last of a daemon; undefined while systemd cannot be seen
   * @param pausedReason why nothing is to be done by itself; undefined: nobody minds
   */
  readonly slowRetry: (seen: (name: string) => Observation | undefined, pausedReason: (name: string) => string | undefined) => SlowRetry;
  /** @param catalogue the one in force */
  readonly drift: (catalogue: () => Catalogue) => DriftWatch;
  readonly health: Pick<ObservedHealthParts, 'checker' | 'condemner'>;
  readonly holds: ClusterHoldStore;
  readonly informant: ClusterInformant;
  readonly bootId: string;
  readonly board: StateBoard;
  readonly wishStamp: WishStamp;
  readonly journal: Journal;
  readonly log: Log;
  readonly clock: Clock;
}
