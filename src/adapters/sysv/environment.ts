/** The environment of a daemon: nothing of ours is inherited, so that a start is the same whoever asks for it. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { DaemonSpec } from '../../core/daemon.js';
import { splitWords } from '../../core/argument-words.js';
import { MAX_ENVIRONMENT_FILE_SIZE, parseEnvironmentFile } from '../../core/environment-file.js';
import { MARKER_VARIABLE } from '../../ports/process-markers.js';
import { errorCode } from '../host/error-code.js';
import { MINIMAL_ENVIRONMENT } from '../host/spawn-as.js';
import type { Accounts } from '../host/user.js';

export type Variables =
  | { readonly ok: true; readonly variables: ReadonlyMap<string, string> }
  /** "line 3: …" */
  | { readonly ok: false; readonly reason: string };

/** A missing file is an empty one, as `EnvironmentFile=-` has it. */
export function readEnvironmentFile(path: string): Variables {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined) throw error;
    return code === 'ENOENT' ? { ok: true, variables: new Map() } : { ok: false, reason: `${path} cannot be read: ${code}` };
  }
  try {
    if (!fstatSync(fd).isFile()) return { ok: false, reason: `${path} is not a regular file` };
    const parsed = parseEnvironmentFile(readUpTo(fd, MAX_ENVIRONMENT_FILE_SIZE + 1));
    if (parsed.ok) return parsed;
    return { ok: false, reason: parsed.errors.map(({ line, message }) => `${path}:${line}: ${message}`).join('; ') };
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined) throw error;
    return { ok: false, reason: `${path} cannot be read: ${code}` };
  } finally {
    closeSync(fd);
  }
}

function readUpTo(fd: number, most: number): Uint8Array {
  const { size } = fstatSync(fd);
  const buffer = Buffer.alloc(Math.min(size + 1, most));
  let length = 0;
  for (let read = -1; read !== 0 && length < buffer.length; length += read) {
    read = readSync(fd, buffer, length, buffer.length - length, null);
  }
  return buffer.subarray(0, length);
}

export type ArgumentWords = { readonly ok: true; readonly words: readonly string[] } | { readonly ok: false; readonly reason: string };

/** The words of the daemon's argument variables, in their order; an unset variable has none. */
export function variableArguments(spec: DaemonSpec, variables: ReadonlyMap<string, string>): ArgumentWords {
  const words: string[] = [];
  for (const name of spec.argumentVariables) {
    const split = splitWords(variables.get(name) ?? '');
    if (!split.ok) return { ok: false, reason: `${name}: ${split.reason}` };
    words.push(...split.words);
  }
  return { ok: true, words };
}

/** What systemd.exec(5) sets too: PATH always, the user's own where `user` is set; then what was asked for. */
export function daemonEnvironment(
  spec: DaemonSpec,
  requested: Readonly<Record<string, string>>,
  accounts: Accounts,
): Readonly<Record<string, string>> {
  const user = spec.user === undefined ? undefined : accounts.user(spec.user);
  const own = user === undefined ? {} : { HOME: user.home, LOGNAME: user.name, USER: user.name, SHELL: user.shell };
  return { PATH: MINIMAL_ENVIRONMENT['PATH'] ?? '', ...own, ...requested, [MARKER_VARIABLE]: spec.name };
}
