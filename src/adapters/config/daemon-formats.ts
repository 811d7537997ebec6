/** Values of a daemon that have an inner structure; each is replaced as a whole by a later file. */
import type { ReadinessCheck, StartCondition } from '../../core/daemon.js';
import { quoted } from '../../core/printable.js';
import { field, type Fields, strangeKey } from './fields.js';
import { duration, type Format, isDictionary, listOf, notAllowed, oneOf, type Reading, refuse, string } from './format.js';
import { KEYS_OF, reached } from './method-formats.js';

const VARIABLE_VALUE = string('a text', 128 * 1024);

export const VARIABLES: Format<Readonly<Record<string, string>>> = {
  allowed: 'a map of variables, NAME: value',
  convict: '*',
  read: (plain) => {
    if (!isDictionary(plain)) return notAllowed(plain, VARIABLES.allowed);
    const entries: [string, string][] = [];
    for (const [name, value] of plain) {
      if (value === null) return refuse(`the variable ${quoted(name)} has no value; write '' for an empty one`);
      const text = VARIABLE_VALUE.read(value);
      // Without the value, which may be a secret.
      if (!text.ok) return refuse(`the value of the variable ${quoted(name)} must be a text of at most ${128 * 1024} characters`);
      entries.push([name, text.value]);
    }
    return { ok: true, value: Object.fromEntries(entries) };
  },
};

const CONDITION: Format<StartCondition> = {
  allowed: '{pathExists: /path} or {pathMissing: /path}',
  convict: '*',
  read: (plain) => {
    const [entry, ...more] = isDictionary(plain) ? plain : [];
    if (entry === undefined || more.length > 0) return notAllowed(plain, CONDITION.allowed);
    const [kind, path] = entry;
    if (typeof path !== 'string' || (kind !== 'pathExists' && kind !== 'pathMissing')) return notAllowed(plain, CONDITION.allowed);
    return { ok: true, value: { kind: kind === 'pathExists' ? 'path-exists' : 'path-missing', path } };
  },
};

export const CONDITIONS = listOf(CONDITION, 'conditions, each {pathExists: /path} or {pathMissing: /path}');

const KIND = oneOf('settled', 'notify', 'pid-file', 'tcp', 'port', 'unix', 'http', 'exec');
const KINDS =
  '{kind: settled, settle: 200ms}, {kind: notify}, {kind: pid-file}, {kind: tcp, host: 127.0.0.1, port: 80}, {kind: port, port: 80}, {kind: unix, path: /path}, {kind: http, url: http://127.0.0.1/} or {kind: exec, argv: [/path, argument]}';
const SETTLE = duration();

export const READINESS: Format<ReadinessCheck> = {
  allowed: KINDS,
  convict: '*',
  read: (plain) => {
    if (!isDictionary(plain)) return notAllowed(plain, KINDS);
    const kind = field(plain, 'kind', KIND);
    if (!kind.ok) return kind;
    return strangeKey(plain, ['kind', ...keysOf(kind.value)], KINDS) ?? readinessOf(kind.value, plain);
  },
};

function keysOf(kind: ReadinessCheck['kind']): readonly string[] {
  switch (kind) {
    case 'settled':
      return ['settle'];
    case 'pid-file':
    case 'notify':
      return [];
    case 'tcp':
    case 'port':
    case 'unix':
    case 'http':
    case 'exec':
      return KEYS_OF[kind];
  }
}

function readinessOf(kind: ReadinessCheck['kind'], fields: Fields): Reading<ReadinessCheck> {
  switch (kind) {
    case 'settled': {
      const settle = field(fields, 'settle', SETTLE, '200ms');
      return settle.ok ? { ok: true, value: { kind, settle: settle.value } } : settle;
    }
    case 'pid-file':
    case 'notify':
      return { ok: true, value: { kind } };
    case 'tcp':
    case 'port':
    case 'unix':
    case 'http':
    case 'exec':
      return reached(kind, fields);
  }
}
