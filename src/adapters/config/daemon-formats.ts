/** Values of a daemon that have an inner structure; each is replaced as a whole by a later file. */
import type { ReadinessCheck, StartCondition } from '../../core/daemon.js';
import { quoted } from '../../core/printable.js';
import { mostSimilar } from '../../core/similar.js';
import { absolutePath, duration, type Format, integer, isDictionary, listOf, notAllowed, oneOf, type Reading, refuse, string } from './format.js';
import type { Plain } from './located.js';

type Fields = ReadonlyMap<string, Plain>;

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

const KIND = oneOf('settled', 'pid-file', 'tcp', 'unix', 'exec');
const KINDS = '{kind: settled, settle: 200ms}, {kind: pid-file}, {kind: tcp, host: 127.0.0.1, port: 80}, {kind: unix, path: /path} or {kind: exec, argv: [/path, argument]}';
const SETTLE = duration();
const HOST = string('a host name or an address', 253);
const PORT = integer({ min: 1, max: 65_535, what: 'a port' });
const ARGV = listOf(string('a text'), 'a program and its arguments');

export const READINESS: Format<ReadinessCheck> = {
  allowed: KINDS,
  convict: '*',
  read: (plain) => {
    if (!isDictionary(plain)) return notAllowed(plain, KINDS);
    const written = plain.get('kind') ?? null;
    if (written === null) return refuse(`'kind' is missing; it must be ${KIND.allowed}`);
    const kind = KIND.read(written);
    return kind.ok ? readinessOf(kind.value, plain) : refuse(`kind: ${kind.message}`);
  },
};

function readinessOf(kind: ReadinessCheck['kind'], fields: Fields): Reading<ReadinessCheck> {
  switch (kind) {
    case 'settled':
      return checked(fields, ['settle'], () => {
        const settle = field(fields, 'settle', SETTLE, '200ms');
        return settle.ok ? { ok: true, value: { kind, settle: settle.value } } : settle;
      });
    case 'pid-file':
      return checked(fields, [], () => ({ ok: true, value: { kind } }));
    case 'tcp':
      return checked(fields, ['host', 'port'], () => {
        const host = field(fields, 'host', HOST, '127.0.0.1');
        const port = field(fields, 'port', PORT);
        if (!host.ok) return host;
        return port.ok ? { ok: true, value: { kind, host: host.value, port: port.value } } : port;
      });
    case 'unix':
      return checked(fields, ['path'], () => {
        const path = field(fields, 'path', absolutePath());
        return path.ok ? { ok: true, value: { kind, path: path.value } } : path;
      });
    case 'exec':
      return checked(fields, ['argv'], () => {
        const argv = field(fields, 'argv', ARGV);
        if (!argv.ok) return argv;
        const [program, ...rest] = argv.value;
        if (program === undefined) return refuse('argv: a program is missing');
        return { ok: true, value: { kind, argv: [program, ...rest] } };
      });
  }
}

function checked(fields: Fields, known: readonly string[], read: () => Reading<ReadinessCheck>): Reading<ReadinessCheck> {
  for (const key of fields.keys()) {
    if (key === 'kind' || known.includes(key)) continue;
    const close = mostSimilar(key, known);
    return refuse(`this kind has no key ${quoted(key)}${close === undefined ? '' : `; did you mean '${close}'?`}; allowed is ${KINDS}`);
  }
  return read();
}

function field<T>(fields: Fields, key: string, format: Format<T>, fallback?: string): Reading<T> {
  const written = fields.get(key) ?? fallback ?? null;
  if (written === null) return refuse(`'${key}' is missing; it must be ${format.allowed}`);
  const reading = format.read(written);
  return reading.ok ? reading : refuse(`${key}: ${reading.message}`);
}
