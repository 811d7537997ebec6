import { chmodSync, copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { assembleDirect } from '../../src/adapters/sysv/assemble.js';
import { HostClock } from '../../src/adapters/host/clock.js';
import type { DaemonSpec } from '../../src/core/daemon.js';
import type { Prepared } from '../../src/ports/start-preparation.js';
import { daemonSpec } from '../support/daemon-spec.js';
import { Cleanups } from '../support/eventually.js';
import { makeDirectory, TEST_GROUP } from '../support/host-fixture.js';

describe('start preparation', () => {
  const cleanups = new Cleanups();
  let directory: string;
  beforeEach(() => {
    directory = makeDirectory(cleanups);
  });
  afterEach(() => cleanups.run());

  function prepare(overrides: Partial<DaemonSpec>, trustSticky = true): Prepared {
    const group = { ...TEST_GROUP, environmentFile: join(directory, 'env') };
    const trust = { owners: [process.geteuid?.() ?? 0], sticky: trustSticky };
    const parts = assembleDirect({ kind: 'built-in', group, paths: { runtime: join(directory, 'run') }, clock: new HostClock(), trust });
    return parts.preparation.prepare(daemonSpec({ name: 'd', ...overrides }));
  }

  it('takes arguments and variables from the environment file, the daemon’s own last', () => {
    writeFileSync(join(directory, 'env'), `D_ARGS="--one 'two words'"\nEXTRA="--three"\nSHARED=file\n`);
    const prepared = prepare({ argumentVariables: ['EXTRA', 'D_ARGS', 'UNSET'], environment: { SHARED: 'own' } });
    expect(prepared).to.deep.equal({
      kind: 'ready',
      variableArguments: ['--three', '--one', 'two words'],
      environment: { D_ARGS: "--one 'two words'", EXTRA: '--three', SHARED: 'own' },
    });
  });

  it('does without an environment file, but not with one that is wrong', () => {
    expect(prepare({}).kind).to.equal('ready');
    writeFileSync(join(directory, 'env'), 'GOOD=1\nthis is $(no) data\n');
    const prepared = prepare({});
    expect(prepared.kind === 'failed' && prepared.reason).to.include(`${join(directory, 'env')}:2:`);
  });

  it('tells a missing, a foreign and a non-executable program apart', () => {
    expect(prepare({ executable: join(directory, 'none') })).to.include({ kind: 'failed', code: 'not-installed' });
    expect(prepare({ executable: directory })).to.include({ kind: 'failed', code: 'not-installed' });
    copyFileSync('/usr/bin/true', join(directory, 'd'));
    chmodSync(join(directory, 'd'), 0o644);
    expect(prepare({ executable: join(directory, 'd') })).to.include({ kind: 'failed', code: 'permission' });
  });

  it('does not let root run what others may write', function () {
    if (process.geteuid?.() !== 0) this.skip();
    copyFileSync('/usr/bin/true', join(directory, 'd'));
    chmodSync(join(directory, 'd'), 0o755);
    expect(prepare({ executable: join(directory, 'd') }).kind).to.equal('ready');
    chmodSync(join(directory, 'd'), 0o775);
    expect(prepare({ executable: join(directory, 'd') })).to.include({ kind: 'failed', code: 'permission' });
  });

  it('removes a stale pid file, whatever is in it', () => {
    const pidFile = join(directory, 'd.pid');
    for (const text of ['', 'rubbish', '99999999999\n', '1\n']) {
      writeFileSync(pidFile, text);
      expect(prepare({ pidFile }).kind, JSON.stringify(text)).to.equal('ready');
      expect(existsSync(pidFile)).to.equal(false);
    }
  });

  it('asks the conditions first', () => {
    const here = join(directory, 'here');
    mkdirSync(here);
    expect(prepare({ conditions: [{ kind: 'path-missing', path: here }], executable: '/nonexistent' }).kind).to.equal('skipped');
    expect(prepare({ conditions: [{ kind: 'path-exists', path: here }] }).kind).to.equal('ready');
  });
});
