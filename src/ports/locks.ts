/** Mutual exclusion between processes; the kernel frees a lock when its holder dies. */
export interface Lock {
  release(): void;
}

export type LockResult =
  | { readonly ok: true; readonly lock: Lock }
  /** "daemon-util start web (pid 4711) since 12 s" */
  | { readonly ok: false; readonly heldBy: string };

export interface Locks {
  /** Waits at most `timeout` ms. `purpose` is what a loser is told of us. */
  acquire(name: string, options: { shared?: boolean; timeout: number; purpose: string }): Promise<LockResult>;
}
