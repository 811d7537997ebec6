/** Which requests are answered at all: pure, so that each case can be tried. */
import type { WebAddress } from '../../core/web-address.js';

export interface RequestHead {
  readonly method: string;
  /** As received. */
  readonly url: string;
  /** Each that was sent. */
  readonly hosts: readonly string[];
  readonly origin: string | undefined;
}

export type Checked =
  | { readonly ok: true; readonly path: string }
  | { readonly ok: false; readonly status: 400 | 403 | 405; readonly why: string };

/** Names by which this machine may be asked. A name of somebody else's that leads here (DNS rebinding) is not among them. */
export function allowedHosts(address: WebAddress, further: readonly string[]): ReadonlySet<string> {
  const own = address.kind === 'tcp' ? [address.host.includes(':') ? `[${address.host}]` : address.host] : [];
  return new Set(['localhost', '127.0.0.1', '[::1]', ...own, ...further]);
}

export function checkRequest({ method, url, hosts, origin }: RequestHead, allowed: ReadonlySet<string>): Checked {
  if (method !== 'GET' && method !== 'HEAD') return { ok: false, status: 405, why: 'nothing can be changed here; use GET' };
  const [host, ...others] = hosts;
  const name = nameOf(host);
  if (others.length > 0 || name === undefined || !allowed.has(name)) return { ok: false, status: 403, why: 'this name of the machine is not allowed; add it to web.hosts' };
  if (origin !== undefined && !isOurs(origin, allowed)) return { ok: false, status: 403, why: 'web pages of others are not served' };
  if (!/^\/[\x21-\x7e]*$/.test(url) || url.length > 1000) return { ok: false, status: 400, why: 'this is no path' };
  return { ok: true, path: url.split(/[?#]/, 1)[0] ?? '/' };
}

function nameOf(host: string | undefined): string | undefined {
  return /^(\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9.-]{1,253})(?::\d{1,5})?$/.exec(host ?? '')?.[1]?.toLowerCase();
}

function isOurs(origin: string, allowed: ReadonlySet<string>): boolean {
  const name = nameOf(/^https?:\/\/(.+)$/.exec(origin)?.[1]);
  return name !== undefined && allowed.has(name);
}
