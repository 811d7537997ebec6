/** Looks that nobody could take: neither good nor bad. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';

import { execLook } from '../../../../src/adapters/health/exec.js';
import { OutputSearch } from '../../../../src/adapters/health/output.js';
import { ROOT_ONLY } from '../../../../src/adapters/sysv/trusted-path.js';
import type { Runner, RunResult } from '../../../../src/ports/runner.js';
import { daemonSpec } from '../../../support/daemon-spec.js';

function answering(exit: RunResult['exit'], stderr: string): Runner {
  return { run: () => Promise.resolve({ exit, stdout: '', stderr, timedOut: false }) };
}

describe('adapters/health: what nobody could see', () => {
  it('a program that was not run says nothing of the daemon', async () => {
    const look = (exit: RunResult['exit'], stderr: string): ReturnType<typeof execLook> => execLook(daemonSpec({ name: 'd' }), ['/bin/true'], 1000, {}, { runner: answering(exit, stderr), trust: ROOT_ONLY });
    expect(await look({ kind: 'unknown' }, 'Failed to connect to bus')).to.deep.equal({ healthy: undefined, reason: 'not looked at: Failed to connect to bus' });
    expect(await look({ kind: 'exited', status: 1 }, '')).to.include({ healthy: false });
    const lacking: Runner = { run: () => Promise.resolve({ exit: { kind: 'exited', status: 127 }, lacking: true, stdout: '', stderr: 'cannot run /bin/true: EAGAIN', timedOut: false }) };
    expect(await execLook(daemonSpec({ name: 'd' }), ['/bin/true'], 1000, {}, { runner: lacking, trust: ROOT_ONLY })).to.deep.equal({ healthy: undefined, reason: 'not looked at: cannot run /bin/true: EAGAIN' });
    expect(await look({ kind: 'exited', status: 0 }, '')).to.include({ healthy: true });
  });

  it('output that cannot be read is not free of a text; output that is not there is', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'wk-output-'));
    try {
      expect(await new OutputSearch(directory, 'FATAL', 0).look()).to.include({ healthy: undefined });
      expect(await new OutputSearch(join(directory, 'none'), 'FATAL', 0).look()).to.include({ healthy: true });
      writeFileSync(join(directory, 'out'), 'FATAL');
      expect(await new OutputSearch(join(directory, 'out'), 'FATAL', 0).look()).to.include({ healthy: false });
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
