/**
 * One GET over TCP or a UNIX socket, with TLS or without. Only the status line
 * counts: the body is not read, redirections are not followed.
 */
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { RequestOptions } from 'node:https';
import type { HttpCheck } from '../../core/check-method.js';
import { escapeControl } from '../../core/escape.js';
import type { LookResult } from '../../core/health.js';
import type { Clock } from '../../ports/clock.js';
import { errorCode } from '../host/error-code.js';
import { unseen } from './connect.js';

/** @param timeout ms for all of it: name, connection, TLS, answer */
export async function httpLook(check: HttpCheck, timeout: number, clock: Clock): Promise<LookResult> {
  const deadline = clock.monotonic() + timeout;
  const url = new URL(check.url);
  const secure = url.protocol === 'https:';
  // TLS costs memory: it is loaded where it is used.
  const { request } = secure ? await import('node:https') : await import('node:http');
  const options: RequestOptions = {
    method: 'GET',
    // No pool: each look tries the daemon as a new client would.
    agent: false,
    headers: { 'user-agent': 'watchkeeper', accept: '*/*', connection: 'close' },
    ...(check.socket === undefined ? {} : { socketPath: check.socket }),
    ...(secure ? { rejectUnauthorized: check.verify } : {}),
  };
  return new Promise((resolve) => {
    let asked: ClientRequest | undefined;
    const end = (result: LookResult): void => {
      timer.cancel();
      asked?.destroy();
      resolve(result);
    };
    const where = check.socket === undefined ? check.url : `${check.url} at ${check.socket}`;
    const timer = clock.after(Math.max(1, deadline - clock.monotonic()), () => end({ healthy: false, reason: `${where} does not answer within ${Math.round(timeout)} ms` }));
    const failed = (error: Error): void => end(unseen(error, where) ?? { healthy: false, reason: `${where}: ${escapeControl(errorCode(error) ?? error.message, 200)}` });
    try {
      asked = request(url, options, (response: IncomingMessage) => {
        const status = response.statusCode ?? 0;
        const healthy = check.status === undefined ? status >= 200 && status < 400 : check.status === 'any' || status === check.status;
        end({ healthy, reason: `${where} answers ${status}` });
      });
      asked.on('error', failed);
      asked.end();
    } catch (error) {
      // Headers or paths that Node refuses to send.
      failed(error instanceof Error ? error : new Error(String(error)));
    }
  });
}
