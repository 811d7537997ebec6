/** Tells the cluster engine that a resource has failed, without waiting until it asks. */
export type InformResult =
  /** It knows now, and recovers the resource by its own rules. */
  | { readonly kind: 'told' }
  /** It has no such resource or node: the report is stale. */
  | { readonly kind: 'unknown'; readonly reason: string }
  /** It can't be reached at present. */
  | { readonly kind: 'unreachable'; readonly reason: string };

export interface ClusterInformant {
  /** Bounded in time; never rejects. */
  fail(resource: string, node: string): Promise<InformResult>;
}
