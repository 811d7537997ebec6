/** Where the status page and the metrics may be listened for: nowhere but on this machine. */
import { isPlainPath } from './plain-values.js';

export type WebAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

/** sun_path has 108 bytes, and the socket gets its name from a longer one. */
const MAX_PATH = 90;

export const WEB_ADDRESSES = '127.0.0.1:PORT, [::1]:PORT or unix:/PATH (nobody but this machine is served: there is no password)';

/** @returns undefined: it is none that is allowed */
export function parseWebAddress(text: string): WebAddress | undefined {
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length);
    return isPlainPath(path) && path.length <= MAX_PATH ? { kind: 'unix', path } : undefined;
  }
  const match = /^(127(?:\.\d{1,3}){3}|\[::1\]):(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const [, written = '', digits] = match;
  const port = Number(digits);
  const host = written.replace(/[[\]]/g, '');
  const fits = port >= 1 && port <= 65_535 && host.split('.').every((part) => part.includes(':') || Number(part) <= 255);
  return fits ? { kind: 'tcp', host, port } : undefined;
}

/** As it is written. */
export function showWebAddress(address: WebAddress): string {
  if (address.kind === 'unix') return `unix:${address.path}`;
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

/** A name that a Host header may have: a host's, without a port. */
export function isHostName(text: string): boolean {
  return text.length <= 253 && /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(text);
}
