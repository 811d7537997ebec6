/** Keeps what is different about the units, looked at when systemd has read them anew and now and then, and tells it once. */
import type { DaemonSpec } from '../core/daemon.js';
import type { Clock, Timer } from '../ports/clock.js';
import type { DriftInspector } from '../ports/drift-inspector.js';
import type { Journal } from '../ports/journal.js';
import type { Log } from '../ports/log.js';

export interface DriftWatchParts {
  readonly inspector: DriftInspector;
  readonly journal: Journal;
  readonly log: Log;
  readonly clock: Clock;
  /** Those that are followed now. */
  readonly specs: () => readonly DaemonSpec[];
}

/** ms between two looks at files that nobody told of; a look at a unit costs about 0.1 ms. */
const INTERVAL = 10_000;
const INTERVAL_PER_UNIT = 60;
/** ms; installing a package reloads systemd several times, and what reloads it has better to do just then. */
const SETTLE = 1000;
const NONE: readonly string[] = [];

export class DriftWatch {
  #warnings: ReadonlyMap<string, readonly string[]> = new Map();
  #timer: Timer | undefined;
  #looking = false;
  #again = false;
  #isOver = false;

  constructor(private readonly parts: DriftWatchParts) {}

  warningsOf(name: string): readonly string[] {
    return this.#warnings.get(name) ?? NONE;
  }

  /** To be called at the begin, and when the units may have changed. */
  look(): void {
    this.#arm(SETTLE);
  }

  release(): void {
    this.#isOver = true;
    this.#timer?.cancel();
  }

  #arm(delay: number): void {
    if (this.#isOver) return;
    this.#timer?.cancel();
    this.#timer = this.parts.clock.after(delay, () => {
      this.#timer = undefined;
      void this.#look();
    });
  }

  async #look(): Promise<void> {
    if (this.#looking) {
      this.#again = true;
      return;
    }
    this.#looking = true;
    const specs = this.parts.specs();
    try {
      const found = await this.parts.inspector.inspect(specs);
      if (!this.#isOver) this.#take(found);
    } catch (error) {
      // The next look may succeed; what was known stays.
      this.parts.log.warn({ error: String(error) }, 'cannot compare the units with the catalogue');
    }
    this.#looking = false;
    const soon = this.#again;
    this.#again = false;
    if (soon) this.#arm(SETTLE);
    else if (this.#timer === undefined) this.#arm(Math.max(INTERVAL, specs.length * INTERVAL_PER_UNIT));
  }

  #take(found: ReadonlyMap<string, readonly string[]>): void {
    const before = this.#warnings;
    this.#warnings = found;
    for (const [daemon, warnings] of found) {
      const fresh = warnings.filter((warning) => before.get(daemon)?.includes(warning) !== true);
      if (fresh.length > 0) this.parts.journal.append({ at: this.parts.clock.wall(), daemon, news: 'drift', reason: fresh.join('; '), delay: undefined });
    }
  }
}
