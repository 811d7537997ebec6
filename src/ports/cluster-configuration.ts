/** The configuration of the cluster engine, changed as a whole or not at all. */
export type ClusterShell = 'crm' | 'pcs';

export interface ClusterConfiguration {
  /** Those that are installed here. */
  shells(): readonly ClusterShell[];
  /** XML of the primitive of this id; undefined: there is none. @throws WatchkeeperError CLUSTER_REFUSED where the cluster cannot be asked */
  primitive(id: string): Promise<string | undefined>;
  /**
   * Tried on a copy, verified, and then put in force in one step; bounded in time.
   *
   * @param commands argv after the shell's name, each
   * @throws WatchkeeperError CLUSTER_REFUSED; then nothing has changed
   */
  apply(shell: ClusterShell, commands: readonly (readonly string[])[]): Promise<void>;
}
