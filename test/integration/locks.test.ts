import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { HostClock } from '../../src/adapters/host/clock.js';
import { HostLocks } from '../../src/adapters/host/locks.js';
import { WatchkeeperError } from '../../src/core/errors.js';
import type { LockResult } from '../../src/ports/locks.js';
import { Cleanups } from '../support/eventually.js';
import { makeDirectory } from '../support/host-fixture.js';
import { isLive } from '../support/proc.js';

const HOLDER = fileURLToPath(new URL('../fixtures/hold-lock.ts', import.meta.url));

function held(result: LockResult): () => void {
  if (!result.ok) throw new Error(`not got: ${result.heldBy}`);
  return () => result.lock.release();
}

describe('locks', function () {
  this.timeout(20_000);
  const cleanups = new Cleanups();
  let runtime: string;
  let locks: HostLocks;
  beforeEach(() => {
    runtime = join(makeDirectory(cleanups), 'run');
    locks = new HostLocks(runtime, new HostClock());
  });
  afterEach(() => cleanups.run());

  async function startHolder(name: string): Promise<{ child: ChildProcess; heir: number }> {
    const child = spawn(process.execPath, ['--import', 'tsx', HOLDER, runtime, name], { stdio: ['ignore', 'pipe', 'inherit'] });
    cleanups.add(() => void child.kill('SIGKILL'));
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const { ok, heir } = JSON.parse(line.toString()) as { ok: boolean; heir: number };
    cleanups.add(() => void process.kill(heir, 'SIGKILL'));
    expect(ok).to.equal(true);
    return { child, heir };
  }

  it('exclude within one process, and are free after release', async () => {
    const release = held(await locks.acquire('a', { timeout: 100, purpose: 'first' }));
    const second = await locks.acquire('a', { timeout: 100, purpose: 'second' });
    expect(!second.ok && second.heldBy).to.match(new RegExp(`^first \\(pid ${process.pid}\\) since `));
    held(await locks.acquire('b', { timeout: 100, purpose: 'another name' }))();
    release();
    held(await locks.acquire('a', { timeout: 100, purpose: 'third' }))();
  });

  it('let readers in together, and no writer with them', async () => {
    const one = held(await locks.acquire('a', { timeout: 100, purpose: 'r1', shared: true }));
    const two = held(await locks.acquire('a', { timeout: 100, purpose: 'r2', shared: true }));
    expect((await locks.acquire('a', { timeout: 50, purpose: 'w' })).ok).to.equal(false);
    one();
    two();
    held(await locks.acquire('a', { timeout: 100, purpose: 'w' }))();
  });

  it('come to who waits as soon as they are free', async () => {
    const release = held(await locks.acquire('a', { timeout: 100, purpose: 'first' }));
    const waiting = locks.acquire('a', { timeout: 10_000, purpose: 'second' });
    const before = performance.now();
    setTimeout(release, 200);
    held(await waiting)();
    expect(performance.now() - before).to.be.within(150, 5000);
  });

  it('give up at the deadline and not before', async () => {
    const release = held(await locks.acquire('a', { timeout: 100, purpose: 'first' }));
    const before = performance.now();
    expect((await locks.acquire('a', { timeout: 300, purpose: 'second' })).ok).to.equal(false);
    expect(performance.now() - before).to.be.within(290, 10_000);
    release();
  });

  it('name a holder in another process, escaped; are freed by its kill -9, and not kept by what it started', async () => {
    const { child, heir } = await startHolder('a');
    const loser = await locks.acquire('a', { timeout: 50, purpose: 'me' });
    expect(!loser.ok && loser.heldBy).to.include(`hold\\e[31m-lock (pid ${child.pid ?? 0})`);
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    expect(isLive(heir), 'the process that the holder started').to.equal(true);
    held(await locks.acquire('a', { timeout: 1000, purpose: 'me' }))();
  });

  it('are private files; a link in their place is refused', async () => {
    held(await locks.acquire('a', { timeout: 100, purpose: 'x' }))();
    expect(statSync(join(runtime, 'lock')).mode & 0o777).to.equal(0o700);
    expect(statSync(join(runtime, 'lock', 'a')).mode & 0o777).to.equal(0o600);
    writeFileSync(join(runtime, 'victim'), 'precious');
    symlinkSync('../victim', join(runtime, 'lock', 'b'));
    const error = await locks.acquire('b', { timeout: 100, purpose: 'x' }).then(() => undefined, (reason: unknown) => reason);
    expect(error).to.be.instanceOf(WatchkeeperError);
    expect(statSync(join(runtime, 'victim')).size).to.equal(8);
  });

  it('refuse names that leave the directory, and say so where flock(1) is missing', async () => {
    for (const name of ['../a', 'a/b', '.a', '', 'a\n', 'x'.repeat(200)]) {
      const error = await locks.acquire(name, { timeout: 10, purpose: 'x' }).then(() => undefined, (reason: unknown) => reason);
      expect(error, JSON.stringify(name)).to.be.instanceOf(WatchkeeperError);
    }
    const without = new HostLocks(runtime, new HostClock(), '/nonexistent/flock');
    const error = await without.acquire('a', { timeout: 10, purpose: 'x' }).then(() => undefined, (reason: unknown) => reason);
    expect(error).to.be.instanceOf(WatchkeeperError);
    expect((error as Error).message).to.include('/nonexistent/flock is missing');
  });

  it('leave no descriptor behind', async () => {
    held(await locks.acquire('a', { timeout: 100, purpose: 'warm up' }))();
    const before = readdirSync('/proc/self/fd').length;
    for (let round = 0; round < 5; round += 1) {
      const release = held(await locks.acquire('a', { timeout: 100, purpose: 'x' }));
      await locks.acquire('a', { timeout: 0, purpose: 'y' });
      release();
    }
    expect(readdirSync('/proc/self/fd').length).to.be.at.most(before + 1);
  });
});
