/** What a unit is while the cluster holds it: it is not restarted by its service manager, and the cluster ends before it. */
export interface ClusterOverride {
  /** Before a start. `by-caller`: who calls sees to it that the service manager reads it. @throws WatchkeeperError STATE_UNWRITABLE, INTERNAL: without it the unit must not be started */
  put(unit: string, resource: string, reading?: 'by-caller'): Promise<void>;
  /** Once it is down, if nothing hinders that; at any time. @throws WatchkeeperError STATE_UNWRITABLE, INTERNAL */
  remove(unit: string): Promise<void>;
  /** Whether a stop with it would wait for the cluster, which has been ordered to end and waits for that stop. */
  hindersStop(): Promise<boolean>;
}
