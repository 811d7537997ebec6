/**
 * How daemon-util has the watcher do it: scripts/hand-over, and the watcher's end
 * of it. What it answers is what Node answers; and where it does not, it becomes
 * Node with the same words, here a program that only says them.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative as relativePath } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';

import { serveControl } from '../../src/adapters/control-socket/server.js';
import type { HandedCommand } from '../../src/core/handed-command.js';
import type { TakenCommand } from '../../src/ports/command-desk.js';
import type { ControlService } from '../../src/ports/control-service.js';
import { buildOnce, type Result } from '../support/daemon-util-world.js';
import { Cleanups, eventually } from '../support/eventually.js';
import { mustHaveShells, SHELLS } from '../support/front-probe.js';
import { procProcess } from '../support/proc.js';
import { WatcherWorld, type RunningWatcher } from '../support/watcher-world.js';

const PROGRAM = fileURLToPath(new URL('../../scripts/hand-over', import.meta.url));
const SILENT = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';
const TAKEN = `${CONTINUE}HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n1000\n`;

interface Call {
  readonly ended: Promise<Result>;
  readonly pid: number;
  kill(): void;
}

/** @param line command and arguments */
function begin(runtime: string, line: string, environment: Record<string, string> = {}): Call {
  const child = spawn('/usr/bin/perl', [PROGRAM, runtime, '/bin/echo', 'QUICK', 'BUNDLE', 'daemon-util', ...line.split(' ')], { env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', PERL_BADLANG: '0', ...environment }, stdio: ['ignore', 'pipe', 'pipe'], timeout: 30_000 });
  return { ended: answerOf(child), pid: child.pid ?? 0, kill: () => void child.kill('SIGKILL') };
}

async function answerOf(child: ChildProcessByStdio<null, Readable, Readable>): Promise<Result> {
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [status, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { status, signal, stdout, stderr };
}

/** Takes commands, and nothing else. */
function madeUp(take: (command: HandedCommand) => TakenCommand | undefined): ControlService {
  const refuse = (): never => {
    throw new Error('nothing else is asked for');
  };
  return {
    controller: { via: 'watcher', start: refuse, stop: refuse, restart: refuse, status: refuse },
    info: refuse, names: refuse, reload: refuse, retryNow: refuse, reset: refuse, refresh: refuse, clusterReports: refuse, roles: refuse, recentNews: refuse, followNews: refuse,
    tasks: { list: refuse, history: refuse, run: refuse },
    agents: { act: refuse },
    commands: { patience: () => 3000, take: (command) => Promise.resolve(take(command)) },
  };
}

/** Without the time that has passed. */
const still = (result: Result): Result => ({ ...result, stdout: result.stdout.replaceAll(/\bup [\d.]+ (?:ms|s|min)/g, 'up T').replaceAll(/"uptime":\d+/g, '"uptime":T') });

const asNode = (line: string): Result => ({ status: 0, signal: null, stdout: `QUICK BUNDLE daemon-util ${line}\n`, stderr: '' });

describe('hand-over, before a watcher that is made up', function () {
  this.timeout(60_000);
  const cleanups = new Cleanups();
  let runtime: string;

  beforeEach(() => {
    runtime = mkdtempSync(join(tmpdir(), 'wk-hand-'));
    chmodSync(runtime, 0o755);
    cleanups.add(() => rmSync(runtime, { recursive: true, force: true }));
  });

  afterEach(() => cleanups.run());

  async function serve(take: (command: HandedCommand) => TakenCommand | undefined): Promise<void> {
    const server = await serveControl(runtime, madeUp(take), SILENT);
    cleanups.add(() => server.close());
  }

  /** Something else that listens there. */
  async function listen(handle: (socket: Socket) => void): Promise<void> {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      cleanups.add(() => void socket.destroy());
      handle(socket);
    });
    server.listen(join(runtime, 'control.sock'));
    await once(server, 'listening');
    cleanups.add(() => void server.close());
    writeFileSync(join(runtime, 'control.token'), 'x\n');
  }

  it('hands over the command, who calls, and the variables that a command goes by', async () => {
    const asked: HandedCommand[] = [];
    await serve((command) => {
      asked.push(command);
      return () => Promise.resolve(0);
    });
    const environment = { EXTRA_WEB_ARGS: 'a\nb"\'$(x) =', EXTRA_LONG: 'x'.repeat(100_000), LANG: 'ümläut', WATCHKEEPER_CONFIG: '' };
    const call = begin(runtime, 'start web', { ...environment, SECRET: 'of somebody', LC_ALL: '' });
    expect(await call.ended).to.deep.equal({ status: 0, signal: null, stdout: '', stderr: '' });
    const self = `${process.pid}/${procProcess(process.pid)?.startTicks ?? 0}`;
    expect(asked).to.deep.equal([{ words: ['start', 'web'], caller: `uid ${process.getuid?.() ?? 0}, pid ${call.pid}`, asker: self, environment: { ...environment, LC_ALL: '' } }]);
  });

  it('tells each line as it comes, to the end, however long it takes', async () => {
    let tellMore = (): void => undefined;
    await serve(() => async (tell) => {
      tell('stderr', 'first');
      tell('stdout', '= 5');
      await new Promise<void>((resolve) => (tellMore = resolve));
      tell('stderr', 'e läst');
      return 11;
    });
    const call = begin(runtime, 'stop-all');
    // Longer than its patience: signs of life come in between.
    await new Promise((later) => setTimeout(later, 5000));
    tellMore();
    expect(await call.ended).to.deep.equal({ status: 11, signal: null, stdout: '= 5\n', stderr: 'first\ne läst\n' });
  });

  it('tells an answer of any length, in its order', async () => {
    const lines = Array.from({ length: 3000 }, (_, index) => `d${index}: läuft`);
    const long = 'x'.repeat(1_500_000);
    await serve(() => (tell) => {
      for (const line of lines) tell('stdout', line);
      tell('stdout', long);
      return Promise.resolve(0);
    });
    const answer = await begin(runtime, 'status').ended;
    expect(answer.stdout === `${lines.join('\n')}\n${long}\n`).to.equal(true);
    expect(answer).to.include({ status: 0, stderr: '' });
  });

  it('fails where the answer cannot be written; who reads no further is no failure, as with Node', async () => {
    await serve(() => (tell) => {
      tell('stdout', 'web: running');
      return Promise.resolve(0);
    });
    const ask = async (redirected: string): Promise<Result> => {
      const words = [PROGRAM, runtime, '/bin/echo', 'QUICK', 'BUNDLE', 'daemon-util', 'status'];
      return answerOf(spawn('/bin/bash', ['-c', redirected, 'sh', ...words], { env: { LC_ALL: 'C' }, stdio: ['ignore', 'pipe', 'pipe'], timeout: 30_000 }));
    };
    expect(await ask('exec /usr/bin/perl "$@" >/dev/full')).to.include({ status: 1, stderr: 'daemon-util: cannot write the output: No space left on device\n' });
    expect(await ask('{ sleep 0.3; /usr/bin/perl "$@"; echo "ended with $?" >&2; } | true')).to.include({ stderr: 'ended with 0\n' });
  });

  it('becomes Node where the watcher does not take it', async () => {
    let asked = 0;
    await serve(() => {
      asked += 1;
      return undefined;
    });
    expect(await begin(runtime, 'start web').ended).to.deep.equal(asNode('start web'));
    expect(asked).to.equal(1);
    for (const line of ['rotate-logs web', 'start -web', 'start', 'start ../web']) expect(await begin(runtime, line).ended, line).to.deep.equal(asNode(line));
    expect(await begin(runtime, 'start web', { EXTRA_A: 'x'.repeat(100_000), EXTRA_B: 'x'.repeat(100_000), EXTRA_C: 'x'.repeat(100_000) }).ended).to.deep.equal(asNode('start web'));
    writeFileSync(join(runtime, 'control.token'), 'wrong\n');
    expect(await begin(runtime, 'start web').ended).to.deep.equal(asNode('start web'));
    expect(asked).to.equal(1);
  });

  it('becomes Node where nobody is there, or one of an older version, or who says nothing of use', async () => {
    expect(await begin(runtime, 'stop web').ended).to.deep.equal(asNode('stop web'));
    writeFileSync(join(runtime, 'control.token'), 'x\n');
    expect(await begin(runtime, 'stop web').ended).to.deep.equal(asNode('stop web'));
    const answers = ['', CONTINUE, 'HTTP/1.1 404 Not Found\r\n\r\n', `${CONTINUE}HTTP/1.1 404 Not Found\r\n\r\n{}\n`, `${CONTINUE}HTTP/1.1 200 OK\r\n\r\n`, `${CONTINUE}HTTP/1.1 200 OK\r\n\r\nsoon\n`, 'x'.repeat(2_000_000)];
    let next = '';
    await listen((socket) => {
      socket.once('data', () => socket.end(next));
    });
    for (next of answers) expect(await begin(runtime, 'stop web').ended, next.slice(0, 60)).to.deep.equal(asNode('stop web'));
  });

  it('becomes Node before a watcher that takes too long over it, which never begins with it then', async () => {
    let begun = 0;
    let asked = 0;
    await serve(() => {
      asked += 1;
      // As by a disk that is slow to write: nothing else goes on meanwhile, either.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 6500);
      return () => Promise.resolve((begun += 1));
    });
    expect(await begin(runtime, 'stop web').ended).to.deep.equal(asNode('stop web'));
    await new Promise((later) => setTimeout(later, 500));
    expect({ asked, begun }).to.deep.equal({ asked: 1, begun: 0 });
  });

  it('becomes Node where the watcher does not say at once that it lives, and has asked for nothing then', async () => {
    let heard = '';
    await listen((socket) => {
      socket.on('data', (text: Buffer) => (heard += text.toString()));
    });
    expect(await begin(runtime, 'stop web').ended).to.deep.equal(asNode('stop web'));
    const [head = '', body = ''] = heard.split('\r\n\r\n');
    expect(head).to.include('POST /v1/hand-over').and.to.include('Expect: 100-continue');
    // Without its last byte it is no request.
    expect(/Content-Length: (\d+)/.exec(head)?.[1]).to.equal(String(body.length + 1));
  });

  it('tells where the watcher dies while it is at it, or falls silent', async () => {
    let hangUp = true;
    await listen((socket) => {
      socket.once('data', () => {
        socket.write(`${TAKEN}e half\ne of a li`);
        if (hangUp) socket.end();
      });
    });
    expect(await begin(runtime, 'stop web').ended).to.deep.equal({ status: 1, signal: null, stdout: '', stderr: 'half\ndaemon-util: cannot finish: the connection to the watcher broke; try daemon-util status\n' });
    hangUp = false;
    expect(await begin(runtime, 'stop web').ended).to.deep.equal({
      status: 1, signal: null, stdout: '',
      stderr: `half\ndaemon-util: cannot ask the watcher: no answer on ${runtime}/control.sock within 1000 ms; try restarting the watcher: the daemons stay up\n`,
    });
  });
});

/** As it is installed, but with a runtime directory of its own, and a Node that only says what it is asked. */
describe('daemon-util, as it is installed', function () {
  this.timeout(60_000);
  const cleanups = new Cleanups();
  const SCRIPTS = fileURLToPath(new URL('../../scripts', import.meta.url));
  const HANDED = ['start web', 'stop web', 'restart web', 'start-all', 'stop-all', 'start-master', 'stop-master', 'check-config', 'check web', 'pid web', 'status', 'status web', '--json check web', '--json pid web', '--json status', '--json status web', 'check web --json', 'status --json', 'status web --json'];
  const NODES = ['--json start web', 'start web --odd', 'start', 'stop-all web', 'rotate-logs web', '--verbose stop web', 'help start', '--json check', '--json check-config', 'status --config x', 'lsb-status', 'check-and-start web'];
  let front: string;
  let runtime: string;
  let asked: HandedCommand[];

  before(async () => {
    const top = mkdtempSync(join(tmpdir(), 'wk-front-'));
    cleanups.add(() => rmSync(top, { recursive: true, force: true }));
    runtime = join(top, 'run');
    const library = join(top, 'lib/watchkeeper');
    for (const directory of ['sbin', 'run', 'lib/watchkeeper']) mkdirSync(join(top, directory), { recursive: true, mode: 0o755 });
    front = join(top, 'sbin/daemon-util');
    writeFileSync(front, readFileSync(join(SCRIPTS, 'daemon-util'), 'utf8').replaceAll('/run/watchkeeper', runtime));
    for (const name of readdirSync(SCRIPTS).filter((one) => one.endsWith('.sh') || one === 'hand-over')) copyFileSync(join(SCRIPTS, name), join(library, name));
    for (const name of ['watchkeeper.cjs', 'code-cache.cjs', 'quick.cjs']) writeFileSync(join(library, name), '');
    writeFileSync(join(library, 'node'), '#!/bin/sh\nshift 2\necho "NODE $*"\n', { mode: 0o755 });
    const take = (command: HandedCommand): TakenCommand => (tell) => {
      asked.push(command);
      tell('stderr', `done: ${command.words.join(' ')}`);
      return Promise.resolve(3);
    };
    const server = await serveControl(runtime, madeUp(take), SILENT);
    cleanups.add(() => server.close());
  });

  beforeEach(() => (asked = []));
  after(() => cleanups.run());

  async function call(shell: string, line: string, environment: Record<string, string> = {}): Promise<Result> {
    const [program = '', ...first] = shell.split(' ');
    const child = spawn(program, [...first, front, ...line.split(' ')], { env: { PATH: '/usr/bin:/bin', ...environment }, stdio: ['ignore', 'pipe', 'pipe'], timeout: 30_000 });
    return answerOf(child);
  }

  it('is tried in dash, bash and busybox', function () {
    mustHaveShells(this);
  });

  for (const shell of SHELLS) {
    it(`asks the watcher in ${shell} for what it carries out`, async () => {
      for (const line of HANDED) expect(await call(shell, line), line).to.deep.equal({ status: 3, signal: null, stdout: '', stderr: `done: ${line}\n` });
      expect(asked.map(({ words }) => words.join(' '))).to.deep.equal(HANDED);
    });

    it(`asks Node in ${shell} for all else`, async () => {
      for (const line of NODES) expect(await call(shell, line), line).to.deep.equal({ status: 0, signal: null, stdout: `NODE daemon-util ${line}\n`, stderr: '' });
      expect(asked).to.deep.equal([]);
    });
  }

  it("lets no variable load code into Perl, and says nothing of a locale that is not there", async () => {
    const environment = { PERL5OPT: '-Mnothing', PERL5LIB: '/nonexistent', PERL_UNICODE: 'SA', PERL5DB: 'die', LC_ALL: 'xx_YY.UTF-8', EXTRA_WEB_ARGS: 'ümläut' };
    expect(await call('/bin/sh', 'start web', environment)).to.deep.equal({ status: 3, signal: null, stdout: '', stderr: 'done: start web\n' });
    expect(asked[0]?.environment).to.deep.equal({ LC_ALL: 'xx_YY.UTF-8', EXTRA_WEB_ARGS: 'ümläut' });
  });

  it('asks Node where there is no socket', async () => {
    renameSync(join(runtime, 'control.sock'), join(runtime, 'elsewhere'));
    try {
      expect(await call('/bin/sh', 'start web')).to.include({ status: 0, stdout: 'NODE daemon-util start web\n' });
    } finally {
      renameSync(join(runtime, 'elsewhere'), join(runtime, 'control.sock'));
    }
  });
});

describe('hand-over to a watcher, and the same by Node', function () {
  this.timeout(120_000);
  let world: WatcherWorld;
  let watcher: RunningWatcher;
  let environment: Record<string, string>;

  before(async () => {
    buildOnce();
    world = new WatcherWorld();
    world.environment = { WATCHKEEPER_PATHS_RUNTIME: world.runtime, WATCHKEEPER_CONTROL_TIMEOUT: '2s' };
    environment = { ...world.environment, WATCHKEEPER_CONFIG: world.config };
    for (const name of ['web', 'db']) world.add(name);
    world.write({ serviceManager: 'built-in' });
    watcher = await world.startWatcher([], world.environment);
  });

  after(() => world.cleanups.run());

  const READS = ['check web', 'pid web', 'status', 'status web', '--json status', '--json status db', '--json check web', 'check web --json', '--json pid web', '--json check nobody', 'check nobody', 'status nobody', 'pid nobody'];
  const handed = (line: string, more: Record<string, string> = {}): Promise<Result> => begin(world.runtime, line, { ...environment, ...more }).ended;

  it('of all that it takes', async () => {
    for (const line of ['start web', 'start web', 'check-config', 'stop web', 'restart web', 'stop-all', 'start-all', 'start nobody', 'stop nobody', 'stop-master', 'start-master', ...READS]) {
      const answer = await handed(line);
      expect(answer.stdout, line).not.to.include('QUICK');
      // What is done twice is the same twice: it runs, or it does not.
      expect(still(answer), line).to.deep.equal(still(await world.run(...line.split(' '))));
      if (line.endsWith('web')) expect(await world.observed('web'), line).to.equal(line === 'stop web' ? 'stopped' : 'running');
    }
    const { daemons } = await world.status();
    expect(Object.values(daemons).map(({ observed }) => observed)).to.deep.equal(['running', 'running']);
  });

  it('with the arguments of the caller\'s environment, and who called in the records', async () => {
    const call = begin(world.runtime, 'stop db', environment);
    expect(await call.ended).to.include({ status: 0, stdout: '' });
    expect(await world.status('db').then(({ daemons }) => daemons['db']?.reason)).to.include(`daemon-util stop db (uid ${process.getuid?.() ?? 0}, pid ${call.pid})`);
    expect(await world.status('db').then(({ daemons }) => daemons['db']?.asker)).to.equal(`${process.pid}/${procProcess(process.pid)?.startTicks ?? 0}`);
    expect(await handed('start db')).to.include({ status: 0 });
  });

  it('becomes Node where that would go by another configuration', async () => {
    expect(await handed('stop web', { WATCHKEEPER_CONTROL_TIMEOUT: '3s' })).to.deep.equal(asNode('stop web'));
    expect(await handed('stop web', { WATCHKEEPER_LOG_LEVEL: 'debug' })).to.deep.equal(asNode('stop web'));
    expect(await handed('stop web', { WATCHKEEPER_CONFIG: '/etc/watchkeeper/other.yaml' })).to.deep.equal(asNode('stop web'));
    // The watcher was begun elsewhere: there it would be the very file.
    const relative = relativePath(process.cwd(), world.config);
    expect(await begin(world.runtime, 'stop web', { ...environment, WATCHKEEPER_CONFIG: relative }).ended).to.deep.equal(asNode('stop web'));
    const text = readFileSync(world.config, 'utf8');
    writeFileSync(world.config, `${text}\n`);
    try {
      expect(await handed('stop web')).to.deep.equal(asNode('stop web'));
    } finally {
      writeFileSync(world.config, text);
      expect(await world.watchkeeper('reload')).to.include({ status: 0 });
    }
    expect(await world.observed('web')).to.equal('running');
    expect(await handed('start web')).to.include({ status: 0, stdout: '' });
  });

  it('becomes Node before a frozen watcher, which then has nothing to do', async () => {
    watcher.kill('SIGSTOP');
    try {
      await eventually('it is', () => procProcess(watcher.pid)?.state === 'T');
      expect(await handed('stop web')).to.deep.equal(asNode('stop web'));
    } finally {
      watcher.kill('SIGCONT');
    }
    expect(await world.observed('web')).to.equal('running');
  });

  /** Before the watcher, which stops the moment that `sign` comes from it: what comes to it then it finds when it goes on. */
  async function stoppedUpon(sign: string, line: string): Promise<Result> {
    const directory = mkdtempSync(join(tmpdir(), 'wk-between-'));
    chmodSync(directory, 0o755);
    copyFileSync(join(world.runtime, 'control.token'), join(directory, 'control.token'));
    const between = createServer((client) => {
      const inner = connect(join(world.runtime, 'control.sock'));
      for (const socket of [client, inner]) socket.on('error', () => undefined);
      let [heard, rest] = ['', Buffer.alloc(0)];
      client.on('data', (piece: Buffer) => {
        const end = heard === '' ? piece.indexOf('\r\n\r\n') + 4 : piece.length;
        inner.write(piece.subarray(0, end));
        rest = Buffer.concat([rest, piece.subarray(end)]);
      });
      client.on('close', () => inner.destroy());
      inner.on('data', (piece: Buffer) => {
        heard += piece.toString();
        if (heard.includes(sign)) watcher.kill('SIGSTOP');
        inner.write(rest);
        rest = Buffer.alloc(0);
        client.write(piece);
      });
      inner.on('close', () => client.destroy());
    });
    between.listen(join(directory, 'control.sock'));
    await once(between, 'listening');
    try {
      const answer = await begin(directory, line, environment).ended;
      expect(procProcess(watcher.pid)?.state).to.equal('T');
      return answer;
    } finally {
      watcher.kill('SIGCONT');
      between.close();
      rmSync(directory, { recursive: true, force: true });
    }
  }

  for (const [when, sign, answer] of [
    ['before it has taken the command: that is Node\'s then', '100 Continue', asNode('restart web')],
    ['before it has begun: that is told, and that is all', '200 OK', { status: 1, signal: null, stdout: '' }],
  ] as const) {
    it(`never begins late where the watcher was stopped ${when}`, async () => {
      const before = (await world.status('web')).daemons['web']?.pid;
      expect(before).to.be.a('number');
      expect(await stoppedUpon(sign, 'restart web')).to.include(answer);
      await new Promise((later) => setTimeout(later, 1000));
      expect((await world.status('web')).daemons['web']).to.include({ pid: before, observed: 'running' });
    });
  }

  it('goes on to the end where who asked has left', async () => {
    const before = (await world.status('web')).daemons['web']?.pid;
    const call = begin(world.runtime, 'restart web', environment);
    await eventually('it is at it', async () => (await world.status('web')).daemons['web']?.pid !== before);
    call.kill();
    await call.ended;
    await world.running('web');
  });
});
