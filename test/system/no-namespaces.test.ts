/** The watcher's unit in a container whose process 1 may make no mount namespaces: systemd leaves out what needs one, and starts it. */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect } from 'chai';

import { startContainer, type Container } from '../support/containers/container.js';
import { daemonsRecipe, type Suite } from '../support/containers/recipe.js';
import { missingRequirement } from '../support/containers/requirements.js';

const TIMEOUT = 2_400_000;
const SYSTEMD = 'usr/lib/systemd/systemd';
/** As containers of others do it: unshare(CLONE_NEWNS) is EPERM, by a seccomp filter that all of the container inherits. */
const FILTERED = `#!/usr/bin/perl
my $filter = join '', map { pack 'SCCL', @$_ } [0x20, 0, 0, 0], [0x15, 0, 3, 272], [0x20, 0, 0, 16], [0x45, 0, 1, 0x20000], [6, 0, 0, 0x50001], [6, 0, 0, 0x7fff0000];
syscall(157, 22, 2, pack('SxxxxxxP', 6, $filter), 0, 0) == 0 or die "seccomp: $!";
exec '/${SYSTEMD}.real', @ARGV;
`;

describe('a container without mount namespaces', function () {
  this.timeout(TIMEOUT);
  const suites: readonly Suite[] = ['bookworm', 'trixie'];
  for (const suite of suites) {
    it(`has a watcher, and of its sandbox what needs none: ${suite}`, async function () {
      const missing = process.arch === 'x64' ? missingRequirement() : 'the numbers of system calls are those of x86-64';
      if (missing !== undefined) {
        console.log(`      skipped: ${missing}`);
        this.skip();
      }
      const container: Container = await startContainer({
        recipe: daemonsRecipe(suite),
        init: 'systemd',
        installed: true,
        prepare: (root) => {
          renameSync(join(root, SYSTEMD), join(root, `${SYSTEMD}.real`));
          writeFileSync(join(root, SYSTEMD), FILTERED, { mode: 0o755 });
        },
      });
      try {
        expect((await container.run(['/usr/bin/systemd-run', '--quiet', '--wait', '--pipe', '/usr/bin/unshare', '-m', 'true'])).status, 'there are none').to.equal(1);
        await container.write('/run/systemd/system/some.target', '[Unit]\nDescription=of a test\n');
        await container.write('/etc/watchkeeper/watchkeeper.yaml', 'group: {name: some, target: some.target}\ndaemons: {}\n');
        await container.must(['/usr/bin/systemctl', 'daemon-reload']);
        await container.must(['/usr/bin/systemctl', 'start', 'watchkeeper.service']);
        const pid = (await container.must(['/usr/bin/systemctl', 'show', '--property=MainPID', '--value', 'watchkeeper.service'])).trim();
        expect(await container.must(['/usr/bin/readlink', `/proc/${pid}/ns/mnt`])).to.equal(await container.must(['/usr/bin/readlink', '/proc/1/ns/mnt']));
        expect(await container.read(`/proc/${pid}/status`)).to.match(/^NoNewPrivs:\t1$/m).and.match(/^CapBnd:\t000000000008002a$/m);
        expect(await container.must(['/usr/sbin/watchkeeper', 'status'])).to.include('restart owner systemd');
      } finally {
        await container.stop();
      }
    });
  }
});
