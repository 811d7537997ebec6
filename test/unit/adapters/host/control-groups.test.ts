import { expect } from 'chai';
import { directoryOf, parseHierarchy, parseMembership } from '../../../../src/adapters/host/control-groups.js';

const V1 = '32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu';

describe('control groups', () => {
  it('finds the version 2 hierarchy beside version 1, alone, and with optional fields', () => {
    expect(parseHierarchy(`${V1}\n41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n`)).to.deep.equal({
      mountPoint: '/sys/fs/cgroup/unified',
      root: '/',
      writable: true,
    });
    expect(parseHierarchy('30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 master:2 - cgroup2 cgroup2 rw,nsdelegate\n')?.writable).to.equal(true);
    expect(parseHierarchy(`${V1}\n`)).to.equal(undefined);
    expect(parseHierarchy('')).to.equal(undefined);
  });

  it('tells a read-only one, and prefers one that can be written', () => {
    const readOnly = '30 23 0:26 / /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw';
    expect(parseHierarchy(readOnly)?.writable).to.equal(false);
    expect(parseHierarchy('30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup ro')?.writable).to.equal(false);
    expect(parseHierarchy(`${readOnly}\n50 23 0:26 / /mnt/my\\040groups rw - cgroup2 cgroup rw`)).to.deep.equal({ mountPoint: '/mnt/my groups', root: '/', writable: true });
  });

  it('reads a membership whatever its name', () => {
    expect(parseMembership('9:name=systemd:/x\n0::/a b/c:d\n')).to.equal('/a b/c:d');
    expect(parseMembership('9:name=systemd:/x\n')).to.equal(undefined);
    expect(parseMembership('0::/gone (deleted)\n')).to.equal(undefined);
    expect(parseMembership('')).to.equal(undefined);
  });

  it('maps a group to its directory only where the mount shows it', () => {
    const whole = { mountPoint: '/sys/fs/cgroup', root: '/', writable: true };
    const part = { ...whole, root: '/docker/abc' };
    expect(directoryOf(whole, '/x/y')).to.equal('/sys/fs/cgroup/x/y');
    expect(directoryOf(whole, '/')).to.equal('/sys/fs/cgroup');
    expect(directoryOf(part, '/docker/abc/y')).to.equal('/sys/fs/cgroup/y');
    expect(directoryOf(part, '/docker/abc')).to.equal('/sys/fs/cgroup');
    expect(directoryOf(part, '/docker/abcd')).to.equal(undefined);
    expect(directoryOf(whole, '/../other')).to.equal(undefined);
  });
});
