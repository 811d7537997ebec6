/**
 * Users and groups by name: /etc/passwd and /etc/group first, then getent(1),
 * which asks whatever else the machine is told to ask (NSS: LDAP, sssd, …).
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { errorCode } from './error-code.js';

export interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  readonly shell: string;
}

export interface Accounts {
  /** By name, or by number as a string; undefined: there is none. */
  user(nameOrUid: string): User | undefined;
  groupId(nameOrGid: string): number | undefined;
  /** All the groups that the user belongs to, the primary one included. */
  groupsOf(user: User): readonly number[];
}

const GETENT = '/usr/bin/getent';
/** A name service that hangs must not hang the watcher for longer. */
const GETENT_TIMEOUT = 2000;
/** ms that getent's answer is believed, so that an observation does not spawn each time. */
const ANSWER_LIFE = 60_000;

type Database = 'passwd' | 'group' | 'initgroups';

export class HostAccounts implements Accounts {
  readonly #files = { passwd: new LineFile('/etc/passwd'), group: new LineFile('/etc/group') };
  readonly #answers = new Map<string, { readonly line: string | undefined; readonly until: number }>();

  user(nameOrUid: string): User | undefined {
    const fields = this.#lookup('passwd', nameOrUid)?.split(':');
    if (fields === undefined) return undefined;
    const [name = '', , uid, gid, , home = '/', shell = ''] = fields;
    return { name, uid: Number(uid), gid: Number(gid), home, shell };
  }

  groupId(nameOrGid: string): number | undefined {
    const field = this.#lookup('group', nameOrGid)?.split(':')[2];
    return field === undefined ? undefined : Number(field);
  }

  groupsOf(user: User): readonly number[] {
    const line = this.#getent('initgroups', user.name);
    const listed = line === undefined ? [] : line.split(/\s+/).slice(1).filter((word) => word !== '').map(Number);
    return [...new Set([user.gid, ...listed])];
  }

  #lookup(database: 'passwd' | 'group', key: string): string | undefined {
    // A colon or newline would let the key stand for another field or line.
    if (!/^[^:\n\0-]{1}[^:\n\0]{0,255}$/.test(key)) return undefined;
    const field = /^\d+$/.test(key) ? 2 : 0;
    const local = this.#files[database].lines().find((line) => line.split(':')[field] === key);
    return local ?? this.#getent(database, key);
  }

  #getent(database: Database, key: string): string | undefined {
    const question = `${database} ${key}`;
    const known = this.#answers.get(question);
    if (known !== undefined && known.until > performance.now()) return known.line;
    const line = askGetent(database, key);
    this.#answers.set(question, { line, until: performance.now() + ANSWER_LIFE });
    return line;
  }
}

/** Read again only when it has changed: each start asks several times. */
class LineFile {
  #lines: readonly string[] = [];
  #version = '';

  constructor(private readonly path: string) {}

  /** @throws system errors */
  lines(): readonly string[] {
    const { ino, size, mtimeNs, ctimeNs } = statSync(this.path, { bigint: true });
    const version = [ino, size, mtimeNs, ctimeNs].join(' ');
    if (version !== this.#version) {
      this.#lines = readFileSync(this.path, 'utf8').split('\n');
      this.#version = version;
    }
    return this.#lines;
  }
}

function askGetent(database: Database, key: string): string | undefined {
  try {
    const output = execFileSync(GETENT, [database, key], {
      timeout: GETENT_TIMEOUT,
      killSignal: 'SIGKILL',
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { LC_ALL: 'C' },
      encoding: 'utf8',
      maxBuffer: 1024 * 1024,
    });
    return output.split('\n')[0];
  } catch (error) {
    // Not found (exit status 2), no getent, too slow: all of them mean that we know no such name.
    if (errorCode(error) !== undefined || (error instanceof Error && 'status' in error)) return undefined;
    throw error;
  }
}
