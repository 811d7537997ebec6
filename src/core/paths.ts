/** Where this installation keeps its things. */
export interface Paths {
  /** Gone after a boot: board, locks, control socket. Root-only. Default /run/watchkeeper */
  readonly runtime: string;
  /** Survives a boot: desired state, events. Default /var/lib/watchkeeper */
  readonly state: string;
  /** Default /var/log/watchkeeper */
  readonly log: string;
}

/** A directory of the daemons' own, made at boot. */
export interface RuntimeDirectory {
  readonly path: string;
  /** Octal, e.g. 0755. */
  readonly mode: string;
  readonly user: string;
  readonly group: string;
}
