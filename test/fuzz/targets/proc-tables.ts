/** What else the kernel tells by text: control groups, sockets, mounts. */
import { readFileSync } from 'node:fs';

import { expect } from 'chai';

import { directoryOf, parseHierarchy, parseMembership } from '../../../src/adapters/host/control-groups.js';
import type { Address } from '../../../src/core/refusal.js';
import { listenerInodes } from '../../../src/core/socket-table.js';
import { hostile } from '../bytes.js';
import type { Target } from '../target.js';

const ADDRESSES: readonly Address[] = [
  { kind: 'port', protocol: 'tcp', port: 22 },
  { kind: 'port', protocol: 'udp', port: 0 },
  { kind: 'unix', path: '/run/x y.sock' },
];
const SAMPLES = ['/proc/self/mountinfo', '/proc/self/cgroup', '/proc/net/tcp', '/proc/net/unix'].map((file) => readFileSync(file).subarray(0, 16_384));
const GROUP = '30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n31 23 0:27 /a\\040b /mnt/c\\134d ro - cgroup2 none rw\n0::/system.slice/x.service\n0::/gone (deleted)\n';
const SOCKETS = '  sl  local_address rem_address   st\n   0: 0100007F:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12345 1 0\nffff: 00000002 00000000 00010000 0001 01 4711 /run/x y.sock\n';

export const target: Target = {
  inputs: hostile([...SAMPLES, GROUP, SOCKETS], 200_000),
  batch: 200,
  open: () => ({
    try(input) {
      const text = input.toString('utf8');
      const hierarchy = parseHierarchy(text);
      const group = parseMembership(text);
      if (group !== undefined) expect(group).to.match(/^\//);
      const directory = hierarchy === undefined ? undefined : directoryOf(hierarchy, group ?? '/a/b');
      if (directory !== undefined) expect(directory.split('/')).to.not.include('..');
      for (const address of ADDRESSES) for (const inode of listenerInodes(address, text)) expect(inode).to.match(/^\d+$/);
    },
  }),
};
