/** A watcher whose begin meets a file system that takes nothing: it serves all the same, or it ends, so that it can be started again. */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

import { formatDesired, parseDesired } from '../../src/adapters/state/desired-state.js';
import { HostClock } from '../../src/adapters/host/clock.js';
import { eventually } from '../support/eventually.js';
import { procProcess } from '../support/proc.js';
import { buildOnce, DaemonUtilWorld } from '../support/daemon-util-world.js';

const BUNDLE = fileURLToPath(new URL('../../dist/watchkeeper.cjs', import.meta.url));

describe('the begin of a watcher with a daemon that runs', function () {
  this.timeout(60_000);
  let world: DaemonUtilWorld;
  before(buildOnce);
  beforeEach(async () => {
    world = new DaemonUtilWorld();
    world.add('web');
    world.write();
    expect((await world.run('start', 'web')).status).to.equal(0);
  });
  afterEach(async () => {
    await world.run('stop', 'web');
    await world.cleanups.run();
  });

  /** A rename over it fails, as one on a full file system does. */
  function block(name: string): () => void {
    const path = join(world.runtime, name);
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, 'x'), '');
    return () => rmSync(path, { recursive: true });
  }

  it('without a place for its sign of life: it serves', async () => {
    const unblock = block('watcher');
    const watcher = await world.watch();
    expect((await world.run('--verbose', 'check', 'web')).stderr).to.include('via the watcher');
    unblock();
    watcher.kill('SIGTERM');
    await watcher.ended;
  });

  describe('that is wanted down', () => {
    const pidOf = async (): Promise<number> => Number((await world.run('pid', 'web')).stdout);
    const status = async (): Promise<string> => (await world.run('--json', 'status', 'web')).stdout;
    const desired = (): string => join(world.state, 'desired/web');

    /** As one who is killed between the two: it is written down, and nothing is done. */
    function cutOff(): void {
      const record = parseDesired(readFileSync(desired(), 'utf8'));
      if (typeof record === 'string') throw new Error(record);
      writeFileSync(desired(), formatDesired({ ...record, desired: 'down', by: 'daemon-util stop web', uptime: new HostClock().monotonic() }));
    }

    it('as its stop was cut off: finishes that', async () => {
      const pid = await pidOf();
      cutOff();
      await world.watch();
      await eventually('it is gone', () => procProcess(pid) === undefined);
      await eventually('it is known to be stopped', async () => /"observed": ?"stopped"/.test(await status()));
      expect(await status()).to.include('stopped by daemon-util stop web; that was cut off, and is finished now');
    });

    it('as somebody started it since: leaves it alone', async () => {
      await world.run('stop', 'web');
      const stopped = readFileSync(desired(), 'utf8');
      await world.run('start', 'web');
      const pid = await pidOf();
      writeFileSync(desired(), stopped);
      const watcher = await world.watch();
      await new Promise((resolve) => setTimeout(resolve, 1000));
      expect(await pidOf()).to.equal(pid);
      expect(await status()).to.include('runs although it is wanted down');
      watcher.kill('SIGTERM');
      await watcher.ended;
    });
  });

  it('without a place for its token: it ends with the reason, the daemon runs, and the next one has control', async () => {
    const unblock = block('control.token');
    const failed = spawn(process.execPath, [BUNDLE, 'watchkeeper', 'run', '--config', world.config], { cwd: '/', env: { PATH: '/usr/bin:/bin' }, stdio: ['ignore', 'ignore', 'pipe'], timeout: 30_000, killSignal: 'SIGKILL' });
    let stderr = '';
    failed.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const [status, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => failed.once('close', (...how) => resolve(how)));
    expect(signal, `it hung: ${stderr}`).to.equal(null);
    expect(status).to.be.greaterThan(0);
    expect(stderr).to.match(/cannot write \S+control\.token/);
    unblock();
    const next = await world.watch();
    expect((await world.run('check', 'web')).status).to.equal(0);
    next.kill('SIGTERM');
    await next.ended;
  });
});
