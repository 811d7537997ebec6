/** What may be written under `group.roles`. */
import type { RoleSpec } from '../../core/daemon.js';
import type { RoleSource } from '../../core/role.js';
import { quoted } from '../../core/printable.js';
import { all, field, maybe, strangeKey } from './fields.js';
import { duration, type Format, isDictionary, listOf, notAllowed, oneOf, type Reading, refuse, string } from './format.js';
import type { Plain } from './located.js';

export type RoleKeys = Omit<RoleSpec, 'name'>;

const NAME = string('a name');
const TEXT = string();
const WORDS = listOf(string('a text', 128 * 1024), 'texts');
const PATHS = listOf(string('an absolute path'), 'absolute paths');
const ROLE_KEYS = ['description', 'target', 'source'];
const SOURCE_KEYS = ['argv', 'user', 'watch', 'interval', 'timeout', 'startAfter', 'stopAfter', 'whenLost'];

const SOURCE: Format<RoleSource> = {
  allowed: 'a map {argv: […], watch: […], interval: …, timeout: …, startAfter: …, stopAfter: …, whenLost: …, user: …}',
  convict: '*',
  read: (plain) => {
    if (!isDictionary(plain)) return notAllowed(plain, SOURCE.allowed);
    const strange = strangeKey(plain, SOURCE_KEYS, SOURCE.allowed);
    if (strange !== undefined) return strange;
    const keys = all({
      argv: field(plain, 'argv', WORDS),
      user: maybe(plain, 'user', NAME),
      watch: maybe(plain, 'watch', PATHS),
      interval: field(plain, 'interval', duration(1000), '5m'),
      timeout: field(plain, 'timeout', duration(100), '10s'),
      startAfter: field(plain, 'startAfter', duration(), '1s'),
      stopAfter: field(plain, 'stopAfter', duration(), '1s'),
      whenLost: field(plain, 'whenLost', oneOf('stop', 'leave'), 'stop'),
    });
    if (!keys.ok) return keys;
    const [program, ...rest] = keys.value.argv;
    if (program === undefined) return refuse('argv: a program (its absolute path) and its arguments are needed');
    return { ok: true, value: { ...keys.value, argv: [program, ...rest], watch: keys.value.watch ?? [] } };
  },
};

export const ROLES: Format<Readonly<Record<string, RoleKeys>>> = {
  allowed: 'a map of roles, each NAME: {description: …, target: …, source: {…}}',
  convict: '*',
  read: (plain) => {
    if (!isDictionary(plain)) return notAllowed(plain, ROLES.allowed);
    const roles: [string, RoleKeys][] = [];
    for (const [name, keys] of plain) {
      const role = readRole(keys);
      if (!role.ok) return refuse(`the role ${quoted(name)}: ${role.message}`);
      roles.push([name, role.value]);
    }
    return { ok: true, value: Object.fromEntries(roles) };
  },
};

function readRole(plain: Plain): Reading<RoleKeys> {
  const fields = plain ?? new Map<string, Plain>();
  if (!isDictionary(fields)) return notAllowed(fields, ROLES.allowed);
  const strange = strangeKey(fields, ROLE_KEYS, ROLES.allowed);
  if (strange !== undefined) return strange;
  return all({ description: field(fields, 'description', TEXT, ''), target: maybe(fields, 'target', NAME), source: maybe(fields, 'source', SOURCE) });
}
