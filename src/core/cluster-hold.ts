/**
 * A daemon that a resource of the cluster holds: its agent has started it here,
 * or has found it running and watches over it. The cluster alone restarts it;
 * the watcher tells the cluster of its end (`crm_resource --fail`).
 */
export interface ClusterHold {
  /** The resource, as the cluster names it; of a clone, its instance. */
  readonly resource: string;
  /** This node, as the cluster names it. */
  readonly node: string;
  /** Of the boot in which it was taken: after another boot the cluster looks anew before anything follows from it. */
  readonly bootId: string;
  /** Whether the start that the cluster asked for is over: an end before that is the start's own failure, and no news to it. */
  readonly started: boolean;
  /** ms since the epoch */
  readonly at: number;
  /** Under systemd, so that it can be stopped whatever has become of the catalogue. */
  readonly unit?: string;
}

/** Pacemaker's own words for names are XML ids and host names; both are bounded, as they become arguments. */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.:-]{0,255}$/;

export function isClusterName(text: string): boolean {
  return NAME.test(text);
}

export function heldReason(hold: Pick<ClusterHold, 'resource'>): string {
  return `the cluster restarts it (resource ${hold.resource})`;
}

export function sameHold(a: ClusterHold, b: ClusterHold): boolean {
  return a.resource === b.resource && a.node === b.node && a.bootId === b.bootId;
}
