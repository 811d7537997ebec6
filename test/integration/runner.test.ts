import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { HostClock } from '../../src/adapters/host/clock.js';
import { HostRunner } from '../../src/adapters/host/runner.js';
import { HostAccounts } from '../../src/adapters/host/user.js';
import { eventually } from '../support/eventually.js';
import { isLive } from '../support/proc.js';

describe('runner', function () {
  this.timeout(15_000);
  const runner = new HostRunner(new HostClock(), new HostAccounts());
  const perl = (text: string, ...words: string[]): [string, ...string[]] => ['/usr/bin/perl', '-e', text, ...words];

  it('gives exit status, output and what was put in; argv is passed as it is', async () => {
    const result = await runner.run(perl('print "<$_>" for @ARGV; print <STDIN>; print STDERR "e"; exit 7', '$HOME', 'a b', '*'), { timeout: 5000, input: 'in' });
    expect(result).to.deep.equal({ exit: { kind: 'exited', status: 7 }, timedOut: false, stdout: '<$HOME><a b><*>in', stderr: 'e' });
  });

  it('has a minimal environment', async () => {
    const result = await runner.run(['/usr/bin/env'], { timeout: 5000 });
    expect(result.stdout.trim().split('\n').map((line) => line.split('=')[0]).sort()).to.deep.equal(['LC_ALL', 'PATH']);
  });

  it('kills the whole group at the deadline', async () => {
    const before = performance.now();
    const result = await runner.run(perl('$| = 1; $SIG{TERM} = "IGNORE"; my $p = fork; print "$p\\n" if $p; sleep 60'), { timeout: 400 });
    expect(performance.now() - before).to.be.within(390, 4000);
    expect(result.timedOut).to.equal(true);
    expect(result.exit).to.deep.equal({ kind: 'killed', signal: 'SIGKILL' });
    await eventually('the child is gone, too', () => !isLive(Number(result.stdout)));
  });

  it('is not held up by a process that keeps the output open', async () => {
    const before = performance.now();
    const result = await runner.run(perl('$| = 1; my $p = fork; if (!$p) { setpgrp; sleep 60; exit } print $p'), { timeout: 10_000 });
    expect(performance.now() - before).to.be.below(5000);
    expect(result.exit).to.deep.equal({ kind: 'exited', status: 0 });
    process.kill(Number(result.stdout), 'SIGKILL');
  });

  it('keeps the first 64 KiB of a flood and reads the rest', async () => {
    const result = await runner.run(perl('print "x" x 1024 for 1..4096; exit 5'), { timeout: 10_000 });
    expect(result.exit).to.deep.equal({ kind: 'exited', status: 5 });
    expect(result.stdout).to.have.length(64 * 1024);
  });

  it('says why it cannot run something, and survives a program that does not read', async () => {
    expect(await runner.run(['/nonexistent/program'], { timeout: 1000 })).to.deep.include({ exit: { kind: 'exited', status: 127 } });
    expect((await runner.run(['/nonexistent/program'], { timeout: 1000 })).stderr).to.include('/nonexistent/program');
    expect((await runner.run(['true'], { timeout: 1000 })).stderr).to.include('not an absolute path');
    expect((await runner.run(['/usr/bin/true'], { timeout: 1000, user: 'no-such-user' })).stderr).to.include('no-such-user');
    expect((await runner.run(['/usr/bin/true'], { timeout: 5000, input: 'x'.repeat(1_000_000) })).exit).to.deep.equal({ kind: 'exited', status: 0 });
  });

  it('tells what the machine lacks just now from what is not there', async () => {
    const limit = (most: string): string => `/usr/bin/prlimit --pid ${process.pid} --nofile=${most}:`;
    const usual = /^Max open files\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? '1024';
    // Somebody else takes the limit away again: we could not even start that.
    const other = spawn('/bin/sh', ['-c', `${limit('8')}; sleep 1; ${limit(usual)}`], { stdio: 'ignore' });
    const ended = once(other, 'exit');
    const results: (true | undefined)[] = [];
    do results.push((await runner.run(['/usr/bin/true'], { timeout: 1000 })).lacking);
    while (other.exitCode === null);
    await ended;
    expect(results).to.include(true);
    expect(await runner.run(['/usr/bin/true'], { timeout: 5000 })).to.deep.equal({ exit: { kind: 'exited', status: 0 }, timedOut: false, stdout: '', stderr: '' });
  });

  it('runs as another user where it may', async function () {
    if (process.geteuid?.() !== 0) this.skip();
    const uid = /^games:[^:]*:(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8'))?.[1];
    if (uid === undefined) this.skip();
    expect((await runner.run(['/usr/bin/id', '-u'], { timeout: 5000, user: 'games' })).stdout.trim()).to.equal(uid);
  });
});
