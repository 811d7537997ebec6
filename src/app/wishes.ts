/** What the operator wants: read with the boot in mind, and written down before anything is done. */
import type { DaemonStatus } from '../core/daemon-status.js';
import type { DaemonSpec, DesiredState } from '../core/daemon.js';
import { isRevivable, wantedNow, type Wanted } from '../core/desired-state.js';
import { skipped, type Outcome } from '../core/outcome.js';
import type { Clock } from '../ports/clock.js';
import type { DesiredStateStore } from '../ports/store.js';

/** How a stop is meant, see DesiredRecord. */
export interface Emphasis {
  readonly hold?: boolean | undefined;
  readonly whole?: boolean;
}

export class Wishes {
  constructor(
    private readonly store: DesiredStateStore,
    private readonly clock: Pick<Clock, 'wall'>,
    private readonly bootId: string,
  ) {}

  now(spec: DaemonSpec): Wanted {
    return wantedNow(spec, this.store.read(spec.name), this.bootId);
  }

  /**
   * Skips the write where nothing changes: the fsync is what costs.
   * @throws WatchkeeperError STATE_UNWRITABLE
   */
  want(spec: DaemonSpec, desired: DesiredState, by: string, { hold = false, whole = false }: Emphasis = {}): void {
    const record = this.store.read(spec.name);
    const same = record?.desired === desired && record.bootId === this.bootId && (record.hold === true) === hold && (record.whole === true) === whole;
    if (same) return;
    this.store.write(spec.name, { desired, at: this.clock.wall(), by, bootId: this.bootId, ...(hold ? { hold } : {}), ...(whole ? { whole } : {}) });
  }

  /** @returns to be called where nothing was done about a wish that is made now: what was wanted down before is so again */
  recall(spec: DaemonSpec): () => void {
    const record = this.store.read(spec.name);
    return () => {
      if (record?.desired === 'down') this.store.write(spec.name, record);
    };
  }

  /** The same, with what check-and-start has to know besides. @param all of the catalogue */
  told(statuses: readonly DaemonStatus[], all: readonly DaemonSpec[]): readonly DaemonStatus[] {
    if (statuses.every(({ desired }) => desired === 'up')) return statuses;
    const records = new Map(all.map(({ name }) => [name, this.store.read(name)]));
    const revivable = statuses.map(({ name }) => isRevivable(records.get(name), records.values()));
    return statuses.map((status, index) => (revivable[index] === true ? { ...status, revivable: true } : status));
  }

  /** Why a start of many must leave this one alone; a start of it alone ends the hold. */
  heldBack(spec: DaemonSpec, names: readonly string[]): Extract<Outcome, { kind: 'skipped' }> | undefined {
    const { held, reason } = this.now(spec);
    if (!held || names.length === 1) return undefined;
    return { ...skipped(reason), kind: 'skipped', reason: `${reason}; daemon-util start ${spec.name} ends that` };
  }
}
