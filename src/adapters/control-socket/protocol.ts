/**
 * The control protocol: HTTP over RUNTIME/control.sock, JSON bodies. Answers
 * that take time are streamed as JSON lines; an empty line now and then says
 * that the watcher is still at it.
 */
import type { NamedOutcome } from '../../ports/controller.js';
import type { ErrorCodeName } from '../../core/errors.js';

export const SCHEMA_VERSION = 1;
/** Request bodies beyond this are refused. */
export const MAX_BODY = 256 * 1024;
/** ms between two signs of life in a stream. */
export const KEEP_ALIVE = 2000;

/** ms to wait for one, once a request is taken: a shorter `controlTimeout` is about the taking alone. */
export const patienceInStream = (controlTimeout: number): number => Math.max(controlTimeout, 3 * KEEP_ALIVE);
/** What a browser or a misled client would send is not among these. */
export const ALLOWED_HOSTS: readonly string[] = ['localhost', 'watchkeeper'];

export const SOCKET_NAME = 'control.sock';
export const TOKEN_NAME = 'control.token';

export interface ActionBody {
  readonly names: readonly string[];
  readonly by: string;
  readonly oneShotArguments: Readonly<Record<string, readonly string[]>>;
  /** Of a stop. */
  readonly hold: boolean;
  readonly stopTimeout?: number;
  readonly unrecorded: boolean;
  /** Of a stop, in the address: an older watcher refuses what it does not know of a body. */
  readonly asker?: string;
}

export interface WireError {
  readonly code: ErrorCodeName;
  readonly message: string;
}

/** One line of a streamed answer; `end` is the last line of a complete one. */
export type StreamLine = { readonly outcome: NamedOutcome } | { readonly error: WireError } | { readonly end: true };

const MAX_NAMES = 10_000;
const MAX_BY = 200;
/** A day. */
const MAX_STOP_TIMEOUT = 86_400_000;

/** The body of a start, stop or restart, or what is wrong with it. */
export function parseAction(text: string): ActionBody | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'the body is not JSON';
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'the body is not an object';
  const { names, by = 'a client of the control socket', oneShotArguments = {}, hold = false, unrecorded = false, stopTimeout, ...rest } = value as Record<string, unknown>;
  const unknown = Object.keys(rest)[0];
  if (unknown !== undefined) return `unknown key ${JSON.stringify(unknown.slice(0, 80))}; allowed: names, by, oneShotArguments, hold, unrecorded, stopTimeout`;
  if (!isStrings(names) || names.length === 0 || names.length > MAX_NAMES) return '"names" is not a list of names';
  if (typeof by !== 'string' || by.length > MAX_BY) return `"by" is not a text of at most ${MAX_BY} characters`;
  if (typeof oneShotArguments !== 'object' || oneShotArguments === null) return '"oneShotArguments" is not an object';
  if (typeof hold !== 'boolean') return '"hold" is neither true nor false';
  if (typeof unrecorded !== 'boolean') return '"unrecorded" is neither true nor false';
  if (stopTimeout !== undefined && (typeof stopTimeout !== 'number' || !Number.isInteger(stopTimeout) || stopTimeout < 1 || stopTimeout > MAX_STOP_TIMEOUT)) return '"stopTimeout" is no time in ms';
  const entries: [string, readonly string[]][] = [];
  for (const [name, words] of Object.entries(oneShotArguments)) {
    if (!isStrings(words) || words.some((word) => word.includes('\0'))) return '"oneShotArguments" holds something else than lists of words';
    entries.push([name, words]);
  }
  return { names, by, oneShotArguments: Object.fromEntries(entries), hold, unrecorded, ...(stopTimeout === undefined ? {} : { stopTimeout }) };
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
