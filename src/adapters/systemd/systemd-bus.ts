/** The few calls to systemd's D-Bus interface that following units takes (org.freedesktop.systemd1(5)). */
import { type BusConnection, BusFailure } from './bus.js';

export const SYSTEMD_NAME = 'org.freedesktop.systemd1';
export const SYSTEMD_OBJECT = '/org/freedesktop/systemd1';
const MANAGER = 'org.freedesktop.systemd1.Manager';
const PROPERTIES = 'org.freedesktop.DBus.Properties';
const UNIT_OBJECTS = '/org/freedesktop/systemd1/unit';

/** dbus-daemon lets a connection have 512 match rules; some are for other things. */
const MOST_MATCHES = 400;

export class SystemdBus {
  #watchesAll = false;

  constructor(private readonly connection: BusConnection) {}

  /** Without it systemd sends no signals at all. */
  async subscribe(): Promise<void> {
    try {
      await this.#manager('Subscribe');
    } catch (error) {
      if (!(error instanceof BusFailure) || error.code !== `${SYSTEMD_NAME}.AlreadySubscribed`) throw error;
    }
  }

  async watchManager(): Promise<void> {
    await this.#match(`sender='${SYSTEMD_NAME}',path='${SYSTEMD_OBJECT}',interface='${MANAGER}',member='Reloading'`);
    await this.#match(`sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0='${SYSTEMD_NAME}'`);
  }

  /**
   * Signals of this object only: a rule for all units would cost a busy machine
   * seconds of CPU. More units than the bus allows rules share one nevertheless.
   */
  async watchUnit(path: string, units: number): Promise<void> {
    const rule = `sender='${SYSTEMD_NAME}',interface='${PROPERTIES}',member='PropertiesChanged'`;
    if (units <= MOST_MATCHES) return this.#match(`${rule},path='${path}'`);
    if (this.#watchesAll) return;
    this.#watchesAll = true;
    await this.#match(`${rule},path_namespace='${UNIT_OBJECTS}'`);
  }

  /** The unit's object, also of a unit that does not exist: its LoadState says so. */
  async loadUnit(unit: string): Promise<string> {
    const [path] = await this.#manager('LoadUnit', 's', [unit]);
    // It becomes part of a match rule: nothing but a plain object path may.
    if (typeof path !== 'string' || !/^[A-Za-z0-9_/]+$/.test(path)) throw new BusFailure('protocol', `LoadUnit of ${unit} gave no object path`);
    return path;
  }

  /** Properties of all the object's interfaces: systemd takes '' for all of them. */
  properties(path: string): Promise<readonly unknown[]> {
    return this.connection.call({ destination: SYSTEMD_NAME, path, interface: PROPERTIES, member: 'GetAll', signature: 's', body: [''] });
  }

  #manager(member: string, signature = '', body: readonly unknown[] = []): Promise<readonly unknown[]> {
    return this.connection.call({ destination: SYSTEMD_NAME, path: SYSTEMD_OBJECT, interface: MANAGER, member, signature, body });
  }

  async #match(rule: string): Promise<void> {
    const bus = 'org.freedesktop.DBus';
    await this.connection.call({ destination: bus, path: '/org/freedesktop/DBus', interface: bus, member: 'AddMatch', signature: 's', body: [`type='signal',${rule}`] });
  }
}
