/**
 * What a command that found no watcher claims for those that come after it: that
 * systemd drives the daemons here, and by which units, as long as the
 * configuration is the same. scripts/unit-claim.sh then asks systemd itself, once,
 * where Node would take five times as long to ask the same. Pure.
 */
import type { DaemonSpec } from './daemon.js';
import { isPlainPath, isUnitName } from './plain-values.js';

export interface UnitClaim {
  readonly bootId: string;
  /** ms since boot when all of it was proven; it is not believed for long. */
  readonly provenAt: number;
  /** What the command was configured by (Configuration.main). */
  readonly configuration: string;
  /** Paths that must exist, and not have changed since. */
  readonly same: readonly string[];
  readonly absent: readonly string[];
  /** Variables that must not be in the caller's environment. */
  readonly unset: readonly string[];
  /** The unit whose presence says that systemd drives the daemons. */
  readonly target: string;
  readonly daemons: readonly Pick<DaemonSpec, 'name' | 'unit'>[];
}

const FORMAT = 1;
/** What a shell reads as it was written. */
const WORD = /^[\x21-\x7e]+$/;
/** What systemctl does not take for a pattern, and a shell's read takes as it is. */
const LETTERS = /^[A-Za-z0-9:_.@-]+$/;

/** Lines of `WORD REST`; undefined: something of it cannot be said in such lines. */
export function unitClaimText(claim: UnitClaim): string | undefined {
  const { bootId, provenAt, configuration, same, absent, unset, target, daemons } = claim;
  const paths = [configuration, ...same, ...absent].every((path) => isPlainPath(path) && WORD.test(path));
  if (!paths || !isUnitName(target, '.target') || ![target, ...daemons.map(({ unit }) => unit)].every((unit) => LETTERS.test(unit))) return undefined;
  return [
    `${FORMAT} ${bootId} ${Math.round(provenAt)} ${configuration}`,
    ...same.map((path) => `same ${path}`),
    ...absent.map((path) => `absent ${path}`),
    ...unset.map((name) => `unset ${name}`),
    `target ${target}`,
    ...daemons.map(({ name, unit }) => `unit ${name} ${unit}`),
    'end\n',
  ].join('\n');
}
