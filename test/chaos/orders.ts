/** What the fault points of the watchers are told: a file that each of them looks at before each call. */
import { renameSync, writeFileSync } from 'node:fs';

let last = 0;

/** SIGKILL just before a call. */
export interface KillOrder {
  /** That no order had before. */
  readonly id: number;
  /** The number of the call, from when the order is first looked at. */
  readonly kill: number;
  /** Whom it is for; undefined: whoever looks. */
  readonly pid?: number | undefined;
  /** Who looks and is not meant. */
  readonly except?: number | undefined;
}

export interface Orders {
  readonly kills: readonly KillOrder[];
  /** ms that each call takes longer. */
  readonly delay?: number;
  /** ms that the wall clock is off. */
  readonly clock?: number;
}

export function killOrder(kill: number, whom: Pick<KillOrder, 'pid' | 'except'> = {}): KillOrder {
  last += 1;
  return { id: last, kill, ...whom };
}

export class OrderFile {
  #orders: Orders = { kills: [] };

  constructor(readonly path: string) {
    this.set({});
  }

  set(change: Omit<Partial<Orders>, 'kills'>): void {
    this.#write({ ...this.#orders, ...change });
  }

  /** Beside those of other faults: each is counted for itself. */
  arm(order: KillOrder): void {
    this.#write({ ...this.#orders, kills: [...this.#orders.kills, order] });
  }

  /** Whoever counts for it counts no more: who dies later dies of something else. */
  disarm({ id }: KillOrder): void {
    this.#write({ ...this.#orders, kills: this.#orders.kills.filter((one) => one.id !== id) });
  }

  #write(orders: Orders): void {
    this.#orders = orders;
    writeFileSync(`${this.path}.new`, JSON.stringify(orders));
    renameSync(`${this.path}.new`, this.path);
  }
}
