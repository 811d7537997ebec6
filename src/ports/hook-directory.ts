/** The directory of the watcher hooks. */
export interface HookListing {
  /** Sorted by name. */
  readonly hooks: readonly { readonly name: string; readonly path: string }[];
  /** Those that are not run, and why. */
  readonly refused: readonly { readonly name: string; readonly reason: string }[];
}

export interface HookDirectory {
  /** A missing directory has no hooks. */
  list(directory: string): HookListing;
}
