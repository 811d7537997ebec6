/**
 * scripts/await-readiness beside real processes, in the shells that /bin/sh may
 * be: what it takes for ready, and what not. How systemd deals with it is in
 * test/system/inside/order.spec.ts.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';

import { eventually } from '../support/eventually.js';

const HELPER = path.resolve(import.meta.dirname, '../../scripts/await-readiness');
const SHELLS = [['/bin/dash'], ['/bin/bash'], ['/bin/busybox', 'sh']] as const;
const IS_ROOT = process.getuid?.() === 0;
/** ms; the daemons below are ready so long after their start. */
const LATE = 400;
/** Perl for: this much later. */
const LATER = `select undef, undef, undef, ${LATE / 1000};`;
const SOCKETS = 'use strict; use Socket; $| = 1; my ($path, $port) = @ARGV;';
const FOREVER = 'print "+"; sleep 600;';
const LISTEN_TCP = 'socket my $s, PF_INET, SOCK_STREAM, 0; setsockopt $s, SOL_SOCKET, SO_REUSEADDR, pack "l", 1; bind $s, pack_sockaddr_in($port, inet_aton("127.0.0.1")) or die "$!"; listen $s, 5;';
const LISTEN_UNIX = (name: string): string => `socket my $s, PF_UNIX, SOCK_STREAM, 0; bind $s, pack_sockaddr_un(${name}) or die "$!"; listen $s, 5;`;

interface Waited {
  readonly status: number | null;
  readonly stderr: string;
  /** ms */
  readonly took: number;
}

interface Wait {
  readonly process: ChildProcess;
  readonly end: Promise<Waited>;
}

