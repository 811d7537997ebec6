/** What `watchkeeper status NAME` tells of one daemon beyond its status. */
import type { PauseLease } from './pause.js';

export interface DaemonDetails {
  /** Who wanted that, and when: "stopped by daemon-util stop web (uid 0, pid 4711)". */
  readonly desiredReason: string;
  /** systemd's own words where systemd restarts it: LoadState, ActiveState … */
  readonly serviceManager: Readonly<Record<string, string>>;
  /** Its main process, and what belongs to it; parents before their children. */
  readonly processes: readonly ProcessFacts[];
  /**
   * Words that its command line has beyond what the configuration gives: option
   * names as they are, values hidden. null: its command line can't be told apart.
   */
  readonly oneShotArguments: readonly string[] | null;
  /** How it ended last, as it was told then. */
  readonly lastEnd: { readonly at: number; readonly reason: string } | null;
  /** The end of what it printed, control bytes escaped. */
  readonly lastOutput: readonly string[];
  /** Where its output is: a path, or a command; null: it is thrown away. */
  readonly outputIn: string | null;
  /** In force, for it. */
  readonly pauses: readonly PauseLease[];
  /** Failures that are a crash loop, within so many ms. */
  readonly restartPolicy: { readonly intensity: number; readonly period: number };
  /** From what it waits for to the one that is to blame; empty: nothing holds it back. */
  readonly heldBackBy: readonly Obstacle[];
}

export interface ProcessFacts {
  readonly pid: number;
  readonly parent: number;
  /** 0: the main process. */
  readonly depth: number;
  /** The name of its program, without arguments: they may hold secrets. */
  readonly program: string;
  /** As proc_pid_stat(5): R, S, D … */
  readonly state: string;
  /** ms since it was started. */
  readonly uptime: number;
  /** Resident bytes. */
  readonly memory: number;
}

/** A required daemon that is not ready. */
export interface Obstacle {
  readonly name: string;
  readonly observed: string;
  readonly reason: string;
}

/**
 * What a command line has beyond the arguments that are given at each start;
 * undefined: it is another command line altogether (rewritten by the daemon, or
 * the configuration has changed since).
 * @param executable as in the catalogue
 * @param fixed the arguments that each start may have, in each mode
 */
export function extraWords(commandLine: readonly string[], executable: string, fixed: readonly (readonly string[])[]): readonly string[] | undefined {
  const at = commandLine.slice(0, 3).indexOf(executable);
  // A script's interpreter comes before it; a program may call itself by another name.
  const words = commandLine.slice(at < 0 ? 1 : at + 1);
  const given = fixed.filter((list) => list.every((word, index) => words[index] === word));
  const [longest] = [...given].sort((a, b) => b.length - a.length);
  return longest === undefined ? undefined : words.slice(longest.length);
}

/** An option's name may be shown, its value and any other word not (docs/security.md). */
export function redactedWord(word: string): string {
  const option = /^--?[A-Za-z][A-Za-z0-9-]*(?==|$)/.exec(word)?.[0];
  if (option === undefined) return '…';
  return option.length === word.length ? word : `${option}=…`;
}
