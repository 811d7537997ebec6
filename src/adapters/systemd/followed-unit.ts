/** One unit that is followed: reads it when it has changed, tells when that makes a difference. */
import type { DaemonSpec } from '../../core/daemon.js';
import type { Clock, Timer } from '../../ports/clock.js';
import type { ObserverEvents } from '../../ports/observer.js';
import type { ProcessTable } from '../../ports/process-table.js';
import { busProperties } from './bus-properties.js';
import { observation } from './observation.js';
import type { SystemdBus } from './systemd-bus.js';
import { unitFacts } from './unit-facts.js';

/** ms; one change of a unit comes as a handful of signals. */
const SETTLE = 2;

export class FollowedUnit {
  #at: { readonly systemd: SystemdBus; readonly path: string } | undefined;
  #timer: Timer | undefined;
  #reading = false;
  #changedMeanwhile = false;
  /** What was told last, as text. */
  #told = '';

  constructor(
    readonly spec: DaemonSpec,
    private readonly options: { readonly clock: Clock; readonly processes: Pick<ProcessTable, 'identify'> },
    private readonly events: Pick<ObserverEvents, 'observed'>,
    private readonly broken: (error: unknown) => void,
  ) {}

  attach(systemd: SystemdBus, path: string): void {
    this.#at = { systemd, path };
  }

  detach(): void {
    this.#at = undefined;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  cancel(): void {
    this.detach();
  }

  /** Reads and tells, whether or not something is new: whoever listens may have forgotten. */
  async readAnew(): Promise<void> {
    this.#told = '';
    await this.#read();
  }

  changed(): void {
    if (this.#at === undefined || this.#timer !== undefined) return;
    this.#timer = this.options.clock.after(SETTLE, () => {
      this.#timer = undefined;
      this.#read().catch(this.broken);
    });
  }

  async #read(): Promise<void> {
    if (this.#reading) {
      this.#changedMeanwhile = true;
      return;
    }
    this.#reading = true;
    try {
      for (let again = true; again; again = this.#takeChanged()) await this.#readOnce();
    } finally {
      this.#reading = false;
    }
  }

  #takeChanged(): boolean {
    const changed = this.#changedMeanwhile;
    this.#changedMeanwhile = false;
    return changed;
  }

  async #readOnce(): Promise<void> {
    const at = this.#at;
    if (at === undefined) return;
    const facts = unitFacts(this.spec.unit, busProperties(await at.systemd.properties(at.path)));
    // It may have been detached, or attached anew, while systemd answered.
    if (this.#at !== at) return;
    const seen = observation(facts, (pid) => this.options.processes.identify(pid));
    const text = JSON.stringify(seen);
    if (text === this.#told) return;
    this.#told = text;
    this.events.observed(this.spec.name, seen);
  }
}
