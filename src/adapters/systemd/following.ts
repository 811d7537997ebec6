/**
 * Follows units over D-Bus without polling and without reading back: what a
 * signal brings is the unit's state (followed-unit.ts), in the order in which
 * systemd and the bus sent it.
 *
 * A session lasts as long as the bus and systemd keep their names. Each begins
 * in the same order: subscribe, watch each unit's object, and only then read it,
 * so that no change falls between. When the bus goes, or systemd re-executes
 * itself, everything is read anew.
 *
 * A wide restart must not flood us: each unit has a match rule of its own, on
 * the connection on which it is read (two connections have no common order), and
 * many units have several connections (observer.ts). What has changed is
 * told in turns of a bounded size, so that a unit that changes on and on is told
 * as it is by then.
 */
import type { DaemonSpec } from '../../core/daemon.js';
import type { Clock, Timer } from '../../ports/clock.js';
import type { ObserverEvents } from '../../ports/observer.js';
import type { Cancel, ProcessTable } from '../../ports/process-table.js';
import { BusConnection, BusFailure, type BusSignal, SYSTEM_BUS_SOCKET } from './bus.js';
import { FollowedUnit } from './followed-unit.js';
import { Turns } from './turns.js';
import { SYSTEMD_NAME, SYSTEMD_OBJECT, SystemdBus } from './systemd-bus.js';

export interface FollowingOptions {
  readonly clock: Clock;
  readonly processes: Pick<ProcessTable, 'identify'>;
  readonly socket?: string;
}

/** ms for a call; systemd is slow while it reloads thousands of units. */
const CALL_TIMEOUT = 10_000;
const FIRST_DELAY = 100;
const LONGEST_DELAY = 10_000;
/** Calls under way at once; dbus-daemon lets a connection wait for 128 answers. */
const AT_ONCE = 32;

/** The units that share one connection. */
export class Following implements Cancel {
  readonly #units: readonly FollowedUnit[];
  readonly #byPath = new Map<string, FollowedUnit>();
  /** To be told. */
  readonly #changed: Turns<FollowedUnit>;
  /** To be read again. */
  readonly #stale = new Set<FollowedUnit>();
  #reading = false;
  #owner = '';
  #connection: BusConnection | undefined;
  #systemd: SystemdBus | undefined;
  #timer: Timer | undefined;
  #delay = FIRST_DELAY;
  #cancelled = false;
  /** What `events.connection` was told last. */
  #told: boolean | undefined;
  /** Counts sessions, so that the rest of an old one notices that it is over. */
  #session = 0;

  constructor(
    specs: readonly DaemonSpec[],
    private readonly events: ObserverEvents,
    private readonly options: FollowingOptions,
  ) {
    this.#changed = new Turns(options.clock, (unit) => unit.tell());
    this.#units = specs.map((spec) => new FollowedUnit(spec, options, events));
  }

  cancel(): void {
    this.#cancelled = true;
    this.#session += 1;
    this.#timer?.cancel();
    this.#detachAll();
    this.#connection?.close('no longer wanted');
  }

  connect(): void {
    const socket = this.options.socket ?? SYSTEM_BUS_SOCKET;
    BusConnection.open(socket, this.options.clock, CALL_TIMEOUT, {
      signal: (signal) => this.#signal(signal),
      ended: (reason) => this.#lost(reason),
    }).then(
      (connection) => {
        if (this.#cancelled) {
          connection.close('no longer wanted');
          return;
        }
        this.#connection = connection;
        this.#systemd = new SystemdBus(connection);
        this.#begin('connected to the system bus');
      },
      // `ended` has told already; a failure to connect always ends the connection.
      () => undefined,
    );
  }

