/** The history on a disk that is full for a while. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const FIXTURE = fileURLToPath(new URL('../fixtures/history-on-full-disk.ts', import.meta.url));

describe('the history on a full disk', function () {
  this.timeout(60_000);

  it('has a gap, complains once, and tells the truth about the present as soon as there is room', function () {
    if (process.geteuid?.() !== 0) this.skip();
    const directory = mkdtempSync(join(tmpdir(), 'wk-full-'));
    try {
      // In a mount namespace of its own, which ends with it.
      const script = 'mount -t tmpfs -o size=64k,mode=0755 none "$1" && exec "$2" --import=tsx/esm "$3" "$1"';
      const { status, stdout, stderr } = spawnSync('/usr/bin/unshare', ['--mount', '/bin/sh', '-c', script, 'sh', directory, process.execPath, FIXTURE], { encoding: 'utf8', timeout: 50_000 });
      if (status !== 0 && /unshare failed|permission denied/i.test(stderr)) this.skip();
      expect(status, stderr).to.equal(0);
      expect(JSON.parse(stdout)).to.deep.equal({ full: 'ENOSPC', complaints: 1, web: ['running', 'given-up'], mail: ['running', 'stopped'] });
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
