/** What the agent's shell needs to answer a monitor without asking anybody; gone with the boot. */
import type { UnitProof } from './unit-control.js';

export interface UnitRecord {
  /** As the resource's parameter says it. */
  readonly parameter: string;
  readonly unit: string;
  readonly proof: UnitProof;
}

export interface UnitRecords {
  /** @throws WatchkeeperError STATE_UNWRITABLE */
  write(resource: string, record: UnitRecord): void;
  /** Those that are held, by their parameter. */
  list(): readonly { readonly resource: string; readonly parameter: string }[];
  /** Without a record it is done, too. */
  remove(resource: string): void;
}
