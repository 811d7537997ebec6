/**
 * The watcher's end of the control socket. Access is checked at every entry:
 * the socket is ours alone (0600), a request that changes something needs POST
 * and the token, and what a browser would send (Origin, a foreign Host) is refused.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import * as fs from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';

import { WatchkeeperError } from '../../core/errors.js';
import type { ControlService } from '../../ports/control-service.js';
import type { Log } from '../../ports/log.js';
import { errorCode } from '../host/error-code.js';
import { listenPrivately } from '../host/unix-listener.js';
import { ensureDirectory } from '../state/directories.js';
import { writeAtomic } from '../state/atomic-file.js';
import { ALLOWED_HOSTS, MAX_BODY, SOCKET_NAME, TOKEN_NAME } from './protocol.js';
import { readBody } from './request-body.js';
import { route } from './routes.js';

const MAX_CONNECTIONS = 1000;
/** bytes: the address of a question may name 10000 daemons. Only root comes this far. */
const MAX_HEAD = 1024 * 1024;
const HEADERS_TIMEOUT = 5_000;
const REQUEST_TIMEOUT = 10_000;

export interface ControlServer {
  close(): Promise<void>;
}

/** Call only while holding the lock `control`: a socket that lies there is a dead watcher's. */
export async function serveControl(runtime: string, service: ControlService, log: Log): Promise<ControlServer> {
  ensureDirectory(runtime, 0o755);
  const token = randomBytes(24).toString('base64url');
  const socketPath = join(runtime, SOCKET_NAME);
  const tokenPath = join(runtime, TOKEN_NAME);
  fs.rmSync(socketPath, { force: true });
  writeAtomic(tokenPath, `${token}\n`, { durable: false, mode: 0o600 });

  const server = createServer({ maxHeaderSize: MAX_HEAD, requestTimeout: REQUEST_TIMEOUT, headersTimeout: HEADERS_TIMEOUT }, (request, response) => {
    answer(request, response, token, service).catch((error: unknown) => {
      if (errorCode(error) === 'ECONNRESET') {
        log.debug({ url: request.url?.slice(0, 200) }, 'a client has left before its request was complete');
        return;
      }
      log.error({ error: String(error), url: request.url?.slice(0, 200) }, 'a control request failed');
      if (response.headersSent) response.destroy();
      else refuse(response, 500, 'internal error: see the watcher\'s log');
    });
  });
  server.maxConnections = MAX_CONNECTIONS;
  await listenPrivately(server, socketPath);
  return {
    close: async () => {
      fs.rmSync(socketPath, { force: true });
      fs.rmSync(tokenPath, { force: true });
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, token: string, service: ControlService): Promise<void> {
  const host = (request.headers.host ?? '').replace(/:\d+$/, '');
  if (!ALLOWED_HOSTS.includes(host)) { refuse(response, 403, `host ${JSON.stringify(host.slice(0, 80))} is not allowed; use http://localhost/`); return; }
  if (request.headers.origin !== undefined) { refuse(response, 403, 'requests of web pages are not served here'); return; }
  // "//" and the like, which Node's parser lets through.
  const target = request.url ?? '/';
  if (!URL.canParse(target, 'http://localhost')) { refuse(response, 400, `${JSON.stringify(target.slice(0, 80))} is no path`); return; }
  const url = new URL(target, 'http://localhost');
  const found = route(request.method ?? '', url.pathname);
  if (found.kind === 'refused') { refuse(response, found.status, found.why); return; }
  if (found.changes && !isToken(request.headers.authorization, token)) {
    refuse(response, 401, `a request that changes something needs "Authorization: Bearer TOKEN", from the file ${TOKEN_NAME} beside the socket`); return;
  }
  const body = await readBody(request, found.heldBack);
  if (body === undefined) { refuse(response, 413, `the body has more than ${MAX_BODY} bytes, or does not say how many`); return; }
  try {
    await found.respond(service, { url, body: body.text, confirmed: body.confirmed, request, response });
  } catch (error) {
    if (!(error instanceof WatchkeeperError) || response.headersSent) throw error;
    refuse(response, 409, error.message, error.code);
  }
}

function isToken(header: string | undefined, token: string): boolean {
  const given = Buffer.from(header ?? '');
  const wanted = Buffer.from(`Bearer ${token}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

function refuse(response: ServerResponse, status: number, why: string, code: WatchkeeperError['code'] = 'USAGE'): void {
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
  response.end(`${JSON.stringify({ error: { code, message: why } })}\n`);
}
