/**
 * The overrides of units that the cluster holds, as a watcher keeps them. Having
 * systemd read its files again takes longer than the rest of a recovery, and in
 * a recovery (the stop of what is found dead, and its start) nothing changes in
 * the end: over a unit that is down an override is removed only when a moment
 * has passed and the cluster has not taken it up again. None of a unit that is
 * down and not held is ever left: whoever died, the next watcher looks.
 */
import type { Clock, Timer } from '../ports/clock.js';
import type { ClusterOverride } from '../ports/cluster-override.js';

export interface KeptOverrides extends ClusterOverride {
  /** Units that have one. */
  present(): readonly string[];
  isThere(unit: string, resource: string): boolean;
}

export interface PatientOverrideParts {
  readonly overrides: KeptOverrides;
  readonly clock: Clock;
  /** Whether a resource of the cluster holds it. */
  readonly isHeld: (unit: string) => Promise<boolean>;
  readonly isDown: (unit: string) => Promise<boolean>;
  /** Does nothing where somebody else is at work on the unit. */
  readonly alone: (unit: string, action: () => Promise<void>) => Promise<void>;
  readonly warn: (text: string) => void;
}

/** ms; a recovery's stop and start are some tenths of a second apart. */
const PATIENCE = 2000;

export class PatientOverride implements ClusterOverride {
  /** What systemd is known to have read, by unit. */
  readonly #read = new Map<string, string>();
  /** Those that were put, and not removed. */
  readonly #wanted = new Set<string>();
  #timer: Timer | undefined;

  constructor(private readonly parts: PatientOverrideParts) {}

  async put(unit: string, resource: string, reading?: 'by-caller'): Promise<void> {
    const { overrides } = this.parts;
    this.#wanted.add(unit);
    if (this.#read.get(unit) === resource && overrides.isThere(unit, resource)) return;
    await overrides.put(unit, resource, reading);
    if (reading === undefined) this.#read.set(unit, resource);
  }

  async remove(unit: string): Promise<void> {
    this.#wanted.delete(unit);
    if (await this.parts.isDown(unit)) {
      this.#lookSoon();
      return;
    }
    this.#read.delete(unit);
    await this.parts.overrides.remove(unit);
  }

  /** Removes what nobody holds and is over a unit that is down. */
  async sweep(): Promise<void> {
    const { overrides, isHeld, isDown, alone, warn } = this.parts;
    for (const unit of overrides.present()) {
      const isFree = async (): Promise<boolean> => !this.#wanted.has(unit) && !(await isHeld(unit)) && (await isDown(unit));
      try {
        if (!(await isFree())) continue;
        await alone(unit, async () => {
          if (!(await isFree())) return;
          this.#read.delete(unit);
          await overrides.remove(unit);
        });
      } catch (error) {
        // systemd may be deaf for a moment: the next removal, monitor or watcher looks again.
        warn(`cannot remove the drop-in of ${unit}, which the cluster no longer holds: ${String(error)}`);
      }
    }
  }

  /** At the end of the watcher: what was put off is done. */
  async finish(): Promise<void> {
    if (this.#timer === undefined) return;
    this.#timer.cancel();
    this.#timer = undefined;
    await this.sweep();
  }

  #lookSoon(): void {
    this.#timer?.cancel();
    this.#timer = this.parts.clock.after(PATIENCE, () => {
      this.#timer = undefined;
      this.sweep().catch((error: unknown) => this.parts.warn(`cannot look for drop-ins of the cluster: ${String(error)}`));
    });
  }
}
