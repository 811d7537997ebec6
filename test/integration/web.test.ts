/** The status page of a real watcher, over loopback and over a UNIX socket, asked as browsers do and as nobody should. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { createServer as createHttpServer, request, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';

import { LiveClients } from '../../src/adapters/web/live-clients.js';
import { buildOnce } from '../support/daemon-util-world.js';
import { eventually } from '../support/eventually.js';
import { WatcherWorld } from '../support/watcher-world.js';

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

type Where = { readonly port: number } | { readonly socketPath: string };

interface Asked {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
}

function ask(where: Where, path: string, { method = 'GET', headers = {} }: Asked = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asking = request({ ...where, host: '127.0.0.1', path, method, headers: { host: 'localhost', ...headers }, timeout: 20_000 }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    asking.on('error', reject).on('timeout', () => asking.destroy(new Error('no answer')));
    asking.end();
  });
}

/** Bytes as they are; what comes back until the other side closes. */
function raw(port: number, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.setEncoding('latin1').on('data', (text: string) => (answer += text));
    socket.on('error', () => undefined).on('close', () => resolve(answer));
  });
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** An event stream: what was heard so far. */
class Listener {
  heard = '';
  status = 0;
  ended = false;
  #socket: Socket | undefined;

  constructor(where: Where) {
    const asking = request({ ...where, host: '127.0.0.1', path: '/events', headers: { host: 'localhost' } }, (response) => {
      this.status = response.statusCode ?? 0;
      response.setEncoding('utf8').on('data', (text: string) => (this.heard += text));
      response.on('close', () => (this.ended = true));
    });
    asking.on('error', () => (this.ended = true)).on('socket', (socket) => (this.#socket = socket));
    asking.end();
  }

  get versions(): readonly string[] {
    return [...this.heard.matchAll(/^event: changed\ndata: (.+)$/gm)].map((match) => match[1] ?? '');
  }

  leave(): void {
    this.#socket?.destroy();
  }
}

describe('those who listen for changes', function () {
  this.timeout(60_000);

  it('are let go when they do not read, and the others are told all the same', async () => {
    let looks = 0;
    let version = '1';
    const problems: unknown[] = [];
    const clients = new LiveClients(() => {
      looks += 1;
      return Promise.resolve({ version });
    }, (error) => problems.push(error));
    const server = createHttpServer((_request, response) => void clients.add(response, {}));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    try {
      const idle = connect(port, '127.0.0.1', () => idle.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'));
      idle.on('error', () => undefined).pause();
      let heard = 0;
      const reader = request({ port, host: '127.0.0.1' }, (response) => response.on('data', (part: Buffer) => (heard += part.length)));
      reader.on('error', () => undefined).end();
      await eventually('both listen', () => clients.size === 2);
      // More than a kernel takes for a socket.
      const large = 'x'.repeat(16 * 1024 * 1024);
      version = `2${large}`;
      await eventually('the other one is told', () => heard > large.length);
      version = '3';
      await eventually('the one that does not read is let go', () => clients.size === 1);
      const before = heard;
      version = '4';
      await eventually('the other one is told still', () => heard > before);
      expect(problems).to.deep.equal([]);
      idle.destroy();
      reader.destroy();
      await eventually('nobody listens', () => clients.size === 0);
      const last = looks;
      await new Promise((resolve) => setTimeout(resolve, 1500));
      expect(looks, 'nobody looks where nobody listens').to.equal(last);
    } finally {
      clients.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });
});

describe('the status page of a watcher', function () {
  this.timeout(90_000);
  let world: WatcherWorld;

  before(() => buildOnce());
  beforeEach(() => (world = new WatcherWorld()));
  afterEach(() => world.cleanups.run());

  async function listening(where: Where): Promise<void> {
    await eventually('it is served', () => ask(where, '/').then(({ status }) => status === 200, () => false), 30_000);
  }

  it('tells every daemon, and what becomes of it, to a browser and to Prometheus', async () => {
    const port = await freePort();
    world.add('web', {}, { health: { answers: { kind: 'liveness', by: 'exec', argv: ['/bin/true'], interval: '200ms', timeout: '2s' } } });
    world.add('queue', { exits: { status: 3, after: 20 } }, { restart: { immediateRestarts: 1, baseDelay: '20s' } });
    world.write({ web: { listen: `127.0.0.1:${port}` }, tasks: { nightly: { argv: ['/bin/false'] } } });
    await world.startWatcher();
    const where = { port };
    await listening(where);
    const listener = new Listener(where);
    world.cleanups.add(() => listener.leave());
    await eventually('it backs off', async () => (await world.observed('queue')) === 'backing-off');
    await eventually('the page says so', async () => (await ask(where, '/')).body.includes('id="trouble-queue"'));
    const { body } = await ask(where, '/');
    expect(body).to.match(/queue needs a look/);
    expect(body).to.match(/exited with status 3/);
    expect(body).to.match(/<rect class="w-backing-off" x="287"/);
    await eventually('the listener was told', () => listener.versions.length > 0);
    const before = listener.versions.length;
    await world.run('stop', 'web');
    await eventually('the listener was told of the stop', () => listener.versions.length > before);
    await world.watchkeeper('tasks', 'run', 'nightly');
    await eventually('the metrics have it all', async () => {
      const { body: text } = await ask(where, '/metrics');
      return [
        /^watchkeeper_daemon_state\{daemon="web",state="stopped"\} 1$/m,
        /^watchkeeper_daemon_state\{daemon="queue",state="backing-off"\} 1$/m,
        /^watchkeeper_daemon_desired_up\{daemon="web"\} 0$/m,
        /^watchkeeper_daemon_restarts_total\{daemon="queue",reason="crash"\} 1$|^watchkeeper_daemon_restarts_total\{daemon="queue",reason="start-failed"\} 1$/m,
        /^watchkeeper_daemon_backoff_seconds\{daemon="queue"\} (?:1[5-9]|2[0-5])(?:\.\d+)?$/m,
        /^watchkeeper_check_duration_seconds_count\{daemon="web",check="answers"\} [1-9]/m,
        /^watchkeeper_task_runs_total\{task="nightly",result="failed"\} 1$/m,
        /^watchkeeper_task_last_run_success\{task="nightly"\} 0$/m,
        /^watchkeeper_loop_lag_seconds_count [1-9]/m,
        /^watchkeeper_build_info\{version=".+",node=".+",restart_owner="watcher",service_manager=".+"\} 1$/m,
      ].every((line) => line.test(text));
    }).catch(async (error: unknown) => {
      throw new Error(`${String(error)}: ${(await ask(where, '/metrics')).body}`);
    });
  });

  it('answers nobody who comes by another name, changes nothing, and survives rubbish', async () => {
    const port = await freePort();
    world.add('web');
    world.write({ web: { listen: `127.0.0.1:${port}`, hosts: ['status.example.org'] } });
    await world.startWatcher();
    await world.running('web');
    const where = { port };
    await listening(where);
    expect((await ask(where, '/', { headers: { host: 'evil.example' } })).status).to.equal(403);
    expect((await ask(where, '/metrics', { headers: { host: 'evil.example' } })).status).to.equal(403);
    expect((await ask(where, '/events', { headers: { origin: 'http://evil.example' } })).status).to.equal(403);
    expect((await ask(where, '/', { headers: { host: 'status.example.org' } })).status).to.equal(200);
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
      const answer = await ask(where, '/', { method });
      expect(`${method} ${answer.status} ${answer.headers.allow ?? ''}`).to.equal(`${method} 405 GET, HEAD`);
    }
    for (const path of ['/v1/stop', '/v1/status', '/../etc/passwd', '/style.css', '/icon-x.svg', '/%2e%2e/', '//']) expect((await ask(where, path)).status, path).to.equal(404);
    const { headers, body, status } = await ask(where, '/', { method: 'HEAD' });
    expect({ status, body }).to.deep.equal({ status: 200, body: '' });
    expect(headers['content-security-policy']).to.match(/^default-src 'none'; script-src 'self'; style-src 'self'/).and.not.to.match(/unsafe|\*/);
    expect(headers).to.include({ 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY', 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' });
    expect(headers).not.to.have.property('access-control-allow-origin');
    const rubbish = ['GET / HTTP/1.1\r\n\r\n', 'GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello', 'GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n', 'GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n', '\0\0\0\0\r\n\r\n', `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`, `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'b'.repeat(20_000)}\r\n\r\n`];
    for (const bytes of rubbish) expect((await raw(port, bytes)).slice(0, 12), JSON.stringify(bytes.slice(0, 60))).to.match(/^HTTP\/1\.1 4\d\d$/);
    expect((await ask(where, '/')).status).to.equal(200);
    expect(await world.observed('web')).to.equal('running');
  });

  it('has a bounded number of listeners, and lets go of one that leaves', async () => {
    const port = await freePort();
    world.add('web');
    world.write({ web: { listen: `127.0.0.1:${port}` } });
    await world.startWatcher();
    const where = { port };
    await listening(where);
    const listeners = Array.from({ length: 16 }, () => new Listener(where));
    world.cleanups.add(() => listeners.forEach((listener) => listener.leave()));
    await eventually('all listen', () => listeners.every(({ status }) => status === 200));
    const refused = await ask(where, '/events');
    expect(refused.status).to.equal(503);
    expect(refused.headers['retry-after']).to.equal('30');
    expect((await ask(where, '/')).status).to.equal(200);
    listeners[0]?.leave();
    const next = await eventuallyListening(where);
    world.cleanups.add(() => next.leave());
  });

  async function eventuallyListening(where: Where): Promise<Listener> {
    let listener = new Listener(where);
    await eventually('a place is free', () => {
      if (listener.status === 503 || listener.ended) listener = new Listener(where);
      return listener.status === 200;
    });
    return listener;
  }

  it("is root's alone on a UNIX socket, or a group's, and takes nobody else's place", async function () {
    if (process.geteuid?.() !== 0) this.skip();
    const socketPath = join(world.runtime, 'page.sock');
    world.add('web');
    world.write({ web: { listen: `unix:${socketPath}`, group: 'daemon', metrics: false } });
    mkdirSync(world.runtime, { mode: 0o755 });
    // A dead watcher's.
    execFileSync('/usr/bin/perl', ['-MIO::Socket::UNIX', '-e', 'IO::Socket::UNIX->new(Local => $ARGV[0], Listen => 1) or die', socketPath]);
    expect(existsSync(socketPath)).to.equal(true);
    const watcher = await world.startWatcher();
    await listening({ socketPath });
    const stat = statSync(socketPath);
    expect({ mode: (stat.mode & 0o777).toString(8), gid: stat.gid }).to.deep.equal({ mode: '660', gid: 1 });
    expect((await ask({ socketPath }, '/metrics')).status).to.equal(404);
    watcher.kill('SIGTERM');
    expect(await watcher.ended).to.equal(0);
    world.write({ web: { listen: `unix:${join(world.runtime, 'control.sock')}` } });
    await world.startWatcher();
    await eventually('it says so', () => /cannot serve the status page at unix:.*control\.sock/.test(world.output));
    await world.running('web');
  });

  it('is waited for where its address is taken; the daemons are watched all the same', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    world.cleanups.add(() => void holder.close());
    const { port } = holder.address() as AddressInfo;
    world.add('web');
    world.write({ web: { listen: `127.0.0.1:${port}` } });
    await world.startWatcher();
    await world.running('web');
    expect(world.output).to.match(/cannot serve the status page at 127\.0\.0\.1:\d+; tries again every 5 s/);
    await new Promise((resolve) => holder.close(resolve));
    await listening({ port });
  });

  it('is refused at any address that others could reach, and not there at all by default', async () => {
    world.add('web');
    world.write({ web: { listen: '0.0.0.0:9797' } });
    const { status, stderr } = await world.watchkeeper('config', 'check');
    expect(status).to.equal(78);
    expect(stderr).to.match(/0\.0\.0\.0:9797/).and.to.match(/web/);
    const watcher = world.spawnWatcher();
    expect(await watcher.ended).to.equal(78);
  });
});