describe('await-readiness', function () {
  this.timeout(30_000);
  let directory: string;
  const children: ChildProcess[] = [];
  const servers: Server[] = [];

  beforeEach(() => {
    directory = mkdtempSync(path.join(os.tmpdir(), 'wk-ready-'));
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
    rmSync(directory, { recursive: true, force: true });
  });

  /** A Perl program as the daemon; `$path` and `$port` are its arguments. */
  function daemon(program: string, port = 0, before: readonly string[] = []): ChildProcess {
    const argv = [...before, '/usr/bin/perl', '-e', `${SOCKETS} ${program}`, path.join(directory, 's'), String(port)];
    const child = spawn(argv[0] ?? '', argv.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    return child;
  }

  function wait(main: number | undefined, words: readonly (string | number)[], shell: readonly [string, ...string[]] = ['/bin/dash'], timeout = 60_000): Wait {
    const began = performance.now();
    const environment = main === undefined ? {} : { MAINPID: String(main) };
    const child = spawn(shell[0], [...shell.slice(1), HELPER, 'web', String(timeout), ...words.map(String)], { env: environment, stdio: ['ignore', 'ignore', 'pipe'] });
    children.push(child);
    let stderr = '';
    child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
    return { process: child, end: new Promise((resolve) => child.once('close', (status) => resolve({ status, stderr, took: performance.now() - began }))) };
  }

  /** It still waits after a time in which it has looked often; then it is told to end. */
  async function expectNotReady(waiting: Wait, why: RegExp): Promise<void> {
    const first = await Promise.race([waiting.end, new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 1000))]);
    expect(first, `it waits, instead of ${JSON.stringify(first)}`).to.equal(undefined);
    waiting.process.kill('SIGTERM');
    const { status, stderr } = await waiting.end;
    expect(status).to.equal(1);
    expect(stderr, 'all that it says').to.match(/^await-readiness: web is not ready after \d+\.\d s: /).and.match(why);
  }

  /** Ready not before LATE; the daemon is there some ms before it is waited for. */
  function expectReadyLate({ status, stderr, took }: Waited): void {
    expect([status, stderr]).to.deep.equal([0, '']);
    expect(took).to.be.at.least(LATE - 150);
  }

  async function freePort(): Promise<number> {
    const server = createServer();
    const port = await new Promise<number>((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)));
    await new Promise((resolve) => server.close(resolve));
    return port;
  }

  const said = (child: ChildProcess): Promise<unknown> => new Promise((resolve) => child.stdout?.once('data', resolve));

  for (const shell of SHELLS) {
    describe(`in ${shell.join(' ')}`, () => {
      before(function () {
        if (!existsSync(shell[0])) this.skip();
      });

      it('waits until somebody listens on the port', async () => {
        const port = await freePort();
        const { pid } = daemon(`${LATER} ${LISTEN_TCP} ${FOREVER}`, port);
        expectReadyLate(await wait(pid, ['port', 'tcp', port], shell).end);
      });

      it('waits until somebody listens at the socket, and does not take an old file for it', async () => {
        const old = daemon(`${LISTEN_UNIX('$path')} ${FOREVER}`);
        await said(old);
        old.kill('SIGKILL');
        await eventually('it has ended', () => old.exitCode !== null || old.signalCode !== null);
        expect(existsSync(path.join(directory, 's'))).to.equal(true);
        const { pid } = daemon(`${LATER} unlink $path; ${LISTEN_UNIX('$path')} ${FOREVER}`);
        expectReadyLate(await wait(pid, ['unix', path.join(directory, 's')], shell).end);
      });

      it('waits until the pid file names the daemon', async () => {
        const file = path.join(directory, 's');
        writeFileSync(file, `${process.pid}\n`);
        const { pid } = daemon(`${LATER} open my $f, ">", $path; print $f "$$\\n"; close $f; ${FOREVER}`);
        expectReadyLate(await wait(pid, ['pid-file', file], shell).end);
      });

      it('waits until the daemon has lived for so long', async () => {
        const { pid } = daemon(FOREVER);
        expectReadyLate(await wait(pid, ['settled', LATE], shell).end);
      });

      it('ends as the daemon ends, and says nothing of it', async () => {
        const { pid } = daemon(`${LATER} exit 11;`);
        const { status, stderr, took } = await wait(pid, ['port', 'tcp', await freePort()], shell).end;
        expect([status, stderr]).to.deep.equal([0, '']);
        expect(took).to.be.within(LATE - 150, 10_000);
      });

      it('says why, when it is told to end', async () => {
        const port = await freePort();
        const { pid } = daemon(FOREVER);
        await expectNotReady(wait(pid, ['port', 'tcp', port], shell), new RegExp(`nobody has tcp port ${port} open\n$`));
        await expectNotReady(wait(pid, ['unix', path.join(directory, 's')], shell), /the socket \S+ is not there\n$/);
      });
    });
  }

  it('sees a port of UDP', async () => {
    const port = await freePort();
    const { pid } = daemon(`${LATER} socket my $s, PF_INET, SOCK_DGRAM, 0; bind $s, pack_sockaddr_in($port, inet_aton("127.0.0.1")) or die "$!"; ${FOREVER}`, port);
    expectReadyLate(await wait(pid, ['port', 'udp', port]).end);
  });

  it('does not take somebody older for the daemon, and tells who it is', async () => {
    const port = await freePort();
    const stranger = daemon(`${LISTEN_TCP} my $tcp = $s; { ${LISTEN_UNIX('$path')} ${FOREVER} }`, port);
    await said(stranger);
    // The kernel counts starts in hundredths of a second.
    await new Promise((resolve) => setTimeout(resolve, 50));
    const { pid } = daemon(FOREVER);
    await expectNotReady(wait(pid, ['port', 'tcp', port]), new RegExp(`tcp port ${port} is taken by pid ${stranger.pid ?? 0}\n$`));
    await expectNotReady(wait(pid, ['unix', path.join(directory, 's')]), new RegExp(`the socket \\S+ is taken by pid ${stranger.pid ?? 0}\n$`));
  });

  it('takes a child that listens for the daemon', async () => {
    const port = await freePort();
    const { pid } = daemon(`${LATER} if (my $child = fork) { $SIG{TERM} = sub { kill 9, $child; exit }; sleep 600 } ${LISTEN_TCP} my $parent = getppid; while (getppid == $parent) { select undef, undef, undef, 0.1 }`, port);
    expectReadyLate(await wait(pid, ['port', 'tcp', port]).end);
  });

  it('is not kept by a child that has the port when the daemon itself has ended', async () => {
    const port = await freePort();
    const main = daemon(`if (my $child = fork) { ${LATER} exit 3 } ${LISTEN_TCP} select undef, undef, undef, 2;`, port);
    main.stdout?.destroy();
    // Older than the child, so that it would be a stranger to whoever comes now.
    const { status } = await wait(main.pid, ['port', 'udp', port]).end;
    expect(status).to.equal(0);
  });

  it('finds a socket by another way to its directory, and one that was bound under another name', async () => {
    const real = path.join(directory, 'real');
    const link = path.join(directory, 'link');
    mkdirSync(real);
    symlinkSync(real, link);
    const linked = daemon(`${LATER} ${LISTEN_UNIX(`"${link}/s"`)} ${FOREVER}`);
    expectReadyLate(await wait(linked.pid, ['unix', path.join(real, 's')]).end);
    const renamed = daemon(`${LATER} ${LISTEN_UNIX(`"${real}/new"`)} rename "${real}/new", "${real}/t"; ${FOREVER}`);
    expectReadyLate(await wait(renamed.pid, ['unix', path.join(real, 't')]).end);
    const relative = daemon(`chdir "${real}"; ${LATER} ${LISTEN_UNIX('"u"')} ${FOREVER}`);
    expectReadyLate(await wait(relative.pid, ['unix', path.join(real, 'u')]).end);
  });

  it("looks into the daemon's own network, not into ours", async function () {
    if (!IS_ROOT) this.skip();
    const port = await freePort();
    const server = createServer();
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    const apart = daemon(`${LATER} ${LISTEN_TCP} ${FOREVER}`, port, ['/usr/bin/unshare', '--net', '/bin/sh', '-c', 'ip link set lo up 2>/dev/null || exec "$@"; exec "$@"', 'sh']);
    expectReadyLate(await wait(apart.pid, ['port', 'tcp', port]).end);
  });

  it('waits for nothing where systemd knows no main process, or none any more', async () => {
    const ended = daemon('exit 0;');
    await eventually('it has ended', () => ended.exitCode !== null);
    for (const main of [undefined, ended.pid]) expect((await wait(main, ['settled', 600_000]).end).status).to.equal(0);
  });

  it('gives up by itself where systemd has no time-out', async () => {
    const { pid } = daemon(FOREVER);
    const { status, stderr, took } = await wait(pid, ['unix', path.join(directory, 's')], ['/bin/dash'], 100).end;
    expect(status).to.equal(1);
    expect(stderr).to.match(/is not ready after 10\.\d s/);
    expect(took).to.be.within(10_000, 20_000);
  });

  it('refuses what it does not understand', async () => {
    const { pid } = daemon(FOREVER);
    for (const words of [['port', 'sctp', 1], ['port', 'tcp', 'x'], ['unix', 'relative'], ['http', 'x'], ['settled'], ['settled', '08'], ['port', 'tcp', '080'], []]) {
      const { status, stderr } = await wait(pid, words).end;
      expect(status, words.join(' ')).to.equal(2);
      expect(stderr).to.match(/^await-readiness: cannot use '/);
    }
  });
});
