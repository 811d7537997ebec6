/**
 * What `scripts/hand-over` hands to the watcher of a call of daemon-util: texts
 * that each end with a NUL, which no word can hold: the version, the caller's
 * uid, pid and asker (see StopControlRequest; empty: none), the command and its
 * name, then those variables of its environment that a command goes by, as
 * `NAME=VALUE`. scripts/daemon-util has the same commands.
 */
import { ASKER } from './desired-state.js';

/** Those that the watcher carries out anyway, and what the init script asks before; with the number of their arguments. */
const COMMANDS: ReadonlyMap<string, number> = new Map([
  ['start', 1], ['stop', 1], ['restart', 1], ['start-all', 0], ['stop-all', 0], ['start-master', 0], ['stop-master', 0], ['check-config', 0],
]);

export interface HandedCommand {
  readonly words: readonly string[];
  /** "uid 0, pid 4711" */
  readonly caller: string;
  readonly asker: string | undefined;
  readonly environment: Readonly<Record<string, string>>;
}

const VERSION = '1';
const NUMBER = /^\d{1,10}$/;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const VARIABLE = /^(?:EXTRA_|WATCHKEEPER_)[A-Za-z0-9_]{1,200}$|^(?:LC_ALL|LC_CTYPE|LANG)$/;
const MAX_VARIABLES = 1000;

/** @returns the command, or what is wrong with it */
export function parseHandedCommand(text: string): HandedCommand | string {
  const fields = text.split('\0');
  if (fields.pop() !== '') return 'it does not end with a NUL';
  const [version, uid = '', pid = '', asker = '', name = '', ...rest] = fields;
  if (version !== VERSION) return `its version is not ${VERSION}`;
  if (!NUMBER.test(uid) || !NUMBER.test(pid)) return 'its uid or pid is no number';
  if (asker !== '' && !ASKER.test(asker)) return 'its asker is no process';
  const count = COMMANDS.get(name);
  if (count === undefined) return `the watcher does not do that for daemon-util; it does: ${[...COMMANDS.keys()].join(', ')}`;
  const [args, variables] = [rest.slice(0, count), rest.slice(count)];
  if (args.length < count || !args.every((word) => NAME.test(word))) return 'its argument is no name of a daemon';
  if (variables.length > MAX_VARIABLES) return `it has more than ${MAX_VARIABLES} variables`;
  const environment = new Map<string, string>();
  for (const variable of variables) {
    const key = variable.slice(0, Math.max(0, variable.indexOf('=')));
    if (!VARIABLE.test(key)) return 'it has a variable that no command goes by';
    if (environment.has(key)) return `it has ${key} twice`;
    environment.set(key, variable.slice(key.length + 1));
  }
  return { words: [name, ...args], caller: `uid ${uid}, pid ${pid}`, asker: asker === '' ? undefined : asker, environment: Object.fromEntries(environment) };
}
