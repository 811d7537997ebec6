/** A death of what the cluster holds, and what became of telling it (`crm_resource --fail`). */
export interface ClusterReport {
  readonly daemon: string;
  readonly resource: string;
  readonly node: string;
  /** What happened to the daemon. */
  readonly reason: string;
  /** ms since the epoch */
  readonly at: number;
  readonly state: ReportState;
  /** How often the cluster was told, or was not to be reached. */
  readonly tries: number;
  /** ms since the epoch; null: there is none, or one is under way. */
  readonly nextTry: number | null;
  /** Why the last try came to nothing, or why there is none any more; null: it did not fail. */
  readonly error: string | null;
}

/** `refused`: the cluster has no such resource or node; `outdated`: no longer true, so it was not told, or not again. */
export type ReportState = 'pending' | 'told' | 'refused' | 'outdated';
