import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { HostClock } from '../../src/adapters/host/clock.js';
import { HostProcessTable } from '../../src/adapters/host/process-table.js';
import { HostAccounts } from '../../src/adapters/host/user.js';
import type { DaemonSpec } from '../../src/core/daemon.js';
import type { Timer } from '../../src/ports/clock.js';
import { daemonSpec } from '../support/daemon-spec.js';
import { Cleanups, eventually } from '../support/eventually.js';
import { DAEMON_PROGRAM, makeDirectory } from '../support/host-fixture.js';
import { isLive, procProcess } from '../support/proc.js';

class CountingClock extends HostClock {
  armed = 0;
  override after(ms: number, callback: () => void): Timer {
    this.armed += 1;
    let open = true;
    const close = (): void => {
      if (open) this.armed -= 1;
      open = false;
    };
    const timer = super.after(ms, () => {
      close();
      callback();
    });
    return {
      cancel: () => {
        close();
        timer.cancel();
      },
    };
  }
}

describe('process table', function () {
  this.timeout(15_000);
  const cleanups = new Cleanups();
  let clock: CountingClock;
  let table: HostProcessTable;
  let offset: number;
  beforeEach(() => {
    clock = new CountingClock();
    offset = Infinity;
    table = new HostProcessTable(clock, new HostAccounts(), { smallest: () => Math.min(offset, Date.now() - clock.monotonic()) });
  });
  afterEach(() => cleanups.run());

  function run(program: string, words: readonly string[], environment: Record<string, string> = {}): ChildProcess & { pid: number } {
    const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'ignore'], detached: true, env: environment });
    cleanups.add(() => void child.kill('SIGKILL'));
    if (child.pid === undefined) throw new Error(`cannot run ${program}`);
    return child as ChildProcess & { pid: number };
  }

  const perl = (text: string, ...words: string[]) => run('/usr/bin/perl', ['-e', `$| = 1; ${text}`, ...words]);

  async function line(child: ChildProcess): Promise<string> {
    const [data] = (await once(child.stdout ?? child, 'data')) as [Buffer];
    return data.toString().trim();
  }

  const sleeper = (overrides: Partial<DaemonSpec> = {}): DaemonSpec => daemonSpec({ name: 'sleeper', executable: '/usr/bin/sleep', ...overrides });

  function verdict(spec: DaemonSpec, pid: number, claimedAt?: number): string {
    return table.prove(spec, pid, claimedAt).kind;
  }

  it('identifies a process whose name imitates the fields behind it', async () => {
    const child = perl('open F, ">", "/proc/$$/comm"; print F "x) Z 1 1"; close F; print "go\\n"; sleep 60');
    await line(child);
    const identity = table.identify(child.pid);
    expect(identity?.startTicks).to.equal(procProcess(child.pid)?.startTicks);
    expect(identity !== undefined && table.isAlive(identity)).to.equal(true);
  });

  it('counts a zombie as ended', async () => {
    const child = perl('my $p = fork; exit 3 unless $p; print "$p\\n"; sleep 60');
    const zombie = Number(await line(child));
    await eventually('it is a zombie', () => procProcess(zombie)?.state === 'Z');
    expect(table.identify(zombie)).to.equal(undefined);
    expect(verdict(sleeper({ executable: '/usr/bin/perl' }), zombie)).to.equal('none');
  });

  it('proves by executable, also one that an upgrade replaced', () => {
    const program = join(makeDirectory(cleanups), 'd');
    copyFileSync('/usr/bin/sleep', program);
    const child = run(program, ['60']);
    expect(verdict(sleeper({ executable: program }), child.pid)).to.equal('proven');
    rmSync(program);
    expect(verdict(sleeper({ executable: program }), child.pid), 'removed').to.equal('proven');
    copyFileSync('/usr/bin/sleep', program);
    expect(verdict(sleeper({ executable: program }), child.pid), 'replaced').to.equal('proven');
    expect(verdict(sleeper(), child.pid), 'another file').to.equal('foreign');
  });

  it('proves through links, both ways', async () => {
    const directory = makeDirectory(cleanups);
    symlinkSync('/usr/bin/sleep', join(directory, 'link'));
    symlinkSync(DAEMON_PROGRAM, join(directory, 'script'));
    const binary = run(join(directory, 'link'), ['60']);
    expect(verdict(sleeper(), binary.pid)).to.equal('proven');
    expect(verdict(sleeper({ executable: join(directory, 'link') }), binary.pid)).to.equal('proven');
    const script = run(join(directory, 'script'), [`dir=${directory}`]);
    await eventually('the script runs', () => procProcess(script.pid)?.argv[1] !== undefined);
    expect(verdict(sleeper({ executable: DAEMON_PROGRAM }), script.pid)).to.equal('proven');
    expect(verdict(sleeper({ executable: join(directory, 'script') }), script.pid)).to.equal('proven');
  });

  it('does not take a reader of a script for the script', () => {
    const reader = run('/usr/bin/tail', ['-f', DAEMON_PROGRAM]);
    expect(verdict(sleeper({ executable: DAEMON_PROGRAM }), reader.pid)).to.equal('foreign');
  });

  it('takes init, itself, threads, nobody and other users’ processes for strangers', function () {
    expect(verdict(sleeper(), 1)).to.equal('foreign');
    expect(verdict(sleeper({ executable: process.execPath }), process.pid)).to.equal('foreign');
    const thread = readdirSync('/proc/self/task').map(Number).find((id) => id !== process.pid);
    expect(thread).not.to.equal(undefined);
    expect(verdict(sleeper({ executable: process.execPath }), thread ?? 0)).to.equal('foreign');
    for (const pid of [0, -1, 1.5, NaN, 2 ** 40]) expect(verdict(sleeper(), pid), String(pid)).to.equal('none');
    const child = run('/usr/bin/sleep', ['60']);
    expect(verdict(sleeper({ user: 'games' }), child.pid)).to.equal('foreign');
    expect(verdict(sleeper({ user: 'no-such-user' }), child.pid)).to.equal('foreign');
  });

  it('takes a process that is younger than the claim for a stranger, but not after a step of the clock', () => {
    const child = run('/usr/bin/sleep', ['60']);
    const now = Date.now();
    expect(verdict(sleeper(), child.pid, now)).to.equal('proven');
    expect(verdict(sleeper(), child.pid, now - 60_000), 'older claim').to.equal('foreign');
    offset = now - clock.monotonic() - 3_600_000; // the clock was an hour behind when the claim was made
    expect(verdict(sleeper(), child.pid, now - 3_600_000), 'stepped').to.equal('proven');
  });

  it('asks no time of a process that carries its mark', () => {
    const child = run('/usr/bin/sleep', ['60'], { WATCHKEEPER_DAEMON: 'sleeper' });
    expect(verdict(sleeper(), child.pid, Date.now() - 3_600_000)).to.equal('proven');
    expect(verdict(sleeper({ name: 'other' }), child.pid, Date.now() - 3_600_000)).to.equal('foreign');
  });

  it('signals only the process that is meant', async () => {
    const child = run('/usr/bin/sleep', ['60']);
    const identity = table.identify(child.pid);
    if (identity === undefined) throw new Error('no process');
    expect(table.signal({ ...identity, startTicks: identity.startTicks - 1 }, 'SIGKILL')).to.equal('gone');
    expect(table.signal({ ...identity, bootId: 'another boot' }, 'SIGKILL')).to.equal('gone');
    expect(isLive(child.pid)).to.equal(true);
    const ended = once(child, 'exit');
    expect(table.signal(identity, 'SIGTERM')).to.equal('sent');
    await ended;
    expect(table.signal(identity, 'SIGTERM')).to.equal('gone');
  });

  it('lists the members of a session, also after its leader’s end, and none of a stranger’s', async () => {
    const leader = perl('my $p = fork; if (!$p) { sleep 60; exit } print "$p\\n"; sleep 60');
    const member = Number(await line(leader));
    cleanups.add(() => void process.kill(member, 'SIGKILL'));
    const identity = table.identify(leader.pid);
    const child = table.identify(member);
    if (identity === undefined || child === undefined) throw new Error('no process');
    expect(table.sessionMembers(identity)).to.deep.equal([child]);
    expect(table.sessionMembers(child), 'it leads none').to.deep.equal([]);
    const ended = once(leader, 'exit');
    leader.kill('SIGKILL');
    await ended;
    expect(table.sessionMembers(identity)).to.deep.equal([child]);
  });

  it('shares a pass over all processes for some ms among those that have just ended', async () => {
    const fresh = new HostProcessTable(clock, new HostAccounts(), { smallest: () => 0 });
    const forking = 'my $p = fork; if (!$p) { sleep 60; exit } print "$p\\n"; sleep 60';
    const first = perl(forking);
    const left = Number(await line(first));
    cleanups.add(() => void process.kill(left, 'SIGKILL'));
    const [leader, member] = [fresh.identify(first.pid), fresh.identify(left)];
    if (leader === undefined || member === undefined) throw new Error('no process');
    const ended = once(first, 'exit');
    first.kill('SIGKILL');
    await ended;
    expect(fresh.recentSessionMembers(leader, 1000)).to.deep.equal([member]);
    const second = perl(forking);
    const late = Number(await line(second));
    cleanups.add(() => void process.kill(late, 'SIGKILL'));
    const [other, child] = [fresh.identify(second.pid), fresh.identify(late)];
    if (other === undefined || child === undefined) throw new Error('no process');
    expect(fresh.recentSessionMembers(other, 1090), 'came after the pass').to.deep.equal([]);
    expect(fresh.recentSessionMembers(other, 1101)).to.deep.equal([child]);
    expect(fresh.recentSessionMembers(child, 1101), 'it leads none').to.deep.equal([]);
  });

  it('tells the end of processes that are not its children, once, and is quiet when none is watched', async () => {
    const parent = perl('my @p = map { my $p = fork; if (!$p) { sleep 60; exit } $p } 1..3; print "@p\\n"; sleep 60');
    const pids = (await line(parent)).split(' ').map(Number);
    cleanups.add(() => pids.filter(isLive).forEach((pid) => process.kill(pid, 'SIGKILL')));
    const identities = pids.map((pid) => table.identify(pid)).filter((identity) => identity !== undefined);
    expect(identities).to.have.length(3);
    const told: number[] = [];
    const watches = identities.map((identity) => table.onExit(identity, () => told.push(identity.pid)));
    expect(clock.armed, 'one timer for all').to.equal(1);
    const descriptors = readdirSync('/proc/self/fd').length;
    watches[2]?.cancel();
    for (const pid of pids) process.kill(pid, 'SIGKILL'); // the parent never waits for them: zombies
    await eventually('both ends are told', () => told.length >= 2);
    expect([...told].sort()).to.deep.equal(pids.slice(0, 2).sort());
    expect(clock.armed, 'timers left').to.equal(0);
    expect(readdirSync('/proc/self/fd').length, 'descriptors left').to.be.at.most(descriptors - 2);
  });

  it('tells the end of a process that has ended before', async () => {
    const child = run('/usr/bin/sleep', ['60']);
    const identity = table.identify(child.pid);
    if (identity === undefined) throw new Error('no process');
    child.kill('SIGKILL');
    await once(child, 'exit');
    await new Promise<void>((resolve) => table.onExit(identity, resolve));
    expect(clock.armed).to.equal(0);
  });
});
