/** Hooks: programs of the operator that are told what happens. */
import type { DaemonStatus } from './daemon-status.js';

export const HOOK_EVENTS = ['crash', 'restart', 'crash-loop', 'given-up', 'recovered', 'health', 'role-start', 'role-stop'] as const;

export type HookEventKind = (typeof HOOK_EVENTS)[number];

export function isHookEvent(word: string): word is HookEventKind {
  return HOOK_EVENTS.some((kind) => kind === word);
}

/** At most so many runs in any window of this length (ms), for each daemon (or role) and event apart. */
export interface HookRateLimit {
  readonly events: number;
  readonly period: number;
}

export interface HookSpec {
  readonly name: string;
  /** Empty: all events. */
  readonly on: readonly HookEventKind[];
  /** Events of these daemons only; empty: of all. */
  readonly daemons: readonly string[];
  /** Events of these roles only; empty: of all. */
  readonly roles: readonly string[];
  /** The program by its absolute path, and its arguments. */
  readonly argv: readonly [string, ...string[]];
  /** undefined: the user that runs Watchkeeper. */
  readonly user: string | undefined;
  readonly group: string | undefined;
  /** Set in its environment, beside what tells of the event. */
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  /** ms; then its process group is killed. */
  readonly timeout: number;
  readonly rateLimit: HookRateLimit;
}

/** What holds for an executable of the hooks directory. */
export const DIRECTORY_HOOK = {
  daemons: [],
  roles: [],
  user: undefined,
  group: undefined,
  environment: {},
  workingDirectory: '/',
  timeout: 30_000,
  rateLimit: { events: 10, period: 300_000 },
} as const satisfies Partial<HookSpec>;

/** What happened. Exactly one of `daemon` and `role` is there. */
export interface HookEvent {
  readonly event: HookEventKind;
  /** The word of `watchkeeper events`: for `health` it says unhealthy, degraded or healthy. */
  readonly news: string;
  /** Its number there; null: not kept there (roles, tests). */
  readonly id: number | null;
  /** ms since the epoch */
  readonly at: number;
  readonly daemon: string | null;
  readonly role: string | null;
  /** Daemons of the role, in start order; of a daemon's event none. */
  readonly members: readonly string[];
  readonly reason: string;
  /** Of its main process; of a crash, of the one that ended. null: none, or not known. */
  readonly pid: number | null;
  readonly restarts: number | null;
  /** ms until the next attempt; null: none is timed. */
  readonly nextTryMs: number | null;
  readonly observed: DaemonStatus['observed'] | null;
  readonly desired: DaemonStatus['desired'] | null;
  /** Nothing happened: somebody tries the hook. */
  readonly test: boolean;
}

/** What this hook was not told of, since it was last told anything of this daemon and event (`dropped`: of anything). */
export interface HookOmissions {
  /** By its rate limit. */
  readonly suppressed: number;
  /** Since it was too slow, and too many were waiting. */
  readonly dropped: number;
}

export const NOTHING_OMITTED: HookOmissions = { suppressed: 0, dropped: 0 };
