/** What the operator wants: read with the boot in mind, and written down before anything is done. */
import type { DaemonStatus } from '../core/daemon-status.js';
import type { DaemonSpec, DesiredState } from '../core/daemon.js';
import { isRevivable, isUnfinished, latestWishUp, wantedNow, type DesiredRecord, type Wanted } from '../core/desired-state.js';
import { skipped, type Outcome } from '../core/outcome.js';
import type { ProcessIdentity } from '../core/process-identity.js';
import type { Clock } from '../ports/clock.js';
import type { DesiredStateStore } from '../ports/store.js';
import { DISK_PATIENCE, diskIsSilent } from './disk-patience.js';
import { within } from './within.js';

/** How a stop is meant, see DesiredRecord. */
export interface Emphasis {
  readonly hold?: boolean | undefined;
  readonly whole?: boolean | undefined;
  readonly asker?: string | undefined;
}

/** ms that a look at all records holds for a process that alone writes them. */
const LOOK_HOLDS = 1000;

export class Wishes {
  /** Settles with the last change that was begun. */
  #turn: Promise<unknown> = Promise.resolve();
  #look: { readonly at: number; readonly latestUp: DesiredRecord | undefined } | undefined;
  /** What was written last: in a start of many each asks for its own, when its turn comes. */
  #last: { readonly at: number; readonly records: ReadonlyMap<string, DesiredRecord> } | undefined;

  /** @param alone whether nobody else writes records while we are there: a watcher that holds control */
  constructor(
    private readonly store: DesiredStateStore,
    private readonly clock: Clock,
    private readonly bootId: string,
    private readonly alone = false,
  ) {}

