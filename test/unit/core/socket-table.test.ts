import { expect } from 'chai';

import { listenerInodes, tablesOf } from '../../../src/core/socket-table.js';

/** As Linux 6.1 prints them. */
const TCP = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0000000000000000 100 0 0 10 0
   1: 0100007F:9C40 0100007F:0050 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0000000000000000 20 4 30 10 -1
  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1 0000000000000000 100 0 0 10 0
`;
const UNIX = `Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0001 01 5001 /run/x.sock
0000000000000000: 00000003 00000000 00000000 0001 03 5002 /run/y.sock
0000000000000000: 00000002 00000000 00010000 0001 01 5003
`;

describe('the tables of sockets', () => {
  const tcp = (port: number) => listenerInodes({ kind: 'tcp', host: '127.0.0.1', port }, TCP);
  const unix = (path: string) => listenerInodes({ kind: 'unix', path }, UNIX);

  it('tell who listens on a port, of IPv4 and IPv6', () => {
    expect([tcp(8080), tcp(22)]).to.deep.equal([['4711'], ['4713']]);
  });

  it('do not take a connection for a listener, nor the other end for this one', () => {
    expect([tcp(40_000), tcp(80), tcp(0)]).to.deep.equal([[], [], []]);
  });

  it('tell who has a UDP port', () => {
    const table = TCP.replace(' 0A 0000', ' 07 0000');
    expect(listenerInodes({ kind: 'port', protocol: 'udp', port: 8080 }, table)).to.deep.equal(['4711']);
    expect(listenerInodes({ kind: 'port', protocol: 'tcp', port: 8080 }, table)).to.deep.equal([]);
  });

  it('are those of both families', () => {
    expect(tablesOf({ kind: 'tcp', host: '::1', port: 1 })).to.deep.equal(['tcp', 'tcp6']);
    expect(tablesOf({ kind: 'port', protocol: 'udp', port: 1 })).to.deep.equal(['udp', 'udp6']);
    expect(tablesOf({ kind: 'unix', path: '/x' })).to.deep.equal(['unix']);
  });

  it('tell who listens on a path', () => {
    expect([unix('/run/x.sock'), unix('/run/y.sock'), unix('/run')]).to.deep.equal([['5001'], [], []]);
  });
});
