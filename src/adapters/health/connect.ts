/** One attempt to connect: somebody accepts, or why nobody does. */
import { createConnection, type NetConnectOpts } from 'node:net';
import type { LookResult, Unseen } from '../../core/health.js';
import type { Clock } from '../../ports/clock.js';
import { errorCode, isShortage } from '../host/error-code.js';

/** @param timeout ms */
export function tryConnect(address: NetConnectOpts, text: string, timeout: number, clock: Clock): Promise<LookResult> {
  return new Promise((resolve) => {
    const socket = createConnection(address);
    const end = (result: LookResult): void => {
      timer.cancel();
      socket.destroy();
      resolve(result);
    };
    const timer = clock.after(timeout, () => end({ healthy: false, reason: `${text} does not answer` }));
    socket.once('connect', () => end({ healthy: true, reason: `${text} accepts connections` }));
    socket.on('error', (error) => end(unseen(error, text) ?? { healthy: false, reason: `${text} accepts no connections: ${errorCode(error) ?? error.message}` }));
  });
}

/**
 * Where it was not the other side that failed: nobody has looked. EAGAIN is not among
 * these: a UNIX socket whose queue is full answers so.
 */
export function unseen(error: Error, text: string): Unseen | undefined {
  const code = errorCode(error);
  return code !== undefined && isShortage(code) ? { healthy: undefined, reason: `not looked at: cannot connect to ${text}: ${code}` } : undefined;
}
