/**
 * The read-only web server: the status page, its changes as they come, and the
 * metrics. It has no way to change anything: all that it is given are questions
 * (ports/page-source.ts). It answers GET and HEAD, to names of this machine, and
 * what it sends may load nothing but itself.
 */
import { createHash } from 'node:crypto';
import { chmodSync, chownSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { dirname } from 'node:path';

import type { WebAddress } from '../../core/web-address.js';
import type { Log } from '../../ports/log.js';
import { listenPrivately, removeDeadSocket } from '../host/unix-listener.js';
import { ensureDirectory } from '../state/directories.js';
import { LiveClients } from './live-clients.js';
import type { Rendering } from './rendering.js';
import { allowedHosts, checkRequest } from './request-check.js';
import { SCRIPT } from './script.js';
import { STYLE } from './style.js';

const MOST_CONNECTIONS = 64;
const HEADERS_TIMEOUT = 5000;
const REQUEST_TIMEOUT = 10_000;
/** ms without a byte either way. An event stream has a sign of life more often than that. */
const IDLE_TIMEOUT = 30_000;
const MOST_HEADERS = 8 * 1024;

/** For every answer: nothing of others is loaded, framed, guessed or kept. */
const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=()',
  'cache-control': 'no-store',
};

export const ASSETS = { style: named('style', STYLE, 'css'), script: named('script', SCRIPT, 'js') };

export interface Served {
  /** undefined: there is no page */
  readonly page: Rendering | undefined;
  /** undefined: there are no metrics */
  readonly metrics: { readonly contentType: string; text(): Promise<string> } | undefined;
}

export interface WebServer {
  /** To be tried again where it throws. @throws system errors: the address is taken, … */
  listen(): Promise<void>;
  close(): Promise<void>;
}

export interface WebPlace {
  readonly address: WebAddress;
  /** Of the group whose members may connect to the UNIX socket; undefined: root alone. */
  readonly groupId: () => number | undefined;
  /** Gives a file to a group; by default ourselves. */
  readonly give?: (path: string, gid: number) => Promise<void>;
  readonly hosts: readonly string[];
}

interface Answer {
  readonly type: string;
  readonly body: string | Buffer;
  /** Its name changes with its contents. */
  readonly forEver?: true;
}

export function webServer(place: WebPlace, served: Served, log: Log): WebServer {
  const allowed = allowedHosts(place.address, place.hosts);
  const { page } = served;
  const live = page === undefined ? undefined : new LiveClients(() => page.current(), (error) => log.error({ error: String(error) }, 'cannot render the status page'));
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT, headersTimeout: HEADERS_TIMEOUT, maxHeaderSize: MOST_HEADERS, keepAliveTimeout: HEADERS_TIMEOUT }, (request, response) => {
    answer(request, response).catch((error: unknown) => {
      log.error({ error: String(error), url: request.url?.slice(0, 200) }, 'a web request failed');
      if (response.headersSent) response.destroy();
      else refuse(response, 500, "internal error: see the watcher's log");
    });
  });
  server.maxConnections = MOST_CONNECTIONS;
  server.setTimeout(IDLE_TIMEOUT);
  // E.g. no more descriptors: no reason to die.
  server.on('error', (error) => log.warn({ error: String(error) }, 'the web server has a problem'));

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '', headers, headersDistinct } = request;
    const checked = checkRequest({ method, url, hosts: headersDistinct['host'] ?? [], origin: headers.origin }, allowed);
    if (!checked.ok) { refuse(response, checked.status, checked.why); return; }
    // A body is not read, and so not waited for.
    if (headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined) { refuse(response, 400, 'a GET has no body here'); return; }
    if (checked.path === '/events' && live !== undefined) {
      if (method === 'HEAD') send(response, { type: 'text/event-stream', body: '' }, true);
      else if (!live.add(response, HEADERS)) refuse(response, 503, 'too many look already; reload now and then instead', { 'retry-after': '30' });
      return;
    }
    const found = await find(checked.path, served);
    if (found === undefined) refuse(response, 404, `there is: ${[...(served.page === undefined ? [] : ['/']), ...(served.metrics === undefined ? [] : ['/metrics'])].join(' ')}`);
    else send(response, found, method === 'HEAD');
  }

  return {
    listen: () => listen(server, place),
    close: async () => {
      live?.close();
      if (!server.listening) return;
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function find(path: string, { page, metrics }: Served): Promise<Answer | undefined> {
  if (path === '/metrics' && metrics !== undefined) return { type: metrics.contentType, body: await metrics.text() };
  if (page === undefined) return undefined;
  if (path === '/') return { type: 'text/html; charset=utf-8', body: (await page.current()).body };
  if (path === ASSETS.style) return { type: 'text/css; charset=utf-8', body: STYLE, forEver: true };
  if (path === ASSETS.script) return { type: 'text/javascript; charset=utf-8', body: SCRIPT, forEver: true };
  const mood = /^\/icon-(good|warn|bad)\.svg$/.exec(path)?.[1];
  return mood === undefined ? undefined : { type: 'image/svg+xml', body: icon(mood), forEver: true };
}

function icon(mood: string): string {
  const shape = mood === 'bad' ? '<rect x="4" y="4" width="24" height="24" rx="3" fill="#d0342c"/>' : mood === 'warn' ? '<path d="M16 2L30 16L16 30L2 16z" fill="#e0901f"/>' : '<circle cx="16" cy="16" r="13" fill="#2f9a5c"/>';
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">${shape}</svg>`;
}

function send(response: ServerResponse, { type, body, forEver }: Answer, isHead: boolean): void {
  const length = Buffer.byteLength(body);
  response.writeHead(200, { ...HEADERS, ...(forEver === true ? { 'cache-control': 'public, max-age=31536000, immutable' } : {}), 'content-type': type, ...(isHead && body === '' ? {} : { 'content-length': length }) });
  response.end(isHead ? undefined : body);
}

function refuse(response: ServerResponse, status: number, why: string, more: Readonly<Record<string, string>> = {}): void {
  response.writeHead(status, { ...HEADERS, ...more, ...(status === 405 ? { allow: 'GET, HEAD' } : {}), 'content-type': 'text/plain; charset=utf-8', connection: 'close' });
  response.end(`${why}\n`);
}

/** "/style-3q2x….css" */
function named(name: string, contents: string, suffix: string): string {
  return `/${name}-${createHash('sha256').update(contents).digest('base64url').slice(0, 12)}.${suffix}`;
}

function chgrp(path: string, gid: number): Promise<void> {
  chownSync(path, -1, gid);
  return Promise.resolve();
}

async function listen(server: Server, { address, groupId, give = chgrp }: WebPlace): Promise<void> {
  if (address.kind === 'tcp') {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: address.host, port: address.port, exclusive: true }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    return;
  }
  const { path } = address;
  const gid = groupId();
  // It listens already where only giving it away failed: whoever hears there then is ourselves.
  if (!server.listening) {
    ensureDirectory(dirname(path), 0o755);
    await removeDeadSocket(path);
    await listenPrivately(server, path);
  }
  if (gid === undefined) return;
  await give(path, gid);
  chmodSync(path, 0o660);
}
