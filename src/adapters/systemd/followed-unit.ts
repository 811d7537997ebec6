/**
 * One unit that is followed. It is read once; from then on each signal brings
 * all of it that can change (PropertiesChanged of systemd has every such
 * property, changed or not), so that nothing needs to be read back.
 */
import type { Variant } from 'dbus-next';

import type { DaemonSpec } from '../../core/daemon.js';
import type { Clock, Timer } from '../../ports/clock.js';
import type { ObserverEvents } from '../../ports/observer.js';
import type { ProcessTable } from '../../ports/process-table.js';
import { busProperties } from './bus-properties.js';
import { hasDropIn } from './cluster-drop-in.js';
import { leftDown } from './left-down.js';
import { observation } from './observation.js';
import { StopMarks } from './stop-marks.js';
import { UNIT_INTERFACE, type SystemdBus } from './systemd-bus.js';
import { PROPERTIES, unitFacts, type UnitFacts } from './unit-facts.js';
import { hasFailed } from './vocabulary.js';

/** ms; 23 were seen on a busy machine. */
const DOUBT = 100;

const OURS: ReadonlySet<string> = new Set(PROPERTIES);

export class FollowedUnit {
  #at: { readonly systemd: SystemdBus; readonly path: string } | undefined;
  /** Properties as the bus has them; empty until it was read. */
  readonly #known: Record<string, Variant> = {};
  #isRead = false;
  readonly #marks = new StopMarks();
  /** What was told last, as text. */
  #told = '';
  /** Runs while it is not known yet whether systemd starts it again. */
  #doubt: Timer | undefined;

  constructor(
    readonly spec: DaemonSpec,
    private readonly host: { readonly processes: Pick<ProcessTable, 'identify'>; readonly clock: Pick<Clock, 'after'> },
    private readonly events: Pick<ObserverEvents, 'observed'>,
  ) {}

  attach(systemd: SystemdBus, path: string): void {
    this.#at = { systemd, path };
  }

  detach(): void {
    this.#at = undefined;
    this.#isRead = false;
    this.#settled();
    this.#marks.forgetQueue();
  }

  /** It shall be told once more, new or not: whoever listens has forgotten. */
  forgetTold(): void {
    this.#told = '';
  }

  /** @throws BusFailure */
  async read(): Promise<void> {
    const at = this.#at;
    if (at === undefined) return;
    const [all] = await at.systemd.properties(at.path);
    // It may have been detached, or attached anew, while systemd answered.
    if (this.#at !== at || typeof all !== 'object' || all === null) return;
    this.#isRead = true;
    this.#merge(all);
    this.#marks.take(this.#facts());
  }

  /**
   * The contents of a PropertiesChanged: interface, changed, invalidated.
   * @returns whether it must be read again
   */
  take([from, changed, invalidated]: readonly unknown[]): boolean {
    if (!this.#isRead || typeof changed !== 'object' || changed === null) return false;
    this.#merge(changed);
    // The unit's own interface comes second: only then the two fit together.
    if (from === UNIT_INTERFACE) this.#marks.take(this.#facts());
    return Array.isArray(invalidated) && invalidated.some((name) => OURS.has(String(name)));
  }

  tell(): void {
    if (this.#at === undefined || !this.#isRead) return;
    const facts = this.#facts();
    if (isFinal(facts)) {
      this.#settled();
      this.#tell(facts);
      return;
    }
    if (this.#doubt !== undefined) return;
    this.#doubt = this.host.clock.after(DOUBT, () => {
      this.#doubt = undefined;
      this.#tell(this.#facts());
    });
    if (hasDropIn(this.spec.unit)) this.#readPolicy();
  }

  /**
   * systemd sends no signal for Restart=, which the cluster's drop-in changes, and it
   * reads that without a word when a unit is loaded for its start. The cluster waits.
   */
  #readPolicy(): void {
    this.read().then(
      () => {
        if (this.#doubt !== undefined && isFinal(this.#facts())) this.tell();
      },
      // Whoever follows is told of the connection's end himself.
      () => undefined,
    );
  }

  #settled(): void {
    this.#doubt?.cancel();
    this.#doubt = undefined;
  }

  #tell(facts: UnitFacts): void {
    const left = leftDown(facts, this.#marks.reason(facts));
    const seen = { ...observation(facts, (pid) => this.host.processes.identify(pid)), ...(left === undefined ? {} : { leftDown: left }) };
    const text = JSON.stringify(seen);
    if (text === this.#told) return;
    this.#told = text;
    this.events.observed(this.spec.name, seen);
  }

  #merge(values: object): void {
    const fresh = values as Readonly<Record<string, Variant | undefined>>;
    for (const name of PROPERTIES) {
      const value = fresh[name];
      if (value !== undefined) this.#known[name] = value;
    }
  }

  #facts(): UnitFacts {
    return unitFacts(this.spec.unit, busProperties([this.#known]));
  }
}

/**
 * Before 254 a unit that systemd is about to start again is `failed` for a moment,
 * and nothing in its properties says that it will not stay so.
 */
function isFinal(facts: UnitFacts): boolean {
  return !hasFailed(facts) || facts.restartPolicy === 'no' || facts.result === 'start-limit-hit';
}
