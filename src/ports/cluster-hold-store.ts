/** Which daemons the cluster holds, durably: a watcher that comes later must not start them by itself. */
import type { ClusterHold } from '../core/cluster-hold.js';

export interface ClusterHoldStore {
  /** Always from the disk. Rubbish reads as undefined, and is reported. */
  read(name: string): ClusterHold | undefined;
  /** Durable when it resolves; of one daemon in the order of the calls. @throws WatchkeeperError STATE_UNWRITABLE */
  write(name: string, hold: ClusterHold): Promise<void>;
  /** The same; without a record it is done, too. @returns whether there was one */
  remove(name: string): Promise<boolean>;
  /** Of daemons with a record, readable or not. */
  names(): readonly string[];
  /** Another one whenever records were written or removed; cheap. */
  stamp(): string;
}
