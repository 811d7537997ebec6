import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { removeGroups } from '../support/control-groups.js';
import { Cleanups } from '../support/eventually.js';
import { makeDirectory } from '../support/host-fixture.js';

const SCENARIO = fileURLToPath(new URL('../fixtures/pid-reuse.ts', import.meta.url));

describe('a pid that was given to somebody else', function () {
  this.timeout(30_000);
  const cleanups = new Cleanups();
  before(function () {
    // Needs a pid namespace of its own, whose next pid can be chosen.
    if (process.geteuid?.() !== 0 || !existsSync('/usr/bin/unshare') || !existsSync('/proc/sys/kernel/ns_last_pid')) this.skip();
  });
  afterEach(() => cleanups.run());

  it('is neither believed nor signalled, although program and user are the same', async () => {
    const directory = makeDirectory(cleanups);
    cleanups.add(() => removeGroups(join(directory, 'run')));
    const words = ['--fork', '--pid', '--mount-proc', '--kill-child', process.execPath, '--import', 'tsx', SCENARIO, directory];
    const { stdout } = await promisify(execFile)('/usr/bin/unshare', words, { timeout: 25_000, killSignal: 'SIGKILL' });
    expect(JSON.parse(stdout)).to.deep.equal({
      reused: true,
      alive: false,
      signal: 'gone',
      proof: 'foreign',
      observed: 'stopped',
      stop: true,
      start: true,
      strangerLives: true,
      strangerLivesAfterStop: true,
    });
  });
});
