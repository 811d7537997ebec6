/** What both the start-up check and the health checks can look at. */
import type { HttpCheck, PortCheck } from '../../core/check-method.js';
import { absolutePath, boolean, type Format, integer, listOf, notAllowed, oneOf, type Reading, refuse, string } from './format.js';
import { all, field, type Fields, maybe } from './fields.js';

export type Reached =
  | HttpCheck
  | PortCheck
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'exec'; readonly argv: readonly [string, ...string[]] };

const HOST = string('a host name or an address', 253);
const PORT = integer({ min: 1, max: 65_535, what: 'a port' });
const PROTOCOL = oneOf('tcp', 'udp');
const ARGV = listOf(string('a text'), 'a program and its arguments');
const NUMBER = integer({ min: 100, max: 599, what: 'an HTTP status' });
const STATUS: Format<number | 'any'> = {
  allowed: `${NUMBER.allowed}, or any`,
  convict: '*',
  read: (plain) => {
    if (plain === 'any') return { ok: true, value: 'any' };
    const number = NUMBER.read(plain);
    return number.ok ? number : notAllowed(plain, STATUS.allowed);
  },
};
const URL_TEXT: Format<string> = {
  allowed: 'a URL such as http://127.0.0.1:8080/health or https://localhost/',
  convict: 'String',
  read: (plain) => {
    const problem = typeof plain === 'string' ? urlProblem(plain) : 'it is no text';
    if (problem === undefined && typeof plain === 'string') return { ok: true, value: plain };
    const refusal = notAllowed(plain, URL_TEXT.allowed);
    return refusal.ok ? refusal : refuse(`${refusal.message}: ${problem ?? ''}`);
  },
};

function urlProblem(text: string): string | undefined {
  if (text.length > 2000 || /[\s\0-\x1f\x7f]/.test(text)) return 'it is too long, or has blanks or control characters in it';
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) return 'it is no http:// or https:// URL';
  const { username, password } = new URL(text);
  // Everybody who may read the configuration or the status would read them.
  return username === '' && password === '' ? undefined : 'user and password do not belong into it';
}

export const KEYS_OF: Readonly<Record<Reached['kind'], readonly string[]>> = {
  http: ['url', 'socket', 'status', 'verify'],
  tcp: ['host', 'port'],
  port: ['port', 'protocol'],
  unix: ['path'],
  exec: ['argv'],
};

export function reached(kind: Reached['kind'], fields: Fields): Reading<Reached> {
  switch (kind) {
    case 'http':
      return all({
        kind: { ok: true, value: kind } as const,
        url: field(fields, 'url', URL_TEXT),
        socket: maybe(fields, 'socket', absolutePath()),
        status: maybe(fields, 'status', STATUS),
        verify: field(fields, 'verify', boolean(), 'true'),
      });
    case 'tcp':
      return all({ kind: { ok: true, value: kind } as const, host: field(fields, 'host', HOST, '127.0.0.1'), port: field(fields, 'port', PORT) });
    case 'port':
      return all({ kind: { ok: true, value: kind } as const, protocol: field(fields, 'protocol', PROTOCOL, 'tcp'), port: field(fields, 'port', PORT) });
    case 'unix':
      return all({ kind: { ok: true, value: kind } as const, path: field(fields, 'path', absolutePath()) });
    case 'exec': {
      const argv = field(fields, 'argv', ARGV);
      if (!argv.ok) return argv;
      const [program, ...rest] = argv.value;
      return program === undefined ? refuse('argv: a program is missing') : { ok: true, value: { kind, argv: [program, ...rest] } };
    }
  }
}
