/**
 * systemctl for a process that lives long: what is asked of systemd, and orders
 * for one unit, go over the system bus, a few messages instead of a process, as
 * long as there is a bus that answers. Else systemctl is what it is
 * (systemctl.ts). It also has the last word: what the bus does not tell, a job
 * that takes longer, an order that systemd refuses, a connection that ends in
 * between, is left to it. A second order for the same joins the job of the first.
 */
import type { Clock } from '../../ports/clock.js';
import type { Runner } from '../../ports/runner.js';
import { BusConnection, BusFailure, SYSTEM_BUS_SOCKET } from './bus.js';
import { type BusProperties, busProperties, invocationText } from './bus-properties.js';
import { type JobListener, type Order, orderUnit } from './bus-job.js';
import { type ActResult, checked, type StartTraits, Systemctl, type UnitPulse, type UnitRun, UnitTable } from './systemctl.js';
import { SYSTEMD_NAME, SYSTEMD_OBJECT, SystemdBus } from './systemd-bus.js';
import { type FILE_PROPERTIES, unitFacts, type UnitFacts, type UnitFiles } from './unit-facts.js';
import { jobVerdict } from './vocabulary.js';

/** ms for an answer: systemctl can still ask in time what the bus did not tell. */
const CALL_TIMEOUT = 2_000;
/** ms without the bus once it has failed. */
const REST = 5_000;
/** ms for a job; no process is worth its while for one that ends sooner. */
const PATIENCE = 3_000;
/** An answer takes us 5 ms to read: of many units a program tells in less time, and meanwhile we do other things. */
const MOST = 8;

export class BusSystemctl extends Systemctl {
  #connection: Promise<BusConnection> | undefined;
  #restsUntil = -Infinity;
  #closed = false;
  readonly #listeners = new Set<JobListener>();

  constructor(
    runner: Runner,
    private readonly clock: Clock,
    private readonly socket: string = SYSTEM_BUS_SOCKET,
  ) {
    super(runner);
  }

  override async show(units: readonly string[]): Promise<UnitTable> {
    const facts = await this.#overBus(units, async (unit, systemd) => factsOf(unit, await read(unit, systemd)));
    return facts === undefined ? super.show(units) : new UnitTable(facts);
  }

