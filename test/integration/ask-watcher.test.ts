/** How an OCF agent has the watcher do its work: scripts/ask-watcher, and the watcher's end of it. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';

import { MAX_BODY } from '../../src/adapters/control-socket/protocol.js';
import { serveControl, type ControlServer } from '../../src/adapters/control-socket/server.js';
import type { AgentRequest } from '../../src/core/ocf-request.js';
import type { AgentReply } from '../../src/ports/agent-desk.js';
import type { ControlService } from '../../src/ports/control-service.js';
import { buildOnce } from '../support/daemon-util-world.js';
import { eventually } from '../support/eventually.js';
import type { Behaviour, TestDaemon } from '../support/test-daemon.js';
import { WatcherWorld, type RunningWatcher } from '../support/watcher-world.js';

const PROGRAM = fileURLToPath(new URL('../../scripts/ask-watcher', import.meta.url));
const NOT_DONE = { status: 100, stdout: '', stderr: '' };
const SILENT = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

interface Answer {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

describe('ask-watcher', function () {
  this.timeout(120_000);
  let runtime: string;
  const cleanups: (() => unknown)[] = [];

  beforeEach(() => {
    runtime = mkdtempSync(join(tmpdir(), 'wk-ask-'));
    chmodSync(runtime, 0o755);
    cleanups.push(() => rmSync(runtime, { recursive: true, force: true }));
  });

  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  function begin(environment: Record<string, string>, words: readonly string[] = ['daemon', 'start'], directory = runtime): { readonly ended: Promise<Answer>; kill(): void } {
    const child = spawn(PROGRAM, [directory, ...words], { env: { PATH: '/usr/bin:/bin', ...environment }, stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const ended = once(child, 'close').then(([status]) => ({ status: status as number | null, stdout, stderr }));
    return { ended, kill: () => void child.kill('SIGKILL') };
  }

  const ask = (environment: Record<string, string> = {}, ...more: [(readonly string[])?, string?]): Promise<Answer> => begin(environment, ...more).ended;

  async function serve(act: (request: AgentRequest, gone: AbortSignal) => Promise<AgentReply | undefined>): Promise<void> {
    const refuse = (): never => {
      throw new Error('nothing else is asked for');
    };
    const service: ControlService = {
      controller: { via: 'watcher', start: refuse, stop: refuse, restart: refuse, status: refuse },
      info: refuse, names: refuse, reload: refuse, retryNow: refuse, reset: refuse, refresh: refuse, clusterReports: refuse, roles: refuse, recentNews: refuse, followNews: refuse,
      tasks: { list: refuse, history: refuse, run: refuse },
      agents: { act },
      commands: { patience: refuse, take: refuse },
    };
    const server: ControlServer = await serveControl(runtime, service, SILENT);
    cleanups.push(() => server.close());
  }

  /** Something else that listens there. */
  async function listen(handle: (socket: Socket) => void): Promise<void> {
    const server: Server = createServer({ pauseOnConnect: false }, (socket) => {
      socket.on('error', () => undefined);
      cleanups.push(() => socket.destroy());
      handle(socket);
    });
    server.listen(join(runtime, 'control.sock'));
    await once(server, 'listening');
    cleanups.push(() => server.close());
    writeFileSync(join(runtime, 'control.token'), 'x\n');
  }

  it('hands over agent, action and the variables of OCF, whatever is in them, and nothing else', async () => {
    const asked: AgentRequest[] = [];
    await serve((request) => {
      asked.push(request);
      return Promise.resolve({ answer: { status: 7, reason: 'a\nb' }, notes: ['first', 'se\x1bcond'] });
    });
    const environment = { OCF_RESOURCE_INSTANCE: 'web', OCF_RESKEY_name: 'a\nb"\'$(x) =', OCF_RESKEY_long: 'x'.repeat(100_000), OCF_RESKEY_empty: '', OCF_RESKEY_letters: 'ümläut' };
    const answer = await ask({ ...environment, SECRET: 'of somebody', LD_PRELOAD: '' }, ['role', 'monitor']);
    expect(answer).to.deep.equal({ status: 0, stdout: 'done 7\n', stderr: 'watchkeeper: first\nwatchkeeper: se\\econd\nocf-exit-reason:a\\nb\n' });
    expect(asked).to.deep.equal([{ agent: 'role', action: 'monitor', environment }]);
  });

  it('says nothing where the watcher does not do it: the agent then does it by itself', async () => {
    let asked = 0;
    await serve(() => {
      asked += 1;
      return Promise.resolve(undefined);
    });
    expect(await ask()).to.deep.equal(NOT_DONE);
    expect(asked).to.equal(1);
    for (const words of [['daemon', 'validate-all'], ['nobody', 'start'], ['daemon', '$(x)'], ['daemon', '']]) expect(await ask({}, words), words.join(' ')).to.deep.equal(NOT_DONE);
    expect(await ask({ OCF_RESKEY_a: 'x'.repeat(100_000), OCF_RESKEY_b: 'x'.repeat(100_000), OCF_RESKEY_c: 'x'.repeat(MAX_BODY - 200_000) })).to.deep.equal(NOT_DONE);
    writeFileSync(join(runtime, 'control.token'), 'wrong\n');
    expect(await ask()).to.deep.equal(NOT_DONE);
    expect(asked).to.equal(1);
  });

  it('says nothing where nobody is there', async () => {
    expect(await ask()).to.deep.equal(NOT_DONE);
    writeFileSync(join(runtime, 'control.token'), 'x\n');
    expect(await ask()).to.deep.equal(NOT_DONE);
  });

  it('says nothing where the watcher dies while it is at it, or says half of its answer', async () => {
    const continued = 'HTTP/1.1 100 Continue\r\n\r\n';
    for (const rest of ['', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n0\n', 'HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\n0\n', 'HTTP/1.1 200 OK\r\n\r\n0\n']) {
      await listen((socket) => {
        socket.once('data', () => {
          socket.write(continued);
          socket.once('data', () => socket.end(rest));
        });
      });
      expect(await ask(), rest).to.deep.equal(NOT_DONE);
      await cleanups.pop()?.();
      rmSync(join(runtime, 'control.sock'), { force: true });
    }
  });

  it('says nothing where another version does not know the request', async () => {
    await listen((socket) => socket.once('data', () => socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n0\n')));
    expect(await ask()).to.deep.equal(NOT_DONE);
  });

  it('does not wait for one who does not answer, and says no more to it', async () => {
    let heard = '';
    await listen((socket) => socket.on('data', (data: Buffer) => (heard += data.toString('latin1'))));
    const began = performance.now();
    expect(await ask({ OCF_RESKEY_name: 'web' })).to.deep.equal(NOT_DONE);
    expect(performance.now() - began).to.be.within(500, 30_000);
    expect(heard).to.include('Expect: 100-continue').and.not.include('OCF_RESKEY_name');
  });

  it('is not heeded where it has left before the watcher comes to it', async () => {
    let asked = 0;
    await serve(() => {
      asked += 1;
      return Promise.resolve({ answer: { status: 0 }, notes: [] });
    });
    // What ask-watcher has said by then; nobody waits for an answer.
    const request = `const socket = require('net').connect(process.argv[1], () => {
      const body = '1\\0daemon\\0start\\0';
      socket.write('POST /v1/cluster-agent HTTP/1.1\\r\\nHost: localhost\\r\\nAuthorization: Bearer ' + process.argv[2] + '\\r\\nContent-Length: ' + body.length + '\\r\\n\\r\\n' + body, () => {
        if (process.argv[3] === 'leaves') process.exit(0);
      });
      socket.once('data', () => process.exit(0));
    });`;
    const token = readFileSync(join(runtime, 'control.token'), 'utf8').trim();
    const client = [process.execPath, ['-e', request, join(runtime, 'control.sock'), token]] as const;
    // Our loop, which is the watcher's, stands still meanwhile.
    expect(spawnSync(client[0], [...client[1], 'leaves']).status).to.equal(0);
    await once(spawn(client[0], [...client[1], 'waits']), 'exit');
    expect(asked).to.equal(1);
  });

  it('waits once it was taken up, and the watcher learns when it no longer does', async () => {
    let over: (reply: AgentReply) => void = () => undefined;
    const signals: AbortSignal[] = [];
    await serve((_request, gone) => {
      signals.push(gone);
      return new Promise((resolve) => (over = resolve));
    });
    const first = begin({});
    await eventually('it to be taken up', () => signals.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 2500)); // longer than it waits for the first word
    over({ answer: { status: 0 }, notes: [] });
    expect(await first.ended).to.deep.equal({ status: 0, stdout: 'done 0\n', stderr: '' });
    const second = begin({});
    await eventually('it to be taken up', () => signals.length === 2);
    expect(signals[1]?.aborted).to.equal(false);
    second.kill();
    await eventually('it to be known', () => signals[1]?.aborted === true);
    over({ answer: { status: 0 }, notes: [] });
  });

  describe('and a real watcher', () => {
    let world: WatcherWorld;
    let web: TestDaemon;

    before(() => buildOnce());

    beforeEach(() => {
      world = new WatcherWorld();
      cleanups.push(() => world.cleanups.run());
    });

    const called = (meta: Record<string, string> = {}): Record<string, string> => ({
      OCF_RESOURCE_INSTANCE: 'rsc', OCF_RESKEY_name: 'web', OCF_RESKEY_config: world.config, OCF_RESKEY_CRM_meta_on_node: 'n1', OCF_RESKEY_CRM_meta_timeout: '20000', ...meta,
    });
    const act = (action: string, meta: Record<string, string> = {}): Promise<Answer> => ask(called(meta), ['daemon', action], world.runtime);
    const byNode = async (action: string): Promise<number | null> => {
      world.environment = called();
      return (await world.watchkeeper('cluster', 'agent', 'daemon', action)).status;
    };
    const DONE = (status: number): Answer => ({ status: 0, stdout: `done ${status}\n`, stderr: '' });

    function watched(behaviour: Behaviour = {}, keys: Record<string, unknown> = {}): Promise<RunningWatcher> {
      web = world.add('web', behaviour, { boot: 'never', ...keys });
      world.write({ heartbeatInterval: '1s' });
      return world.startWatcher();
    }

    it('starts, stops and looks at a daemon for the cluster, and knows whose configuration is meant', async () => {
      await watched();
      expect(await act('monitor')).to.deep.equal(DONE(7));
      expect(await act('start', { OCF_RESKEY_config: join(runtime, 'other.yaml') })).to.deep.equal(NOT_DONE);
      expect(await act('start')).to.deep.equal(DONE(0));
      expect(web.mains()).to.have.length(1);
      expect((await world.status('web')).daemons['web']).to.include({ observed: 'running', owner: 'cluster' });
      expect(await act('start')).to.deep.equal(DONE(0));
      expect(await act('monitor')).to.deep.equal(DONE(0));
      expect(await act('stop')).to.deep.equal(DONE(0));
      expect(await act('stop')).to.deep.equal(DONE(0));
      expect(web.mains()).to.have.length(0);
      expect(web.starts()).to.equal(1);
      expect((await world.status('web')).daemons['web']).to.include({ observed: 'stopped', owner: 'watcher' });
      // Nor does it answer for a catalogue that may be another one by now.
      for (const name of ['other', 'a\nb', '']) expect(await act('start', { OCF_RESKEY_name: name }), name).to.deep.equal(NOT_DONE);
      world.write({ heartbeatInterval: '2s' });
      expect(await act('start')).to.deep.equal(NOT_DONE);
      expect((await world.watchkeeper('reload')).status).to.equal(0);
      expect(await act('start'), 'once it goes by it').to.deep.equal(DONE(0));
    });

    it('frozen, it is not waited for, and never begins later with what was given up', async () => {
      const watcher = await watched();
      watcher.kill('SIGSTOP');
      try {
        expect(await act('start')).to.deep.equal(NOT_DONE);
      } finally {
        watcher.kill('SIGCONT');
      }
      // Asked later, answered later.
      expect(await act('monitor')).to.deep.equal(DONE(7));
      expect(web.starts()).to.equal(0);
    });

    it('killed in the middle of a start, the agent goes on by itself, and there is one daemon', async () => {
      const watcher = await watched({ readyAfter: 3000 }, { startTimeout: '60s' });
      const start = begin(called(), ['daemon', 'start'], world.runtime);
      await eventually('its process', () => web.mains().length === 1);
      watcher.kill('SIGKILL');
      expect(await start.ended).to.deep.equal(NOT_DONE);
      expect(await byNode('start')).to.equal(0);
      expect(web.mains()).to.have.length(1);
      expect(web.starts()).to.equal(1);
      expect(await byNode('stop')).to.equal(0);
      expect(web.mains()).to.have.length(0);
    });

    it('killed by the cluster in the middle of a start that never ends, the stop that follows does not wait', async () => {
      await watched({ readyAfter: 'never' }, { startTimeout: '10m' });
      const start = begin(called(), ['daemon', 'start'], world.runtime);
      await eventually('its process', () => web.mains().length === 1);
      start.kill();
      await start.ended;
      const began = performance.now();
      expect(await act('stop', { OCF_RESKEY_CRM_meta_timeout: '100000' })).to.deep.equal(DONE(0));
      expect(performance.now() - began).to.be.below(20_000);
      expect(web.mains()).to.have.length(0);
      expect(await act('monitor')).to.deep.equal(DONE(7));
    });
  });
});
