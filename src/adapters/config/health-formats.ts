/** `health:` of a daemon: a map of checks by name; the map is replaced as a whole by a later file. */
import type { CheckMethod } from '../../core/check-method.js';
import type { HealthCheck } from '../../core/daemon.js';
import { quoted } from '../../core/printable.js';
import { all, field, type Fields, strangeKey } from './fields.js';
import { boolean, bytes, decimal, duration, type Format, integer, isDictionary, notAllowed, oneOf, type Reading, refuse, string } from './format.js';
import { KEYS_OF, reached } from './method-formats.js';

export const HEALTH: Format<readonly HealthCheck[]> = {
  allowed: 'a map of checks, NAME: {kind: liveness, by: tcp, port: 80}',
  convict: '*',
  read: (plain) => {
    if (!isDictionary(plain)) return notAllowed(plain, HEALTH.allowed);
    const checks: HealthCheck[] = [];
    for (const [name, fields] of plain) {
      if (!isDictionary(fields)) return refuse(`${quoted(name)}: a map such as {kind: liveness, by: tcp, port: 80} is needed`);
      const check = checkOf(name, fields);
      if (!check.ok) return refuse(`${quoted(name)}: ${check.message}`);
      checks.push(check.value);
    }
    return { ok: true, value: checks };
  },
};

const KIND = oneOf('readiness', 'liveness');
const BY = oneOf('http', 'tcp', 'port', 'unix', 'exec', 'pid-file', 'watchdog', 'memory', 'cpu', 'log');
const COMMON = ['kind', 'by', 'interval', 'timeout', 'grace', 'successThreshold', 'failureThreshold'];
const INTERVAL = duration(100);
const TIMEOUT = duration(10);
const THRESHOLD = integer({ min: 1, max: 1000 });
const MAX_MEMORY = bytes({ min: 1024 * 1024, max: 2 ** 50 });
const SHARE = decimal({ min: 0.01, max: 4096, what: 'a share of one CPU' });
const ABSENT = string('a text of one line', 1000);

const OWN_KEYS: Readonly<Record<CheckMethod['kind'], readonly string[]>> = {
  ...KEYS_OF,
  'pid-file': [],
  watchdog: [],
  memory: ['max', 'session'],
  cpu: ['maxShare', 'window', 'session'],
  log: ['absent'],
};

/** A measurement and the daemon's own word need no second opinion; an answer that does not come may come the next time. */
const FAILURES: Readonly<Record<CheckMethod['kind'], string>> = { http: '3', tcp: '3', port: '3', unix: '3', exec: '3', 'pid-file': '3', watchdog: '1', memory: '3', cpu: '1', log: '1' };

function checkOf(name: string, fields: Fields): Reading<HealthCheck> {
  const by = field(fields, 'by', BY);
  if (!by.ok) return by;
  const own = OWN_KEYS[by.value];
  const strange = strangeKey(fields, [...COMMON, ...own], [...COMMON, ...own].join(', '));
  if (strange !== undefined) return strange;
  return all({
    name: { ok: true, value: name } as const,
    kind: field(fields, 'kind', KIND),
    method: methodOf(by.value, fields),
    grace: field(fields, 'grace', duration(), '0'),
    interval: field(fields, 'interval', INTERVAL, by.value === 'watchdog' ? '30s' : '10s'),
    timeout: field(fields, 'timeout', TIMEOUT, '3s'),
    successThreshold: field(fields, 'successThreshold', THRESHOLD, '1'),
    failureThreshold: field(fields, 'failureThreshold', THRESHOLD, FAILURES[by.value]),
  });
}

function methodOf(kind: CheckMethod['kind'], fields: Fields): Reading<CheckMethod> {
  switch (kind) {
    case 'http':
    case 'tcp':
    case 'port':
    case 'unix':
    case 'exec':
      return reached(kind, fields);
    case 'pid-file':
    case 'watchdog':
      return { ok: true, value: { kind } };
    case 'memory': {
      const read = all({ maxBytes: field(fields, 'max', MAX_MEMORY), session: field(fields, 'session', boolean(), 'false') });
      return read.ok ? { ok: true, value: { kind, ...read.value } } : read;
    }
    case 'cpu': {
      const window = field(fields, 'window', duration(1000), '1m');
      const read = all({ maxShare: field(fields, 'maxShare', SHARE), window, session: field(fields, 'session', boolean(), 'false') });
      return read.ok ? { ok: true, value: { kind, ...read.value } } : read;
    }
    case 'log': {
      const absent = field(fields, 'absent', ABSENT);
      if (!absent.ok) return absent;
      return absent.value === '' ? refuse('absent: an empty text is in every output') : { ok: true, value: { kind, absent: absent.value } };
    }
  }
}
