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
  allowed: '{pathExists: /path}, {pathMissing: /path} or {fileHasLine: /path, line: TEXT}',
  convict: '*',
  read: (plain) => {
    const refused = notAllowed(plain, CONDITION.allowed);
    if (!isDictionary(plain)) return refused;
    const keys = Object.fromEntries(plain);
    const texts = Object.values(keys).every((value) => typeof value === 'string');
    if (!texts || plain.size !== (keys['fileHasLine'] === undefined ? 1 : 2)) return refused;
    const { pathExists, pathMissing, fileHasLine, line } = keys as Record<string, string>;
    if (pathExists !== undefined) return { ok: true, value: { kind: 'path-exists', path: pathExists } };
    if (pathMissing !== undefined) return { ok: true, value: { kind: 'path-missing', path: pathMissing } };
    if (fileHasLine === undefined || line === undefined || !/^[\x20-\x7e]{1,200}$/.test(line)) return refused;
    return { ok: true, value: { kind: 'file-has-line', path: fileHasLine, line } };
  },
};

export const CONDITIONS = listOf(CONDITION, `conditions, each ${CONDITION.allowed}`);

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
