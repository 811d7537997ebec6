/** The kernel's tables of sockets: who listens where, by inode of the socket (proc(5)). */
import type { Address } from './refusal.js';

/** Of the kernel's tcp_states.h: a listening TCP socket, a UDP socket that anybody may write to. */
const OPEN = { tcp: '0A', udp: '07' } as const;
/** __SO_ACCEPTCON: a UNIX socket that listens. */
const ACCEPTS = 0x10000;

/** Names of the tables in /proc/PID/net that tell of an address. */
export function tablesOf(address: Address): readonly string[] {
  if (address.kind === 'unix') return ['unix'];
  const protocol = protocolOf(address);
  return [protocol, `${protocol}6`];
}

function protocolOf(address: Exclude<Address, { kind: 'unix' }>): 'tcp' | 'udp' {
  return address.kind === 'port' ? address.protocol : 'tcp';
}

/**
 * @param table those of tablesOf, one after the other
 * @returns the inodes of the sockets that listen on the address. A port counts on whatever
 *   address: who has it elsewhere is worth knowing of, too.
 */
export function listenerInodes(address: Address, table: string): readonly string[] {
  return inodes(address, table).filter((inode) => /^[0-9]+$/.test(inode));
}

function inodes(address: Address, table: string): readonly string[] {
  const rows = table.split('\n').map((line) => line.trim().split(/\s+/));
  if (address.kind === 'unix') {
    return rows.flatMap(([, , , flags = '', , , inode = '', name]) => (name === address.path && (Number.parseInt(flags, 16) & ACCEPTS) !== 0 ? [inode] : []));
  }
  const port = `:${address.port.toString(16).toUpperCase().padStart(4, '0')}`;
  const open = OPEN[protocolOf(address)];
  return rows.flatMap(([, local = '', , state, , , , , , inode = '']) => (state === open && local.endsWith(port) ? [inode] : []));
}