  /** Reads everything; told as connected once all of it is known. */
  #begin(why: string): void {
    this.#session += 1;
    const session = this.#session;
    const isOver = () => this.#cancelled || session !== this.#session;
    const read = async (): Promise<void> => {
      const systemd = this.#systemd;
      if (systemd === undefined) return;
      await systemd.watchManager();
      this.#owner = await systemd.owner();
      await systemd.subscribe();
      await inBatches(this.#units, async (unit) => {
        const path = await systemd.loadUnit(unit.spec.unit);
        // Of one that cannot be followed nothing is told; the others are.
        if (path === undefined) return;
        await systemd.watchUnit(path);
        if (isOver()) return;
        unit.attach(systemd, path);
        this.#byPath.set(path, unit);
      });
      if (isOver()) return;
      this.#tell(true, why);
      await inBatches(this.#units, async (unit) => {
        await unit.read();
        unit.forgetTold();
        if (!isOver()) this.#changed.add(unit);
      });
      if (!isOver()) this.#delay = FIRST_DELAY;
    };
    read().catch((error: unknown) => {
      if (!isOver()) this.#broken(error);
    });
  }

  #signal(signal: BusSignal): void {
    if (this.#cancelled) return;
    if (signal.member === 'NameOwnerChanged' && signal.sender === 'org.freedesktop.DBus') {
      if (signal.body[0] !== SYSTEMD_NAME) return;
      this.#owner = String(signal.body[2]);
      if (this.#owner === '') this.#systemdGone();
      else this.#begin('systemd is back on the bus');
      return;
    }
    if (signal.sender !== this.#owner) return;
    if (signal.member === 'PropertiesChanged') this.#unitChanged(signal);
    // Told at the begin (true) and at the end (false) of a daemon-reload: units may have come, gone or changed.
    else if (signal.member === 'Reloading' && signal.path === SYSTEMD_OBJECT && signal.body[0] === false) this.#reloaded();
  }

  #unitChanged({ path, body }: BusSignal): void {
    const unit = this.#byPath.get(path);
    if (unit === undefined) return;
    if (unit.take(body)) this.#readAgain([unit]);
    this.#changed.add(unit);
  }

  #reloaded(): void {
    this.events.reloaded?.();
    this.#readAgain(this.#byPath.values());
  }

  /** Each unit once, however often it is asked for meanwhile. */
  #readAgain(units: Iterable<FollowedUnit>): void {
    for (const unit of units) this.#stale.add(unit);
    if (this.#reading) return;
    this.#reading = true;
    this.#readStale().then(
      () => (this.#reading = false),
      (error: unknown) => {
        this.#reading = false;
        this.#broken(error);
      },
    );
  }

  async #readStale(): Promise<void> {
    while (this.#stale.size > 0) {
      const some = [...this.#stale].slice(0, AT_ONCE);
      for (const unit of some) this.#stale.delete(unit);
      await Promise.all(
        some.map(async (unit) => {
          await unit.read();
          this.#changed.add(unit);
        }),
      );
    }
  }

  /** Everything once more, as it is known: whoever listens has forgotten. */
  tellAnew(): void {
    for (const unit of this.#units) {
      unit.forgetTold();
      this.#changed.add(unit);
    }
  }

  #detachAll(): void {
    this.#changed.clear();
    this.#stale.clear();
    for (const unit of this.#units) unit.detach();
  }

  #systemdGone(): void {
    this.#session += 1;
    this.#detachAll();
    this.#tell(false, 'systemd has left the bus (it re-executes itself?)');
  }

  /** Something was not as promised: begin again from the connection up. */
  #broken(error: unknown): void {
    if (this.#cancelled) return;
    // While systemd is away calls fail; its return begins a new session.
    if (this.#told === false && this.#connection !== undefined && error instanceof BusFailure && error.code !== 'timeout' && error.code !== 'closed') {
      this.#again();
      return;
    }
    this.#connection?.close(error instanceof Error ? error.message : String(error));
  }

  /** systemd may announce itself before it answers. */
  #again(): void {
    this.#timer?.cancel();
    this.#timer = this.options.clock.after(this.#nextDelay(), () => this.#begin('systemd answers again'));
  }

  #lost(reason: string): void {
    if (this.#cancelled) return;
    this.#session += 1;
    this.#connection = undefined;
    this.#systemd = undefined;
    this.#byPath.clear();
    this.#detachAll();
    this.#tell(false, reason);
    this.#timer?.cancel();
    this.#timer = this.options.clock.after(this.#nextDelay(), () => this.connect());
  }

  #nextDelay(): number {
    const delay = this.#delay;
    this.#delay = Math.min(2 * delay, LONGEST_DELAY);
    return delay;
  }

  #tell(connected: boolean, reason: string): void {
    if (this.#cancelled || (!connected && this.#told === false)) return;
    this.#told = connected;
    this.events.connection(connected, reason);
  }
}

async function inBatches<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let from = 0; from < items.length; from += AT_ONCE) {
    await Promise.all(items.slice(from, from + AT_ONCE).map(work));
  }
}
