/** The body of a request: whole, or all but the last byte, by which its client confirms that it still waits. */
import type { IncomingMessage } from 'node:http';

import { MAX_BODY } from './protocol.js';

export interface RequestBody {
  readonly text: string;
  /** Whether what was held back has come; false: the client has left. */
  readonly confirmed: Promise<boolean>;
}

/**
 * @param heldBack how many bytes at the end are left out, and not waited for
 * @returns undefined: it is too long, or too short for that
 * @throws ECONNRESET: the client has left before
 */
export function readBody(request: IncomingMessage, heldBack: 0 | 1): Promise<RequestBody | undefined> {
  const announced = Number(request.headers['content-length']);
  if (heldBack > 0 && !(announced > heldBack)) return Promise.resolve(undefined);
  const chunks: Buffer[] = [];
  let length = 0;
  return new Promise((resolve, reject) => {
    const confirmed = new Promise<boolean>((settle) => {
      request.once('end', () => settle(true)).once('close', () => settle(false));
    });
    const enough = (): void => resolve({ text: Buffer.concat(chunks).subarray(0, length).toString('utf8'), confirmed });
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > MAX_BODY) resolve(undefined);
      else chunks.push(chunk);
      if (heldBack === 0 || length < announced - heldBack) return;
      length = announced - heldBack;
      enough();
    });
    request.once('end', enough).once('error', reject);
    request.once('close', () => reject(Object.assign(new Error('the client has left'), { code: 'ECONNRESET' })));
  });
}
