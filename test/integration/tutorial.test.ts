/** docs/tutorial.md, typed in as it stands. */
import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdtempSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

import { removeGroups } from '../support/control-groups.js';
import { buildOnce, IS_ROOT } from '../support/daemon-util-world.js';

const BUNDLE = fileURLToPath(new URL('../../dist/watchkeeper.cjs', import.meta.url));
const PAGE = readFileSync(new URL('../../docs/tutorial.md', import.meta.url), 'utf8');

/** What knows this directory by its command line or its environment. */
function killAll(directory: string): void {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number)) {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8') + readFileSync(`/proc/${pid}/environ`, 'utf8');
      if (pid !== process.pid && words.includes(directory)) process.kill(pid, 'SIGKILL');
    } catch (error) {
      // It has ended meanwhile, or is somebody else's.
      if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    }
  }
}

describe('docs/tutorial.md', function () {
  this.timeout(180_000);
  let top: string;
  let shell: ChildProcess | undefined;

  before(() => buildOnce());
  beforeEach(() => {
    top = mkdtempSync(join(IS_ROOT ? '/var/lib' : tmpdir(), 'wk-tutorial-'));
    chmodSync(top, 0o755);
    mkdirSync(join(top, 'bin'));
    mkdirSync(join(top, 'shop'));
    for (const program of ['daemon-util', 'watchkeeper']) writeFileSync(join(top, 'bin', program), `#!/bin/sh\nexec ${process.execPath} ${BUNDLE} ${program} "$@"\n`, { mode: 0o755 });
  });
  afterEach(async () => {
    shell?.kill('SIGKILL');
    killAll(top);
    await removeGroups(join(top, 'shop/run'));
    rmSync(top, { recursive: true, force: true });
  });

  it('works, command by command, and leaves nothing running', async () => {
    const blocks = [...PAGE.matchAll(/^```sh\n([^]*?)^```$/gm)].map((match) => match[1] ?? '');
    expect(blocks).to.have.length.greaterThan(8);
    const script = ['set -eu', ...blocks, 'echo "the end"'].join('\n');
    writeFileSync(join(top, 'script'), script);
    const child = spawn('/bin/sh', [join(top, 'script')], {
      cwd: join(top, 'shop'),
      env: { PATH: `${join(top, 'bin')}:/usr/sbin:/usr/bin:/sbin:/bin`, LC_ALL: 'C.UTF-8', HOME: top },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    shell = child;
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    const status = await new Promise<number | null>((resolve) => {
      const guard = setTimeout(() => child.kill('SIGKILL'), 150_000);
      child.on('close', (code) => {
        clearTimeout(guard);
        resolve(code);
      });
    });
    expect(status, output.slice(-4000)).to.equal(0);
    expect(output).to.match(/the end\n$/);
    for (const part of ['└── till', 'till: crash-loop: ', 'once the cause is gone: watchkeeper reset till', 'the drawer is stuck', 'clock: new; start it by daemon-util start clock', 'stocktaking', 'it is down']) expect(output).to.include(part);
  });
});