  now(spec: DaemonSpec): Wanted {
    return wantedNow(spec, this.#read(spec.name), this.bootId);
  }

  #read(name: string): DesiredRecord | undefined {
    if (this.#last !== undefined && this.clock.monotonic() - this.#last.at > LOOK_HOLDS) this.#last = undefined;
    return this.#last?.records.get(name) ?? this.store.read(name);
  }

  /**
   * On the disk when it resolves. Skips the write where nothing changes: the fsync is what costs.
   *
   * @param leave what is to stay as it is, judged when its turn has come
   * @returns what was on record before of each that was changed
   * @throws WatchkeeperError STATE_UNWRITABLE
   */
  want(specs: readonly DaemonSpec[], desired: DesiredState, by: string, emphasis: Emphasis = {}, leave: (spec: DaemonSpec, known: DesiredRecord | undefined) => boolean = () => false): Promise<ReadonlyMap<string, DesiredRecord | undefined>> {
    return this.#inTurn(async () => {
      const record = this.#recordOf(desired, by, emphasis);
      const changed = new Map<string, DesiredRecord>();
      const before = new Map<string, DesiredRecord | undefined>();
      for (const spec of specs) {
        const known = this.#read(spec.name);
        if (leave(spec, known)) continue;
        const changes = this.#toWrite(known, record);
        if (changes === undefined) continue;
        changed.set(spec.name, changes);
        before.set(spec.name, known);
      }
      await this.#write(changed);
      return before;
    });
  }

  async #write(changed: ReadonlyMap<string, DesiredRecord>): Promise<void> {
    if (changed.size === 0) return;
    await this.store.write(changed);
    this.#look = undefined;
    this.#last = this.alone ? { at: this.clock.monotonic(), records: changed } : undefined;
  }

  /** One after the other: each looks at what the one before has left, and the last word is the last one on the disk. */
  async #inTurn<T>(change: () => Promise<T>): Promise<T> {
    let isAwaited = true;
    const turn = this.#turn.then(() => {
      if (isAwaited) return change();
      throw diskIsSilent('what is wanted');
    });
    this.#turn = turn.catch(() => undefined);
    isAwaited = await within(this.clock, DISK_PATIENCE, turn);
    if (!isAwaited) throw diskIsSilent('what is wanted');
    return turn;
  }

  #recordOf(desired: DesiredState, by: string, { hold = false, whole = false, asker }: Emphasis): DesiredRecord {
    return { desired, at: this.clock.wall(), by, bootId: this.bootId, uptime: this.clock.monotonic(), ...(hold ? { hold } : {}), ...(whole ? { whole } : {}), ...(asker === undefined ? {} : { asker }) };
  }

  /**
   * @returns what is to be written; undefined: the same is on record, whoever said it
   *   and when. One that two have stopped in this boot is neither's own. What somebody
   *   holds, or has stopped by itself, a stop of more leaves so.
   */
  #toWrite(known: DesiredRecord | undefined, record: DesiredRecord): DesiredRecord | undefined {
    if (known?.desired !== record.desired) return record;
    if (known.hold === true && record.hold !== true) return undefined;
    if (known.bootId !== this.bootId) return record;
    const whole = known.whole === true && record.whole === true;
    const isSame = (known.hold === true) === (record.hold === true) && (known.whole === true) === whole;
    if (isSame && (known.asker === undefined || known.asker === record.asker)) return undefined;
    return this.#recordOf(record.desired, record.by, { hold: record.hold, whole });
  }

  /**
   * Where nothing was done about a wish: what was wanted down before is so again, unless somebody has said something else since.
   * @param before what want() has returned of it
   * @param by who made that wish
   */
  async recall(spec: DaemonSpec, before: DesiredRecord | undefined, by: string): Promise<void> {
    if (before?.desired !== 'down') return;
    await this.#inTurn(async () => {
      const now = this.#read(spec.name);
      // What is on record may be its beginning only.
      if (now !== undefined && by.startsWith(now.by)) await this.#write(new Map([[spec.name, before]]));
    });
  }

  /** The status, with what check-and-start has to know besides. @param all of the catalogue */
  told(statuses: readonly DaemonStatus[], all: readonly DaemonSpec[]): readonly DaemonStatus[] {
    let look: { readonly latest: DesiredRecord | undefined } | undefined;
    const latestUp = (): DesiredRecord | undefined => (look ??= { latest: this.#latestUp(all) }).latest;
    return statuses.map((status) => {
      if (status.desired !== 'down') return status;
      const record = this.#read(status.name);
      const { asker } = record?.bootId === this.bootId && record.hold !== true ? record : {};
      return { ...status, ...(isRevivable(record, latestUp) ? { revivable: true } : {}), ...(asker === undefined ? {} : { asker }) };
    });
  }

  /** Each news of a daemon is told with its status: a stop of all must not look at all records for each. */
  #latestUp(all: readonly DaemonSpec[]): DesiredRecord | undefined {
    const now = this.clock.wall();
    if (this.#look === undefined || !this.alone || Math.abs(now - this.#look.at) > LOOK_HOLDS) {
      this.#look = { at: now, latestUp: latestWishUp(all.map(({ name }) => this.#read(name))) };
    }
    return this.#look.latestUp;
  }

  /** Why it is wanted down, where somebody said so, of it or of all: "stopped by daemon-util stop-all (uid 0, pid 4711)". */
  stopped(spec: DaemonSpec): string | undefined {
    const record = this.#read(spec.name);
    const { desired, reason } = wantedNow(spec, record, this.bootId);
    return record?.desired === 'down' && desired === 'down' ? reason : undefined;
  }

  /** Why it is wanted down, where somebody said so of this very daemon: "stopped by daemon-util stop web (uid 0, pid 4711)". */
  stoppedByHand(spec: DaemonSpec): string | undefined {
    const record = this.#read(spec.name);
    if (record?.desired !== 'down' || (record.whole === true && record.hold !== true)) return undefined;
    const { desired, reason } = wantedNow(spec, record, this.bootId);
    return desired === 'down' ? reason : undefined;
  }

  /** Whether this process is what a stop has left that did not come to its end, and the stop still stands. */
  isUnfinished(spec: DaemonSpec, process: ProcessIdentity, all: readonly DaemonSpec[]): boolean {
    const record = this.#read(spec.name);
    return isUnfinished(record, process) && !isRevivable(record, () => this.#latestUp(all));
  }

  /** Why a start of many must leave this one alone; a start of it alone ends the hold. */
  heldBack(spec: DaemonSpec, names: readonly string[], known = this.#read(spec.name)): Extract<Outcome, { kind: 'skipped' }> | undefined {
    const { held, reason } = wantedNow(spec, known, this.bootId);
    if (!held || names.length === 1) return undefined;
    return { ...skipped(reason), kind: 'skipped', reason: `${reason}; daemon-util start ${spec.name} ends that` };
  }
}
