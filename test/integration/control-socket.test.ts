import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, connect, type Server, type Socket } from 'node:net';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';

import { askStatus, connectWatcher } from '../../src/adapters/control-socket/client.js';
import { KEEP_ALIVE, MAX_BODY } from '../../src/adapters/control-socket/protocol.js';
import { serveControl, type ControlServer } from '../../src/adapters/control-socket/server.js';
import { WatchkeeperError } from '../../src/core/errors.js';
import { failed, ok } from '../../src/core/outcome.js';
import type { ClusterReport } from '../../src/core/cluster-report.js';
import type { ControlService } from '../../src/ports/control-service.js';
import type { NamedOutcome, Progress } from '../../src/ports/controller.js';
import type { Log } from '../../src/ports/log.js';
import type { NewsItem } from '../../src/ports/journal.js';

const silentLog: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

const REPORT: ClusterReport = { daemon: 'web', resource: 'rsc-web', node: 'n1', reason: 'killed', at: 1, state: 'pending', tries: 2, nextTry: 3, error: 'nobody there' };

interface Answer {
  readonly status: number;
  readonly body: string;
}

describe('control socket', () => {
  let runtime: string;
  let server: ControlServer | undefined;
  const asked: unknown[] = [];
  const followers = new Set<(item: NewsItem) => void>();
  let outcomes: readonly NamedOutcome[] = [];
  let refusal: Error | undefined;
  let names: readonly string[];
  /** ms of what is asked for. */
  let lasts: number;

  const carryOut = (what: string) => (body: object, progress?: Progress): Promise<readonly NamedOutcome[]> => {
    asked.push({ what, ...body });
    if (refusal !== undefined) return Promise.reject(refusal);
    for (const outcome of outcomes) progress?.(outcome);
    return new Promise((resolve) => setTimeout(resolve, lasts, outcomes));
  };
  const service: ControlService = {
    controller: {
      via: 'watcher',
      start: carryOut('start'),
      stop: carryOut('stop'),
      restart: carryOut('restart'),
      status: (names) =>
        Promise.resolve(names.map((name) => ({ name, desired: 'up', observed: 'running', ready: true, pid: 1, uptime: 1, owner: 'watcher', restarts: 0, nextTry: null, reason: 'r', lastExit: null }))),
    },
    info: () => ({ version: '0', pid: 1, uptime: 1, restartOwner: 'watcher', serviceManager: { kind: 'fake', reason: 'test' }, group: 'g', staleConfiguration: false, waitsForRestart: [] }),
    names: () => names,
    reload: () => Promise.resolve([{ of: 'daemon', kind: 'added', name: 'web' }]),
    retryNow: carryOut('retry-now'),
    reset: carryOut('reset'),
    refresh: () => undefined,
    clusterReports: () => [REPORT],
    roles: () => [{ name: 'master', held: false, reason: 'somebody else is', since: 1 }],
    tasks: {
      list: () => [],
      history: (name) => (name === 'backup' ? [] : undefined),
      run: (name, by) => {
        asked.push({ what: 'run task', name, by });
        return refusal === undefined ? Promise.resolve('started') : Promise.reject(refusal);
      },
    },
    agents: { act: () => Promise.resolve(undefined) },
    commands: { patience: () => 1000, take: () => Promise.resolve(undefined) },
    recentNews: () => [],
    followNews: (callback) => {
      followers.add(callback);
      return { cancel: () => followers.delete(callback) };
    },
  };

  const socket = (): string => join(runtime, 'control.sock');
  const token = (): string => readFileSync(join(runtime, 'control.token'), 'utf8').trim();

  function ask(method: string, path: string, headers: Record<string, string>, body?: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const call = request({ socketPath: socket(), method, path, headers, agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
        response.on('error', reject);
      });
      call.on('error', reject);
      call.setTimeout(5000, () => call.destroy(new Error('no answer')));
      call.end(body);
    });
  }

  const authorised = (): Record<string, string> => ({ host: 'localhost', authorization: `Bearer ${token()}` });

  beforeEach(async () => {
    runtime = mkdtempSync(join(tmpdir(), 'wk-control-'));
    chmodSync(runtime, 0o755);
    asked.length = 0;
    outcomes = [];
    refusal = undefined;
    names = ['web', 'db'];
    lasts = 0;
    server = await serveControl(runtime, service, silentLog);
  });

  afterEach(async () => {
    await server?.close();
    rmSync(runtime, { recursive: true, force: true });
  });

  it('is for its owner alone', () => {
    expect(statSync(socket()).mode & 0o777).to.equal(0o600);
    expect(statSync(join(runtime, 'control.token')).mode & 0o777).to.equal(0o600);
  });

  it('refuses a change without the token, by GET, from a web page, or for a foreign host', async () => {
    const body = JSON.stringify({ names: ['web'] });
    expect((await ask('POST', '/v1/stop', { host: 'localhost' }, body)).status).to.equal(401);
    expect((await ask('POST', '/v1/stop', { host: 'localhost', authorization: 'Bearer wrong' }, body)).status).to.equal(401);
    expect((await ask('GET', '/v1/stop', authorised())).status).to.equal(405);
    expect((await ask('POST', '/v1/stop', { ...authorised(), origin: 'http://localhost' }, body)).status).to.equal(403);
    expect((await ask('POST', '/v1/stop', { ...authorised(), host: 'evil.example' }, body)).status).to.equal(403);
    expect((await ask('GET', '/v1/nothing', { host: 'localhost' })).status).to.equal(404);
    expect(asked).to.deep.equal([]);
  });

  it('refuses bodies that are too large, not JSON, or ask for what is not in the catalogue', async () => {
    expect((await ask('POST', '/v1/stop', authorised(), 'x'.repeat(MAX_BODY + 1))).status).to.equal(413);
    for (const body of ['', '{', '[]', '{"names":[]}', '{"names":"web"}', '{"names":["web"],"more":1}', '{"names":["../web"]}', '{"names":["web"],"oneShotArguments":{"web":["a\\u0000"]}}', '{"names":["web"],"oneShotArguments":{"other":[]}}']) {
      const answer = await ask('POST', '/v1/start', authorised(), body);
      expect([body, answer.status]).to.deep.equal([body, 409]);
    }
    expect(asked).to.deep.equal([]);
  });

  it('answers curl as it answers our client', async () => {
    const answer = await ask('GET', '/v1/status?daemon=web', { host: 'localhost' });
    expect(JSON.parse(answer.body)).to.have.nested.property('daemons.web.observed', 'running');
  });

  it('carries a request and its outcomes both ways', async () => {
    outcomes = [
      { name: 'web', outcome: ok(true, 'started', { pid: 7, startTicks: 8, bootId: 'b' }), took: 5 },
      { name: 'db', outcome: failed('timeout', 'slow', 'waiting'), took: 6 },
    ];
    const client = await connectWatcher(runtime, 2000);
    const seen: NamedOutcome[] = [];
    const answer = await client?.start({ names: ['web', 'db'], by: 'test', oneShotArguments: { web: ['--once', 'a b\n"c"'] } }, (outcome) => seen.push(outcome));
    expect(answer).to.deep.equal(outcomes);
    expect(seen).to.deep.equal(outcomes);
    expect(asked).to.deep.equal([{ what: 'start', names: ['web', 'db'], by: 'test', oneShotArguments: { web: ['--once', 'a b\n"c"'] }, hold: false, unrecorded: false }]);
    expect(await client?.clusterReports()).to.deep.equal([REPORT]);
    expect(await client?.reload()).to.deep.equal([{ of: 'daemon', kind: 'added', name: 'web' }]);
  });

  it("tells the watcher's refusal with its own code and words", async () => {
    refusal = new WatchkeeperError('STATE_UNWRITABLE', 'cannot write x', 'no space left', 'making room');
    const client = await connectWatcher(runtime, 2000);
    const error: unknown = await client?.stop({ names: ['web'], by: 'test' }).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(WatchkeeperError).and.include({ code: 'STATE_UNWRITABLE', message: refusal.message });
  });

  it('finds nobody where there is nobody, and where a dead watcher left its socket', async () => {
    await server?.close();
    expect(await connectWatcher(runtime, 1000)).to.equal(undefined);
    const dead = spawn(process.execPath, ['-e', `require('net').createServer().listen(${JSON.stringify(socket())}, () => console.log('up'))`]);
    await once(dead.stdout, 'data');
    dead.kill('SIGKILL'); // no chance to unlink
    await once(dead, 'exit');
    expect(existsSync(socket())).to.equal(true);
    expect(await connectWatcher(runtime, 1000)).to.equal(undefined);
  });

  it('does not wait for ever for a watcher that hangs', async () => {
    await server?.close();
    server = undefined;
    const sockets = new Set<Socket>();
    const hanging: Server = createServer((client) => sockets.add(client)).listen(socket());
    await new Promise((resolve) => hanging.once('listening', resolve));
    try {
      const error: unknown = await connectWatcher(runtime, 200).catch((thrown: unknown) => thrown);
      expect(error).to.include({ code: 'WATCHER_SILENT' });
    } finally {
      for (const client of sockets) client.destroy();
      hanging.close();
    }
  });

  it('waits for what is under way, however short the time is in which it has to be taken', async () => {
    outcomes = [{ name: 'web', outcome: ok(true, 'started', { pid: 7, startTicks: 8, bootId: 'b' }), took: 5 }];
    lasts = 2 * KEEP_ALIVE + 500;
    const client = await connectWatcher(runtime, 1000, 2000);
    expect(await client?.stop({ names: ['web'], by: 'test' })).to.deep.equal(outcomes);
  }).timeout(20_000);

  it('waits no longer than for three signs of life that do not come', async () => {
    await server?.close();
    server = undefined;
    const sockets = new Set<Socket>();
    const falling: Server = createServer((client) => {
      sockets.add(client);
      client.on('error', () => undefined).once('data', (text: Buffer) => {
        const head = 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n';
        if (text.toString().startsWith('GET')) client.end(`${head}{"watcher":{}}\n`);
        else client.write(`${head}\n`);
      });
    }).listen(socket());
    await once(falling, 'listening');
    try {
      const client = await connectWatcher(runtime, 1000, 2000);
      const began = performance.now();
      const error: unknown = await client?.stop({ names: ['web'], by: 'test' }).catch((thrown: unknown) => thrown);
      expect(error).to.include({ code: 'WATCHER_SILENT' }).and.to.have.property('message').that.includes(`within ${3 * KEEP_ALIVE} ms`);
      expect(performance.now() - began).to.be.within(3 * KEEP_ALIVE - 50, 3 * KEEP_ALIVE + 5000);
    } finally {
      for (const client of sockets) client.destroy();
      falling.close();
    }
  }).timeout(20_000);

  it('answers for as many daemons as there may be', async () => {
    names = Array.from({ length: 1500 }, (_, index) => `daemon-${String(index).padStart(6, '0')}-${'x'.repeat(50)}`);
    const client = await connectWatcher(runtime, 5000);
    expect((await client?.status(names))?.map(({ name }) => name)).to.deep.equal(names);
    expect(Object.keys((await askStatus(runtime, 5000, names.slice(1)))?.daemons ?? {})).to.deep.equal(names.slice(1));
    const error: unknown = await client?.status([...names, 'nobody']).catch((thrown: unknown) => thrown);
    expect(error).to.include({ code: 'UNKNOWN_DAEMON' });
  });

  it('does not take half an answer for a whole one', async () => {
    await server?.close();
    server = undefined;
    let calls = 0;
    const half: Server = createServer((client) => {
      client.once('data', () => {
        calls += 1;
        client.end(calls === 1 ? 'HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n{}\n' : 'HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{"outcome":{"name":"web","outcome":{"kind":"ok"},"took":1}}\n');
      });
    }).listen(socket());
    await new Promise((resolve) => half.once('listening', resolve));
    try {
      const client = await connectWatcher(runtime, 1000);
      const error: unknown = await client?.start({ names: ['web'], by: 'test', oneShotArguments: {} }).catch((thrown: unknown) => thrown);
      expect(error).to.include({ code: 'WATCHER_ABSENT' });
    } finally {
      half.close();
    }
  });

  it('survives clients that send half a request or rubbish, and goes on serving others', async () => {
    const sockets = await Promise.all(
      Array.from({ length: 50 }, (_, index) => {
        return new Promise<Socket>((resolve, reject) => {
          const client = connect(socket(), () => {
            client.write(index % 2 === 0 ? 'POST /v1/stop HTTP/1.1\r\nHost: local' : '\0\xff rubbish\r\n\r\n');
            resolve(client);
          });
          client.once('error', reject);
        });
      }),
    );
    for (const client of sockets) client.on('error', () => undefined);
    expect((await ask('GET', '/v1/status', { host: 'localhost' })).status).to.equal(200);
    for (const client of sockets) client.destroy();
  });

  it('follows events until the reader leaves, and forgets it then', async () => {
    const client = await connectWatcher(runtime, 2000);
    const item: NewsItem = { id: 1, at: 2, daemon: 'web', news: 'crash', reason: 'x', delay: undefined };
    const seen = new Promise<NewsItem>((resolve) => {
      client?.events({ limit: 0, follow: true }, resolve).catch(() => undefined);
    });
    for (let turn = 0; turn < 200 && followers.size === 0; turn += 1) await new Promise((resolve) => setTimeout(resolve, 5));
    for (const follower of followers) follower(item);
    expect(await seen).to.include({ daemon: 'web', news: 'crash' });
  });
});
