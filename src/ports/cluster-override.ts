/** What a unit is while the cluster holds it: it is not restarted by its service manager, and the cluster ends before it. */
export interface ClusterOverride {
  /** Before a start. `by-caller`: who calls sees to it that the service manager reads it. @throws WatchkeeperError STATE_UNWRITABLE, INTERNAL: without it the unit must not be started */
  put(unit: string, resource: string, reading?: 'by-caller'): Promise<void>;
  /** Before a stop: kept during one, it would make the end of the node wait for itself. */
  remove(unit: string): Promise<void>;
}
