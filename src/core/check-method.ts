/** What can be looked at to tell whether a daemon is well. */

/** HTTP over TCP or a UNIX socket; healthy is a status from 200 to 399, or `status` exactly. */
export interface HttpCheck {
  readonly kind: 'http';
  /** http:// or https://; with `socket`, host and port are only what the server is told. */
  readonly url: string;
  /** Path of a UNIX socket. */
  readonly socket: string | undefined;
  /** `any`: it answers at all, also that a password is wanted. */
  readonly status: number | 'any' | undefined;
  /** false: a certificate that nobody vouches for is accepted, as daemons of a cluster sign their own. */
  readonly verify: boolean;
}

/** Somebody has a socket at this port, at whichever address. */
export interface PortCheck {
  readonly kind: 'port';
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
}

/** What a health check looks at. */
export type CheckMethod =
  | HttpCheck
  | PortCheck
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }
  /** Exit status 0 is healthy; OCF's 190 and 191 (degraded) are, with a remark. */
  | { readonly kind: 'exec'; readonly argv: readonly [string, ...string[]] }
  /** The pid file names the daemon's process. */
  | { readonly kind: 'pid-file' }
  /** WATCHDOG=1 by sd_notify(3) came within the check's interval, which is the daemon's WATCHDOG_USEC. */
  | { readonly kind: 'watchdog' }
  /** Resident memory of its main process (or all of its session) is at most so many bytes. */
  | { readonly kind: 'memory'; readonly maxBytes: number; readonly session: boolean }
  /** CPU time over `window` ms is at most this share of one core (1 is 100 %). */
  | { readonly kind: 'cpu'; readonly maxShare: number; readonly window: number; readonly session: boolean }
  /** Its output since its start is free of this text (no pattern: see docs/security.md). */
  | { readonly kind: 'log'; readonly absent: string };
