/** Every kind of look, passing and failing, at real servers, programs and processes. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { appendFileSync, chmodSync, closeSync, existsSync, openSync, readFileSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer as createHttp, type RequestListener, type Server } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { connect, createServer as createNet, type Server as NetServer } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';

import { HostHealthChecker } from '../../src/adapters/health/checker.js';
import { HostClock } from '../../src/adapters/host/clock.js';
import { NOBODY_LISTENS } from '../../src/adapters/notify/nobody.js';
import { ROOT_ONLY } from '../../src/adapters/sysv/trusted-path.js';
import type { CheckMethod, HttpCheck } from '../../src/core/check-method.js';
import type { DaemonSpec, HealthCheck } from '../../src/core/daemon.js';
import type { LookResult } from '../../src/core/health.js';
import type { HealthLook } from '../../src/ports/health-checker.js';
import { IS_ROOT } from '../support/daemon-util-world.js';
import { daemonSpec } from '../support/daemon-spec.js';
import { makeHostFixture, type HostFixture } from '../support/host-fixture.js';

const OPENSSL = '/usr/bin/openssl';

describe('looks of health checks', function () {
  this.timeout(20_000);
  let fixture: HostFixture;
  let checker: HostHealthChecker;
  const servers: (Server | NetServer)[] = [];
  const children: ChildProcess[] = [];

  beforeEach(() => {
    fixture = makeHostFixture('built-in');
    const { processes, runner } = fixture.parts;
    checker = new HostHealthChecker({ clock: new HostClock(), processes, runner, trust: ROOT_ONLY, notifications: NOBODY_LISTENS, underSystemd: false });
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    for (const server of servers.splice(0)) {
      if ('closeAllConnections' in server) server.closeAllConnections();
      server.close();
    }
    await fixture.cleanup();
  });

  function prepare(method: CheckMethod, options: { spec?: Partial<DaemonSpec>; pid?: number; timeout?: number } = {}): HealthLook {
    const check: HealthCheck = { name: 'c', kind: 'liveness', method, grace: 0, interval: 1000, timeout: options.timeout ?? 2000, successThreshold: 1, failureThreshold: 1 };
    const process = fixture.parts.processes.identify(options.pid ?? globalThis.process.pid);
    if (process === undefined) throw new Error('no process');
    return checker.prepare(daemonSpec({ name: 'd', ...options.spec }), check, process, 0);
  }

  const look = (method: CheckMethod, options: Parameters<typeof prepare>[1] = {}): Promise<LookResult> => prepare(method, options).look();

  async function listen(server: Server | NetServer, where: string | number = 0): Promise<number> {
    servers.push(server);
    if (typeof where === 'number') server.listen(where, '127.0.0.1');
    else server.listen(where);
    await once(server, 'listening');
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  const http = (url: string, more: Partial<HttpCheck> = {}): HttpCheck => ({ kind: 'http', url, socket: undefined, status: undefined, verify: true, ...more });
  const answer = (status: number): RequestListener => (_request, response) => response.writeHead(status, { location: '/elsewhere' }).end('body');

  it('HTTP over TCP: by its status, which must be so and so where that is asked for', async () => {
    for (const [status, healthy] of [[200, true], [204, true], [302, true], [404, false], [503, false]] as const) {
      const port = await listen(createHttp(answer(status)));
      expect(await look(http(`http://127.0.0.1:${port}/x`))).to.include({ healthy });
      expect(await look(http(`http://127.0.0.1:${port}/x`, { status: 503 }))).to.include({ healthy: status === 503 });
    }
    const asks = await listen(createHttp(answer(401)));
    for (const [status, healthy] of [['any', true], [undefined, false]] as const) expect(await look(http(`http://127.0.0.1:${asks}/`, { status }))).to.include({ healthy });
    expect(await look(http('http://127.0.0.1:1/', { status: 'any' }))).to.include({ healthy: false });
    expect((await look(http('http://127.0.0.1:1/'))).reason).to.include('ECONNREFUSED');
  });

  it('an open port, of TCP and UDP, at whichever address, by the kernel\'s table', async () => {
    const tcp = await listen(createNet(() => undefined));
    const open = (port: number, protocol: 'tcp' | 'udp' = 'tcp') => look({ kind: 'port', protocol, port });
    expect(await open(tcp)).to.deep.equal({ healthy: true, reason: `tcp port ${tcp} is open` });
    for (const [type, address] of [['udp4', '127.0.0.3'], ['udp6', '::1']] as const) {
      const socket = createSocket(type);
      try {
        await new Promise<void>((resolve, reject) => socket.once('error', reject).bind(0, address, resolve));
        const { port } = socket.address();
        expect(await open(port, 'udp'), type).to.deep.equal({ healthy: true, reason: `udp port ${port} is open` });
      } finally {
        await new Promise<void>((resolve) => socket.close(resolve));
      }
    }
    // A connection of the port is no listener of it.
    const client = connect(tcp, '127.0.0.1');
    await once(client, 'connect');
    const local = client.localPort ?? 0;
    expect(await open(local)).to.deep.equal({ healthy: false, reason: `nobody has tcp port ${local} open` });
    client.destroy();
  });

  it('HTTP: a server that accepts and is silent, one that talks nonsense, one that never ends its headers', async () => {
    const silent = await listen(createNet(() => undefined));
    const before = performance.now();
    expect((await look(http(`http://127.0.0.1:${silent}/`), { timeout: 300 })).reason).to.include('does not answer');
    expect(performance.now() - before).to.be.within(250, 10_000);
    const nonsense = await listen(createNet((socket) => socket.on('error', () => undefined).end('SSH-2.0-x\r\n\r\n')));
    expect(await look(http(`http://127.0.0.1:${nonsense}/`))).to.include({ healthy: false });
    const endless = await listen(createNet((socket) => {
      socket.on('error', () => undefined).write('HTTP/1.1 200 OK\r\n');
      const timer = setInterval(() => socket.write(`X-${'y'.repeat(1000)}: z\r\n`), 5);
      socket.on('close', () => clearInterval(timer));
    }));
    expect(await look(http(`http://127.0.0.1:${endless}/`), { timeout: 1000 })).to.include({ healthy: false });
  });

  it('HTTP over a UNIX socket, with the host of the URL', async () => {
    const path = join(fixture.directory, 'h');
    let host: string | undefined;
    await listen(createHttp((request, response) => {
      host = request.headers.host;
      response.end();
    }), path);
    expect(await look(http('http://web.example/', { socket: path }))).to.include({ healthy: true });
    expect(host).to.equal('web.example');
    expect((await look(http('http://web.example/', { socket: `${path}x` }))).reason).to.include('ENOENT');
  });

  it('HTTPS: a certificate that nobody vouches for is refused, unless it is not to be verified', async function () {
    if (!existsSync(OPENSSL)) this.skip();
    const [key, cert] = [join(fixture.directory, 'key'), join(fixture.directory, 'cert')];
    const made = spawnSync(OPENSSL, ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost', '-keyout', key, '-out', cert], { encoding: 'utf8' });
    expect(made.status, made.stderr).to.equal(0);
    const options = { key: readFileSync(key), cert: readFileSync(cert) };
    const port = await listen(createHttps(options, answer(200)));
    const url = `https://localhost:${port}/`;
    expect(await look(http(url))).to.deep.include({ healthy: false });
    expect((await look(http(url))).reason).to.include('SELF_SIGNED');
    expect(await look(http(url, { verify: false }))).to.include({ healthy: true });
    const path = join(fixture.directory, 't');
    await listen(createHttps(options, answer(200)), path);
    expect(await look(http('https://localhost/', { socket: path, verify: false }))).to.include({ healthy: true });
  });

  it('TCP and UNIX connections', async () => {
    const port = await listen(createNet());
    expect(await look({ kind: 'tcp', host: '127.0.0.1', port })).to.include({ healthy: true });
    expect(await look({ kind: 'tcp', host: '127.0.0.1', port: 1 })).to.include({ healthy: false });
    const path = join(fixture.directory, 's');
    await listen(createNet(), path);
    expect(await look({ kind: 'unix', path })).to.include({ healthy: true });
    expect(await look({ kind: 'unix', path: `${path}x` })).to.include({ healthy: false });
  });

  it('programs: their exit status, with OCF words, as the daemon\'s user', async function () {
    const perl = (code: string): CheckMethod => ({ kind: 'exec', argv: ['/usr/bin/perl', '-e', code] });
    expect(await look(perl('exit 0'))).to.include({ healthy: true });
    expect((await look(perl('print "no\\nway"; exit 7'))).reason).to.equal('/usr/bin/perl: exit status 7 (not running): no\\nway');
    expect(await look(perl('exit 190'))).to.include({ healthy: true, remark: 'degraded: likely to fail soon' });
    expect((await look(perl('kill 9, $$; sleep 9'))).reason).to.include('killed by SIGKILL');
    expect((await look(perl('sleep 60'), { timeout: 300 })).reason).to.include('took longer than 300 ms');
    expect(await look({ kind: 'exec', argv: ['/nonexistent/program'] })).to.include({ healthy: false });
    expect((await look(perl('print join ",", @ENV{qw(WATCHKEEPER_CHECK WATCHKEEPER_CHECKED MAINPID)}; exit 1'))).reason).to.include(`c,d,${process.pid}`);
    expect((await look(perl('print $ENV{WATCHKEEPER_DAEMON} // "unmarked"; exit 1'))).reason, 'not to be taken for the daemon').to.include('unmarked');
    if (!IS_ROOT) this.skip();
    expect((await look(perl('print "$> $)"; exit 1'), { spec: { user: 'nobody', group: 'nogroup' } })).reason).to.match(/: 65534 65534/);
  });

  it('programs that others than root could have replaced are not run by root', async function () {
    if (!IS_ROOT) this.skip();
    const program = join(fixture.directory, 'check');
    writeFileSync(program, '#!/bin/sh\nexit 0\n');
    chmodSync(program, 0o755);
    // Below /tmp, where everybody may put something else.
    expect((await look({ kind: 'exec', argv: [program] })).reason).to.include('root does not run it');
  });

  it('the pid file: the daemon\'s process, or somebody else', async () => {
    const pidFile = join(fixture.directory, 'p');
    const spec = { pidFile };
    expect((await look({ kind: 'pid-file' }, { spec })).reason).to.include('is not there');
    writeFileSync(pidFile, `${process.pid}\n`);
    expect(await look({ kind: 'pid-file' }, { spec })).to.include({ healthy: true });
    writeFileSync(pidFile, `${process.ppid}\n`);
    expect(await look({ kind: 'pid-file' }, { spec })).to.include({ healthy: false });
    writeFileSync(pidFile, 'rubbish');
    expect(await look({ kind: 'pid-file' }, { spec })).to.include({ healthy: false });
  });

  async function perlProcess(code: string): Promise<number> {
    const child = spawn('/usr/bin/perl', ['-e', `$| = 1; ${code}`], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
    children.push(child);
    await once(child.stdout, 'data');
    return child.pid ?? 0;
  }

  it('memory: of the process, or of its session', async () => {
    const child = 'if (!fork) { my $size = 60_000_000; my $x = "x" x $size; print "+"; sleep 60; exit }';
    const pid = await perlProcess(`${child} sleep 60`);
    const limit = 40 * 1024 * 1024;
    expect(await look({ kind: 'memory', maxBytes: limit, session: false }, { pid })).to.include({ healthy: true });
    expect(await look({ kind: 'memory', maxBytes: limit, session: true }, { pid })).to.include({ healthy: false });
    process.kill(-pid, 'SIGKILL');
  });

  it('CPU: only a whole window above the limit counts, children that ended included where the session counts', async () => {
    const method = (session: boolean): CheckMethod => ({ kind: 'cpu', maxShare: 0.2, window: 1000, session });
    const idle = await perlProcess('print "+"; sleep 60');
    const busy = await perlProcess('print "+"; 1 while 1');
    const breeder = await perlProcess('print "+"; while (1) { if (!fork) { my $end = time + 1; for (1 .. 3_000_000) {} exit } wait }');
    const looks = { idle: prepare(method(true), { pid: idle }), busy: prepare(method(false), { pid: busy }), alone: prepare(method(false), { pid: breeder }), family: prepare(method(true), { pid: breeder }) };
    expect((await looks.busy.look()).healthy, 'a burst').to.equal(true);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const results = Object.fromEntries(await Promise.all(Object.entries(looks).map(async ([name, one]) => [name, (await one.look()).healthy] as const)));
    expect(results).to.deep.equal({ idle: true, busy: false, alone: true, family: false });
  });

  it('output: a fixed text, across pieces and rotations, and not what a predecessor said', async () => {
    const outputFile = join(fixture.directory, 'log');
    writeFileSync(outputFile, 'FATAL of yesterday\n');
    const spec = daemonSpec({ name: 'd', outputFile });
    checker.launching({ ...spec, health: [{ name: 'c', kind: 'liveness', method: { kind: 'log', absent: 'FATAL' }, grace: 0, interval: 1, timeout: 1, successThreshold: 1, failureThreshold: 1 }] });
    const one = prepare({ kind: 'log', absent: 'FATAL' }, { spec });
    expect(await one.look()).to.include({ healthy: true });
    appendFileSync(outputFile, `${'x'.repeat(300_000)}FAT`);
    expect(await one.look()).to.include({ healthy: true });
    truncateSync(outputFile, 0);
    writeFileSync(outputFile, 'AL and no FAT');
    expect(await one.look(), 'what was cut is no half of a hit').to.include({ healthy: true });
    appendFileSync(outputFile, 'AL\n');
    expect(await one.look()).to.include({ healthy: false });
    truncateSync(outputFile, 0);
    expect(await one.look(), 'it was said').to.include({ healthy: false });
    expect(await look({ kind: 'log', absent: 'x' }, { spec: { outputFile: join(fixture.directory, 'none') } })).to.include({ healthy: true });
    expect(await look({ kind: 'log', absent: 'x' }, { spec: { outputFile: fixture.directory } })).to.include({ healthy: undefined });
  });

  it('what the machine has too little of to look with is held against no daemon', async () => {
    const [tcp, path] = [await listen(createNet()), join(fixture.directory, 'full')];
    servers.push(createNet().listen(path));
    const methods: readonly CheckMethod[] = [{ kind: 'tcp', host: '127.0.0.1', port: tcp }, { kind: 'unix', path }, http(`http://127.0.0.1:${tcp}/`), { ...http('http://localhost/'), socket: path }];
    const looks = methods.map((method) => prepare(method));
    const withoutDescriptors = await shortOfDescriptors(() => Promise.all(looks.map((one) => one.look())));
    for (const result of withoutDescriptors) {
      expect(result.healthy).to.equal(undefined);
      expect(result.reason).to.match(/^not looked at: cannot connect to .+: EMFILE$/);
    }
    expect(await looks[0]?.look()).to.include({ healthy: true });
  });

  it('programs: never more than so many at once, and none beside its own predecessor', async () => {
    const script = `open my $f, '>>', $ARGV[0]; syswrite $f, '+'; select undef, undef, undef, 0.3; syswrite $f, '-'`;
    const file = join(fixture.directory, 'count');
    const method: CheckMethod = { kind: 'exec', argv: ['/usr/bin/perl', '-e', script, file] };
    await Promise.all(Array.from({ length: 40 }, (_, index) => look(method, { spec: { name: `d${index}` }, timeout: 20_000 })));
    let now = 0;
    const levels = Array.from(readFileSync(file, 'latin1')).map((sign) => (now += sign === '+' ? 1 : -1));
    expect([levels.length, now]).to.deep.equal([80, 0]);
    expect(Math.max(...levels)).to.be.within(2, 16);
    const own = join(fixture.directory, 'own');
    const mine: CheckMethod = { kind: 'exec', argv: ['/usr/bin/perl', '-e', script, own] };
    await Promise.all([look(mine), look(mine), look(mine)]);
    expect(readFileSync(own, 'utf8')).to.equal('+-+-+-');
  });
});

/** With this process's limit of open files, which is lifted again afterwards. */
async function shortOfDescriptors<T>(work: () => Promise<T>): Promise<T> {
  const limit = (files: string): void => {
    expect(spawnSync('/usr/bin/prlimit', ['--pid', String(process.pid), `--nofile=${files}:`], { timeout: 10_000 }).status).to.equal(0);
  };
  const before = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? '1024';
  const taken: number[] = [];
  limit(String(Math.max(...readdirSync('/proc/self/fd').map(Number)) + 16));
  try {
    for (;;) taken.push(openSync('/dev/null', 'r'));
  } catch (error) {
    expect(error).to.include({ code: 'EMFILE' });
  }
  try {
    return await work();
  } finally {
    taken.forEach(closeSync);
    limit(before);
  }
}
