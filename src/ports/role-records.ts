/** What a role's monitor needs so that the state board alone can answer it: kept until the node's next boot. */
export interface RoleRecord {
  /** Of the last promotion score that the cluster took; undefined: none. */
  readonly score: number | undefined;
  /** Names of daemons. */
  readonly node: readonly string[];
  readonly master: readonly string[];
}

export interface RoleRecords {
  /** undefined: none, or rubbish */
  read(resource: string): RoleRecord | undefined;
  /** @throws WatchkeeperError STATE_UNWRITABLE */
  write(resource: string, record: RoleRecord): void;
  /** Without a record it is done, too. */
  remove(resource: string): void;
}
