/** The few calls to systemd's D-Bus interface that following units takes (org.freedesktop.systemd1(5)). */
import { Variant } from 'dbus-next';

import { type BusCall, type BusConnection, BusFailure } from './bus.js';

export const SYSTEMD_NAME = 'org.freedesktop.systemd1';
export const SYSTEMD_OBJECT = '/org/freedesktop/systemd1';
const MANAGER = 'org.freedesktop.systemd1.Manager';
const PROPERTIES = 'org.freedesktop.DBus.Properties';
const JOB_RULE = `path='${SYSTEMD_OBJECT}',interface='${MANAGER}',member='JobRemoved'`;

/** Of its properties, those that change come with every signal. */
export const UNIT_INTERFACE = 'org.freedesktop.systemd1.Unit';

export class SystemdBus {
  constructor(private readonly connection: Pick<BusConnection, 'call' | 'reply'>) {}

  /** Without it systemd sends no signals at all. */
  async subscribe(): Promise<void> {
    try {
      await this.#manager('Subscribe');
    } catch (error) {
      if (!(error instanceof BusFailure) || error.code !== `${SYSTEMD_NAME}.AlreadySubscribed`) throw error;
    }
  }

  /** Unique name of systemd's connection: what others send in its stead is none of its signals. */
  async owner(): Promise<string> {
    const [owner] = await this.#bus('GetNameOwner', SYSTEMD_NAME);
    return typeof owner === 'string' ? owner : '';
  }

  async watchManager(): Promise<void> {
    await this.#match(`path='${SYSTEMD_OBJECT}',interface='${MANAGER}',member='Reloading'`);
    await this.#match(`sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0='${SYSTEMD_NAME}'`);
  }

  /**
   * Signals of this object only: a rule for all units would cost a busy machine
   * seconds of CPU. Without the sender, which dbus-daemon would look up for each
   * rule and each signal; whoever gets a signal compares it with owner().
   */
  watchUnit(path: string): Promise<void> {
    return this.#match(`path='${path}',interface='${PROPERTIES}',member='PropertiesChanged'`);
  }

  /** The unit's object, also of a unit that does not exist: its LoadState says so. undefined: systemd takes the name for none. */
  async loadUnit(unit: string): Promise<string | undefined> {
    const [path] = await this.#manager('LoadUnit', 's', [unit]).catch((error: unknown) => {
      if (error instanceof BusFailure && error.code === 'org.freedesktop.DBus.Error.InvalidArgs') return [undefined];
      throw error;
    });
    if (path === undefined) return undefined;
    // It becomes part of a match rule: nothing but a plain object path may.
    if (typeof path !== 'string' || !/^[A-Za-z0-9_/]+$/.test(path)) throw new BusFailure('protocol', `LoadUnit of ${unit} gave no object path`);
    return path;
  }

  /** Of a unit that is in memory. @throws BusFailure NoSuchUnit: it is not */
  async object(unit: string): Promise<string> {
    const [path] = await this.#manager('GetUnit', 's', [unit]);
    return String(path);
  }

  /**
   * The ends of all jobs: their signals name the unit by its Id, which the name that
   * was ordered need not be. To be had only for as long as an order takes.
   */
  watchJobs(): Promise<void> {
    return this.#match(JOB_RULE);
  }

  /** As often as watchJobs(). */
  async unwatchJobs(): Promise<void> {
    await this.#bus('RemoveMatch', `type='signal',${JOB_RULE}`);
  }

  /**
   * Takes the place of a contrary job, and joins one of its kind.
   *
   * @returns the job's object, and the unique name of systemd's connection
   * @throws BusFailure
   */
  async order(order: 'start' | 'stop', unit: string): Promise<{ readonly job: string; readonly by: string }> {
    const { sender, body } = await this.connection.reply(managerCall(order === 'start' ? 'StartUnit' : 'StopUnit', 'ss', [unit, 'replace']));
    return { job: String(body[0]), by: sender };
  }

  /** Also its count of starts, for the start limit. @throws BusFailure NoSuchUnit: it is not loaded, so nothing is known of it */
  async resetFailed(unit: string): Promise<void> {
    await this.#manager('ResetFailedUnit', 's', [unit]);
  }

  /** Properties of all the object's interfaces: systemd takes '' for all of them. */
  properties(path: string): Promise<readonly unknown[]> {
    return this.connection.call({ destination: SYSTEMD_NAME, path, interface: PROPERTIES, member: 'GetAll', signature: 's', body: [''] });
  }

  /** Of a unit, which is loaded for it. */
  async state(unit: string): Promise<{ readonly loadState: string; readonly activeState: string; readonly subState: string; readonly job: number }> {
    const [rows] = await this.#manager('ListUnitsByNames', 'as', [[unit]]);
    // Name, description, load state, active state, sub-state, followed unit, object, job, its type, its object.
    const [row] = Array.isArray(rows) ? (rows as readonly (readonly unknown[])[]) : [];
    if (row === undefined || row.length < 8) throw new BusFailure('protocol', `ListUnitsByNames does not tell of ${unit}`);
    return { loadState: String(row[2]), activeState: String(row[3]), subState: String(row[4]), job: Number(row[7]) };
  }

  /** @param path of a unit. undefined: it has none of this name. @throws BusFailure also where it is not of this kind */
  async property(path: string, kind: 'Unit' | 'Service', name: string): Promise<unknown> {
    const [value] = await this.connection.call({ destination: SYSTEMD_NAME, path, interface: PROPERTIES, member: 'Get', signature: 'ss', body: [`${SYSTEMD_NAME}.${kind}`, name] });
    return value instanceof Variant ? value.value : undefined;
  }

  #manager(member: string, signature = '', body: readonly unknown[] = []): Promise<readonly unknown[]> {
    return this.connection.call(managerCall(member, signature, body));
  }

  async #match(rule: string): Promise<void> {
    await this.#bus('AddMatch', `type='signal',${rule}`);
  }

  #bus(member: string, text: string): Promise<readonly unknown[]> {
    const bus = 'org.freedesktop.DBus';
    return this.connection.call({ destination: bus, path: '/org/freedesktop/DBus', interface: bus, member, signature: 's', body: [text] });
  }
}

function managerCall(member: string, signature: string, body: readonly unknown[]): BusCall {
  return { destination: SYSTEMD_NAME, path: SYSTEMD_OBJECT, interface: MANAGER, member, signature, body };
}