  override async showWith(unit: string, extra: readonly string[]): Promise<{ readonly facts: UnitFacts; readonly extra: ReadonlyMap<string, string> }> {
    const told = await this.#overBus([unit], async (_, systemd) => {
      const properties = await read(unit, systemd);
      const texts = extra.map((name) => [name, properties.text(name)] as const);
      return { facts: factsOf(unit, properties), extra: new Map(texts.flatMap(([name, text]) => (text === undefined ? [] : [[name, text]]))) };
    });
    return told?.[0] ?? super.showWith(unit, extra);
  }

  override async pulse(unit: string): Promise<UnitPulse | undefined> {
    return (await this.#overBus(checked([unit]), (name, systemd) => systemd.state(name)))?.[0];
  }

  override async lastRun(unit: string): Promise<UnitRun | undefined> {
    const told = await this.#overBus(checked([unit]), async (name, systemd) => {
      const [state, invocation] = await Promise.all([systemd.state(name), systemd.property(objectOf(name), 'Unit', 'InvocationID')]);
      return { ...state, invocation: invocationText(invocation) };
    });
    return told?.[0];
  }

  override async startTraits(unit: string): Promise<StartTraits | undefined> {
    if (!unit.endsWith('.service')) return undefined;
    const told = await this.#overBus(checked([unit]), async (name, systemd) => {
      const [needsReload, dropIns, type] = await Promise.all([systemd.property(objectOf(name), 'Unit', 'NeedDaemonReload'), systemd.property(objectOf(name), 'Unit', 'DropInPaths'), systemd.property(objectOf(name), 'Service', 'Type')]);
      return { needsReload: needsReload !== false, dropIns: Array.isArray(dropIns) ? dropIns.map(String) : [], type: String(type) };
    });
    return told?.[0];
  }

  override async isLoaded(unit: string): Promise<boolean | undefined> {
    return (await this.#overBus(checked([unit]), async (name, systemd) => (await ifLoaded(systemd.object(name))) === undefined))?.[0];
  }

  override async showFiles(units: readonly string[]): Promise<readonly UnitFiles[]> {
    return (await this.#overBus(units, async (unit, systemd) => filesOf(await read(unit, systemd)))) ?? super.showFiles(units);
  }

  override async act(verb: 'start' | 'stop' | 'reload' | 'reset-failed', units: readonly string[], timeout: number, abort?: AbortSignal): Promise<ActResult> {
    const [unit] = checked(units);
    if (verb === 'reset-failed') return (await this.#forgotten(units)) ?? super.act(verb, units, timeout, abort);
    if (unit === undefined || units.length > 1 || verb === 'reload') return super.act(verb, units, timeout, abort);
    return this.#ended(verb, unit, timeout, abort, (left) => super.act(verb, units, left, abort));
  }

  override async startAnew(units: readonly string[], timeout: number, abort?: AbortSignal): Promise<ActResult> {
    const [unit, another] = checked(units);
    if (unit === undefined || another !== undefined) return super.startAnew(units, timeout, abort);
    return this.#ended('start anew', unit, timeout, abort, async (left, isTaken) => {
      // What has begun must not lose what it says of itself.
      if (!isTaken) await super.act('reset-failed', units, left);
      return super.act('start', units, left, abort);
    });
  }

  /** @param otherwise waits for the end of a job that systemd has taken, or gives the order; so many ms are left */
  async #ended(order: Order, unit: string, timeout: number, abort: AbortSignal | undefined, otherwise: (left: number, isTaken: boolean) => Promise<ActResult>): Promise<ActResult> {
    const began = this.clock.monotonic();
    const ended = abort?.aborted === true ? undefined : await this.#ordered(order, unit, Math.min(timeout, PATIENCE), abort);
    if (ended !== undefined && ended !== 'goes on') return ended;
    const left = timeout - (this.clock.monotonic() - began);
    if (left <= 0 || abort?.aborted === true) return { ok: false, timedOut: true, stderr: '', verdicts: new Map() };
    return otherwise(left, ended === 'goes on');
  }

  async #forgotten(units: readonly string[]): Promise<ActResult | undefined> {
    const unknown = await this.#overBus(units, resetFailed);
    if (unknown === undefined) return undefined;
    const stderr = unknown.flat().join('\n');
    return { ok: stderr === '', timedOut: false, stderr, verdicts: new Map() };
  }

  /** undefined: it was not taken, as far as is known. */
  async #ordered(order: Order, unit: string, patience: number, abort?: AbortSignal): Promise<ActResult | 'goes on' | undefined> {
    const told = await this.#overBus([unit], async (_, systemd) => {
      try {
        return { result: await orderUnit(order, unit, patience, { systemd, clock: this.clock, listeners: this.#listeners }, abort) };
      } catch (error) {
        // systemctl says in words what systemd refuses.
        if (error instanceof BusFailure && error.code.includes('.')) return undefined;
        throw error;
      }
    });
    const taken = told?.[0];
    if (taken === undefined) return undefined;
    const { result } = taken;
    if (result === undefined) return 'goes on';
    const verdict = jobVerdict(result);
    return { ok: verdict === undefined, timedOut: false, stderr: '', verdicts: new Map(verdict === undefined ? [] : [[unit, verdict]]) };
  }

  /** For good. */
  close(): void {
    this.#closed = true;
    this.#connection?.then((connection) => connection.close('no longer wanted'), () => undefined);
  }

  /** undefined: the bus does not tell. */
  async #overBus<T>(units: readonly string[], ask: (unit: string, systemd: SystemdBus) => Promise<T>): Promise<readonly T[] | undefined> {
    if (this.#closed || units.length > MOST || this.clock.monotonic() < this.#restsUntil) return undefined;
    try {
      const systemd = new SystemdBus(await (this.#connection ??= this.#open()));
      return await Promise.all(units.map((unit) => ask(unit, systemd)));
    } catch (error) {
      if (!(error instanceof BusFailure)) throw error;
      this.#restsUntil = this.clock.monotonic() + REST;
      return undefined;
    }
  }

  #open(): Promise<BusConnection> {
    const ended = (): void => {
      this.#connection = undefined;
    };
    return BusConnection.open(this.socket, this.clock, CALL_TIMEOUT, { signal: (signal) => this.#listeners.forEach((listener) => listener(signal)), ended });
  }
}

async function read(unit: string, systemd: SystemdBus): Promise<BusProperties> {
  return busProperties(await systemd.properties(objectOf(unit)));
}

/** @returns why it could not be done */
async function resetFailed(unit: string, systemd: SystemdBus): Promise<readonly string[]> {
  return (await ifLoaded(systemd.resetFailed(unit))) ?? [];
}

/** @returns what systemd says of a unit that it has not in memory; undefined: it has it */
async function ifLoaded(call: Promise<unknown>): Promise<readonly string[] | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    if (error instanceof BusFailure && error.code === `${SYSTEMD_NAME}.NoSuchUnit`) return [error.message];
    throw error;
  }
}

function factsOf(unit: string, properties: BusProperties): UnitFacts {
  const facts = unitFacts(unit, properties);
  // An answer without it is about something else than a unit.
  if (facts.loadState === '' || facts.activeState === '') throw new BusFailure('protocol', `the bus does not tell the state of ${unit}`);
  return facts;
}

function filesOf(properties: BusProperties): UnitFiles {
  const text = (name: (typeof FILE_PROPERTIES)[number]): string => properties.text(name) ?? '';
  return {
    loadState: text('LoadState'),
    unitFileState: text('UnitFileState'),
    fragment: text('FragmentPath'),
    dropIns: properties.list('DropInPaths'),
    needsReload: text('NeedDaemonReload') === 'yes',
  };
}

/** systemd loads the unit when its object is asked for; what is no letter or digit is escaped (sd_bus_path_encode(3)). */
export function objectOf(unit: string): string {
  const label = [...Buffer.from(unit)].map((byte, index) => {
    const character = String.fromCharCode(byte);
    const isPlain = index === 0 ? /[A-Za-z]/ : /[A-Za-z0-9]/;
    return isPlain.test(character) ? character : `_${byte.toString(16).padStart(2, '0')}`;
  });
  return `${SYSTEMD_OBJECT}/unit/${label.join('')}`;
}
