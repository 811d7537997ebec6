/** The shipped catalogue knows Ganeti's daemons' own words: as Debian's 3.0.2 printed them on a real node. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';

import { configurationFromText } from '../../src/adapters/config/load.js';
import { explainRefusal, type RefusalCode } from '../../src/core/refusal.js';

const SHIPPED = path.resolve(import.meta.dirname, '../../etc/watchkeeper/ganeti.yaml');

const SAID: readonly (readonly [RefusalCode | undefined, string])[] = [
  ['not-configured', "SSL certificate file '/var/lib/ganeti/server.pem' was not found\n"],
  ['not-configured', "Cluster configuration incomplete: 'Can't read ssconf file /var/lib/ganeti/ssconf_master_node: [Errno 2] No such file or directory: '/var/lib/ganeti/ssconf_master_node''\n"],
  ['not-configured', 'ganeti-mond pid=33/ThreadId 1 NOTICE ganeti-mond daemon shutdown\nganeti-mond: /var/lib/ganeti/hmac.key: openBinaryFile: does not exist (No such file or directory)\n'],
  ['wrong-user', 'ganeti-rapi started using wrong user ID (0), expected 105\n'],
  ['no-quorum', 'No voting RPC result from ["node1.example.org"]\nFailed to verify master status: Couldn\'t gather voting results of enough nodes\n'],
  ['no-quorum', 'No voting RPC result from ["node1.example.org"]\n'],
  ['address-taken', '    self.socket.bind((self.local_address, self.port))\nOSError: [Errno 98] Address already in use\n'],
  ['address-taken', "Error when starting daemon process: b'Socket-related error: Address already in use (errno=98)'\n"],
  ['address-taken', 'Error when starting the daemon process: Network.Socket.bind: resource busy (Address already in use)\n'],
  ['address-taken', 'No voting RPC result from ["node2.example.org"]\nganeti-luxid: Network.Socket.bind: resource busy (Address already in use)\n'],
  [undefined, 'Not master, exiting.\n'],
  [undefined, 'ganeti-kvmd pid=145/ThreadId 3 INFO KVM not enabled, exiting\n'],
];

describe("the shipped catalogue's refusals", () => {
  const { group } = configurationFromText(SHIPPED, readFileSync(SHIPPED, 'utf8'), {}).catalogue;

  for (const [code, output] of SAID) {
    it(`take "${output.trim().slice(-60)}" for ${code ?? 'nothing known'}`, () => {
      expect(explainRefusal({ output, rules: group.refusals ?? [], holders: () => [] })?.code).to.equal(code);
    });
  }

  it('tell those apart that did not get an answer from those that were outvoted', () => {
    const reason = (output: string): string | undefined => explainRefusal({ output, rules: group.refusals ?? [], holders: () => [] })?.reason;
    expect(reason('No voting RPC result from ["a"]\nCouldn\'t gather voting results of enough nodes')).to.include('too few nodes');
    expect(reason('No voting RPC result from ["a"]\nVoting cannot be won by "a", valid votes of 3')).to.include('another master');
  });
});
