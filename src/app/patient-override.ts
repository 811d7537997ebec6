/**
 * The overrides of units that the cluster holds, as a watcher keeps them. Having
 * systemd read its files again takes longer than the rest of a recovery, and in
 * a recovery (the stop of what is found dead, and its start) nothing changes in
 * the end: over a unit that is down, and that systemd still has in memory, an
 * override is removed only when a moment has passed and the cluster has not taken
 * it up again. None of a unit that is down and not held is ever left: whoever
 * died, the next watcher looks.
 */
import type { Clock, Timer } from '../ports/clock.js';
import type { ClusterOverride } from '../ports/cluster-override.js';

export interface KeptOverrides extends ClusterOverride {
  /** Units that have one. */
  present(): readonly string[];
  isThere(unit: string, resource: string): boolean;
  /** Whether to remove it may mean that the service manager reads all its files again. */
  isRead(unit: string): Promise<boolean>;
  /** As remove(), but it will be put again at less cost. */
  setAside(unit: string): Promise<void>;
  /** Units of which one was set aside. */
  aside(): readonly string[];
  /** Nothing of what was set aside is left. */
  clear(unit: string): void;
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
    const { overrides, isDown } = this.parts;
    this.#wanted.delete(unit);
    if ((await overrides.isRead(unit)) && (await isDown(unit))) {
      this.#lookSoon();
      return;
    }
    this.#read.delete(unit);
    await overrides.setAside(unit);
  }

  hindersStop(): Promise<boolean> {
    return this.parts.overrides.hindersStop();
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
          await overrides.setAside(unit);
        });
      } catch (error) {
        // systemd may be deaf for a moment: the next removal, monitor or watcher looks again.
        warn(`cannot remove the drop-in of ${unit}, which the cluster no longer holds: ${String(error)}`);
      }
    }
  }

  /** At the end of the watcher: what was put off is done, and nothing is kept for a next time. */
  async finish(): Promise<void> {
    const { overrides, warn } = this.parts;
    if (this.#timer !== undefined) {
      this.#timer.cancel();
      this.#timer = undefined;
      await this.sweep();
    }
    for (const unit of overrides.aside()) {
      try {
        overrides.clear(unit);
      } catch (error) {
        warn(`cannot remove what is left of the drop-in of ${unit}: ${String(error)}`);
      }
    }
  }

  #lookSoon(): void {
    this.#timer?.cancel();
    this.#timer = this.parts.clock.after(PATIENCE, () => {
      this.#timer = undefined;
      this.sweep().catch((error: unknown) => this.parts.warn(`cannot look for drop-ins of the cluster: ${String(error)}`));
    });
  }
}
