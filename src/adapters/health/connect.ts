/** One attempt to connect: somebody accepts, or why nobody does. */
import { createConnection, type NetConnectOpts } from 'node:net';
import type { CheckResult } from '../../core/health.js';
import type { Clock } from '../../ports/clock.js';
import { errorCode } from '../host/error-code.js';

/** @param timeout ms */
export function tryConnect(address: NetConnectOpts, text: string, timeout: number, clock: Clock): Promise<CheckResult> {
  return new Promise((resolve) => {
    const socket = createConnection(address);
    const end = (result: CheckResult): void => {
      timer.cancel();
      socket.destroy();
      resolve(result);
    };
    const timer = clock.after(timeout, () => end({ healthy: false, reason: `${text} does not answer` }));
    socket.once('connect', () => end({ healthy: true, reason: `${text} accepts connections` }));
    socket.on('error', (error) => end({ healthy: false, reason: `${text} accepts no connections: ${errorCode(error) ?? error.message}` }));
  });
}
