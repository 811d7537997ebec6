/**
 * Roles of this node: where the answer comes from whether it holds one, and
 * what follows for the daemons that need it. Pure.
 */
import type { DaemonSpec, RoleSpec } from './daemon.js';
import type { ExitStatus } from './exit-status.js';
import { describeExit } from './exit-status.js';
import { roleDenied } from './outcome.js';
import { isPlainPath, isUserName } from './plain-values.js';
import { quoted } from './printable.js';

/** Where the answer comes from. Durations in ms. */
export interface RoleSource {
  /** Exit status 0: the role is held; 1: it is not; all else: nobody knows. */
  readonly argv: readonly [string, ...string[]];
  /** User that it runs as; undefined: the user that runs Watchkeeper. */
  readonly user: string | undefined;
  /** Absolute paths; a change of one asks the program at once. Need not exist. */
  readonly watch: readonly string[];
  /** Between two questions where nothing changed: a safety net. */
  readonly interval: number;
  readonly timeout: number;
  /** How long it must have been held before the watcher starts what is wanted up: the cluster's own software may be about to. */
  readonly startAfter: number;
  /** How long it must have been lost before what runs is stopped. */
  readonly stopAfter: number;
  /** What becomes of a daemon that runs when its role is lost. */
  readonly whenLost: 'leave' | 'stop';
}

/** One answer; `held` undefined: not known. */
export interface RoleAnswer {
  readonly held: boolean | undefined;
  readonly reason: string;
}

export const NOT_ASKED: RoleAnswer = { held: undefined, reason: 'nobody has looked yet' };

/** As `status --json` tells it. */
export interface RoleStatus {
  readonly name: string;
  /** null: not known. */
  readonly held: boolean | null;
  readonly reason: string;
  /** ms since the epoch at which this answer was first given; null: the role has no source. */
  readonly since: number | null;
}

/** The program's end → the answer. @param said its last output, for the reason */
export function answerOf(program: string, exit: ExitStatus, timedOut: boolean, said: string): RoleAnswer {
  const words = said === '' ? '' : `: ${said}`;
  if (timedOut) return { held: undefined, reason: `${program} did not answer in time` };
  if (exit.kind === 'exited' && exit.status === 0) return { held: true, reason: said === '' ? `${program} says so` : said };
  if (exit.kind === 'exited' && exit.status === 1) return { held: false, reason: said === '' ? `${program} says so` : said };
  return { held: undefined, reason: `${program} ${describeExit(exit)}${words}` };
}

/**
 * Why nothing but an operator's word may start this daemon here; undefined: it
 * may start. A daemon of several roles needs one of them; a role without a
 * source is anybody's. It begins with "not master" (core/outcome.ts) where all
 * are known not to be held; what is not known comes first, as it is no such word.
 */
export function withheldReason(daemon: DaemonSpec, roles: readonly RoleSpec[], answer: (role: string) => RoleAnswer): string | undefined {
  const unknown: string[] = [];
  const denied: string[] = [];
  for (const name of daemon.roles) {
    if (roles.find((role) => role.name === name)?.source === undefined) return undefined;
    const { held, reason } = answer(name);
    if (held === true) return undefined;
    if (held === false) denied.push(roleDenied(name, reason));
    else unknown.push(`whether this node is ${name} is not known: ${reason}`);
  }
  return daemon.roles.length === 0 ? undefined : [...unknown, ...denied].join('; ');
}

/** What is wrong with a source beyond the types of its keys. */
export function sourceProblems({ argv, user, watch }: RoleSource): readonly string[] {
  const [program] = argv;
  return [
    ...(isPlainPath(program) ? [] : [`source.argv: ${quoted(program)} can't be run: the absolute path of a program is needed, without '..'; there is no shell and no PATH`]),
    ...(argv.some((word) => word.includes('\0')) ? ['source.argv: an argument holds a NUL byte, which no argument can'] : []),
    ...(user === undefined || isUserName(user) ? [] : [`source.user: ${quoted(user)} is no name of a user, nor a number`]),
    ...watch.filter((path) => !isPlainPath(path)).map((path) => `source.watch: ${quoted(path)} is no absolute path`),
  ];
}
