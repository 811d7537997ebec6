/**
 * Whether somebody has a socket at a port, as the kernel's own table has it:
 * whatever address it is bound to, without a connection that the daemon would
 * have to answer and might log, and for UDP as well, which has no connections.
 */
import * as fs from 'node:fs';
import type { PortCheck } from '../../core/check-method.js';
import type { CheckResult } from '../../core/health.js';

/** Of proc_net(5): a listening TCP socket, a UDP socket that anybody may write to. */
const OPEN = { tcp: '0A', udp: '07' } as const;
const CHUNK = 64 * 1024;

/** @param tables where tcp, tcp6, udp and udp6 are */
export function portLook({ protocol, port }: PortCheck, tables = '/proc/self/net'): CheckResult {
  const text = `${protocol} port ${port}`;
  const healthy = [protocol, `${protocol}6`].some((table) => holds(`${tables}/${table}`, port, OPEN[protocol]));
  return { healthy, reason: healthy ? `${text} is open` : `nobody has ${text} open` };
}

/** Listeners come first in the table of TCP: what follows, a line for each connection, is not read in most cases. */
function holds(path: string, port: number, state: string): boolean {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  let fd: number;
  try {
    fd = fs.openSync(path, 'r');
  } catch (error) {
    // A kernel without IPv6 has no such table.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
  try {
    const buffer = Buffer.alloc(CHUNK);
    let rest = '';
    for (let size = fs.readSync(fd, buffer); size > 0; size = fs.readSync(fd, buffer)) {
      const lines = (rest + buffer.toString('latin1', 0, size)).split('\n');
      rest = lines.pop() ?? '';
      if (lines.some((line) => isOpen(line, wanted, state))) return true;
    }
    return false;
  } finally {
    fs.closeSync(fd);
  }
}

/** `  0: 0100007F:13D8 00000000:0000 0A …` */
function isOpen(line: string, port: string, wanted: string): boolean {
  const [, local, , state] = line.trim().split(/ +/);
  return state === wanted && local?.slice(local.lastIndexOf(':') + 1) === port;
}
