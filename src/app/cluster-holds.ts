/** Which daemons the cluster holds, as a watcher lives with it: told when that changes. */
import { sameHold, type ClusterHold } from '../core/cluster-hold.js';
import type { ClusterHoldStore } from '../ports/cluster-hold-store.js';

export class ClusterHolds {
  readonly #known = new Map<string, ClusterHold>();
  #stamp = '';
  #names = '';

  /** @param changed called with the names whose hold is another one now */
  constructor(
    private readonly store: Pick<ClusterHoldStore, 'read' | 'stamp'>,
    private readonly names: () => readonly string[],
    private readonly changed: (names: readonly string[]) => void,
  ) {}

  /** Looks whether the records have changed: at the start, at each heartbeat, and when an agent says so. */
  refresh(): void {
    const stamp = this.store.stamp();
    const names = this.names();
    const all = names.join(' ');
    if (stamp === this.#stamp && all === this.#names) return;
    this.#stamp = stamp;
    this.#names = all;
    const others = names.filter((name) => this.#take(name, this.store.read(name)));
    if (others.length > 0) this.changed(others);
  }

  of(name: string): ClusterHold | undefined {
    return this.#known.get(name);
  }

  /** @returns whether it is another one now */
  #take(name: string, hold: ClusterHold | undefined): boolean {
    const known = this.#known.get(name);
    if (hold === undefined) return this.#known.delete(name);
    this.#known.set(name, hold);
    return known === undefined || !sameHold(known, hold);
  }
}
