/**
 * What `scripts/hand-over` hands to the watcher of a call of daemon-util: texts
 * that each end with a NUL, which no word can hold: the version, the caller's
 * uid, pid and asker (see StopControlRequest; empty: none), the words of the
 * call, then those variables of its environment that a command goes by, as
 * `NAME=VALUE`. scripts/daemon-util has the same commands.
 */
import { ASKER } from './desired-state.js';

interface Form {
  /** How many names it takes. */
  readonly names: readonly number[];
  /** It answers a question, also as JSON. */
  readonly reads?: true;
}

/** What the watcher carries out or knows anyway, and what the init script asks before. */
const COMMANDS: ReadonlyMap<string, Form> = new Map<string, Form>([
  ['start', { names: [1] }], ['stop', { names: [1] }], ['restart', { names: [1] }],
  ['start-all', { names: [0] }], ['stop-all', { names: [0] }], ['start-master', { names: [0] }], ['stop-master', { names: [0] }], ['check-config', { names: [0] }],
  ['check', { names: [1], reads: true }], ['pid', { names: [1], reads: true }], ['status', { names: [0, 1], reads: true }],
]);
const JSON_OPTION = '--json';

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
  const [version, uid = '', pid = '', asker = '', ...rest] = fields;
  if (version !== VERSION) return `its version is not ${VERSION}`;
  if (!NUMBER.test(uid) || !NUMBER.test(pid)) return 'its uid or pid is no number';
  if (asker !== '' && !ASKER.test(asker)) return 'its asker is no process';
  // No word of a command that we take has a `=`, and each variable has one.
  const end = rest.findIndex((field) => field.includes('='));
  const [words, variables] = end === -1 ? [rest, []] : [rest.slice(0, end), rest.slice(end)];
  const wrong = wrongWords(words);
  if (wrong !== undefined) return wrong;
  if (variables.length > MAX_VARIABLES) return `it has more than ${MAX_VARIABLES} variables`;
  const environment = new Map<string, string>();
  for (const variable of variables) {
    const key = variable.slice(0, Math.max(0, variable.indexOf('=')));
    if (!VARIABLE.test(key)) return 'it has a variable that no command goes by';
    if (environment.has(key)) return `it has ${key} twice`;
    environment.set(key, variable.slice(key.length + 1));
  }
  return { words, caller: `uid ${uid}, pid ${pid}`, asker: asker === '' ? undefined : asker, environment: Object.fromEntries(environment) };
}

function wrongWords(words: readonly string[]): string | undefined {
  // It may stand before the command or behind it.
  const [name = '', ...names] = words.filter((word) => word !== JSON_OPTION);
  const form = COMMANDS.get(name);
  if (form === undefined) return `the watcher does not do that for daemon-util; it does: ${[...COMMANDS.keys()].join(', ')}`;
  if (words.includes(JSON_OPTION) && form.reads !== true) return `${name} is not for the watcher with ${JSON_OPTION}`;
  return form.names.includes(names.length) && names.every((word) => NAME.test(word)) ? undefined : 'its argument is no name of a daemon';
}
