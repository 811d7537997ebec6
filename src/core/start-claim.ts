/**
 * What the watcher claims of `daemon-util start-all`: that all of it is done,
 * which daemons it would skip and what it would say of them, as long as all of
 * the grounds hold. scripts/start-claim.sh looks at each of them and answers
 * only then; whatever is not certain is no claim, and Node answers. Pure.
 */
import { isPlainPath } from './plain-values.js';
import type { ProcessIdentity } from './process-identity.js';

export interface StartClaim {
  /** Whose claim it is: it ends with this process. */
  readonly watcher: ProcessIdentity;
  /** What the watcher was configured by (Configuration.main). */
  readonly configuration: string;
  /** Paths that must exist, and not have changed since the claim was last proven. */
  readonly same: readonly string[];
  /** Paths that must exist, changed or not. */
  readonly there: readonly string[];
  readonly absent: readonly string[];
  /** Variables that must not be in the caller's environment. */
  readonly unset: readonly string[];
  /** Daemons that must run, and be wanted up. */
  readonly up: readonly string[];
  /** Daemons that must be down, in the order in which they are told. */
  readonly skipped: readonly Skip[];
}

export interface Skip {
  readonly name: string;
  /** Why, as the outcome of a start says it. */
  readonly reason: string;
}

const FORMAT = 1;
/** What a shell reads as it was written, and shows in any locale. */
const PRINTABLE = /^[\x21-\x7e](?:[\x20-\x7e]{0,1000}[\x21-\x7e])?$/;
const WORD = /^[\x21-\x7e]+$/;
const VARIABLE = /^[A-Z_][A-Z0-9_]*$/;

/** Lines of `WORD REST`; undefined: something of it cannot be said in such lines. */
export function claimText(claim: StartClaim): string | undefined {
  const { watcher, configuration, same, there, absent, unset, up, skipped } = claim;
  const said = skipped.map(({ name, reason }) => `${name}: skipped: ${reason}`);
  const fits =
    [...same, ...there, ...absent].every((path) => isPlainPath(path) && WORD.test(path)) && unset.every((name) => VARIABLE.test(name)) && [configuration, ...said].every((text) => PRINTABLE.test(text));
  if (!fits) return undefined;
  const lines = (word: string, rests: readonly string[]): readonly string[] => [...new Set(rests)].map((rest) => `${word} ${rest}`);
  return [
    `${FORMAT} ${watcher.pid} ${watcher.startTicks} ${configuration}`,
    ...lines('same', same),
    ...lines('there', there),
    ...lines('absent', absent),
    ...lines('unset', unset),
    ...lines('up', up),
    ...lines('down', skipped.map(({ name }) => name)),
    ...lines('say', said),
    'end\n',
  ].join('\n');
}
