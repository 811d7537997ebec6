/**
 * Follows units over D-Bus: dbus-daemon lets a connection have 512 match rules,
 * so that many units are spread over several connections (following.ts). To
 * whoever listens they are one.
 */
import type { DaemonSpec } from '../../core/daemon.js';
import type { Observer, ObserverEvents } from '../../ports/observer.js';
import type { Cancel } from '../../ports/process-table.js';
import { Following, type FollowingOptions } from './following.js';

/** Some rules are for other things. */
export const UNITS_PER_CONNECTION = 400;

export class SystemdObserver implements Observer {
  constructor(private readonly options: FollowingOptions) {}

  follow(specs: readonly DaemonSpec[], events: ObserverEvents): Cancel {
    const all = new Shards(specs, events, this.options);
    all.connect();
    return all;
  }
}

class Shards implements Cancel {
  readonly #all: readonly Following[];
  readonly #connected = new Set<Following>();
  /** What was told last; undefined: nothing yet. */
  #told: boolean | undefined;

  constructor(
    specs: readonly DaemonSpec[],
    private readonly events: ObserverEvents,
    options: FollowingOptions,
  ) {
    const count = Math.max(1, Math.ceil(specs.length / UNITS_PER_CONNECTION));
    this.#all = Array.from({ length: count }, (_, index): Following => {
      const mine = specs.slice(index * UNITS_PER_CONNECTION, (index + 1) * UNITS_PER_CONNECTION);
      const following: Following = new Following(mine, {
        observed: (name, seen) => events.observed(name, seen),
        connection: (connected, reason) => this.#heard(following, connected, reason),
        // Each is told of it by systemd, one passes it on.
        ...(index === 0 ? { reloaded: () => events.reloaded?.() } : {}),
      }, options);
      return following;
    });
  }

  connect(): void {
    for (const following of this.#all) following.connect();
  }

  cancel(): void {
    for (const following of this.#all) following.cancel();
  }

  #heard(one: Following, connected: boolean, reason: string): void {
    if (connected) this.#connected.add(one);
    else this.#connected.delete(one);
    const all = this.#connected.size === this.#all.length;
    if (!connected && this.#told === false) return;
    if (connected && !all) return;
    const wasLost = this.#told === false;
    this.#told = all;
    this.events.connection(all, reason);
    // After a loss everything is told anew, also by those that lost nothing.
    if (all && wasLost) for (const other of this.#all) if (other !== one) other.tellAnew();
  }
}
