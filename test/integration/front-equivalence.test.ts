/**
 * Every command of daemon-util in every state of the board, by the front in each
 * shell and by Node. Where the front answers by itself, Node is asked the same
 * and has to give the same answer; where it does not, it must have asked Node for
 * just that. Which of them it answers by itself is told beside each state, so
 * that neither a wrong answer nor a lost fast path goes unnoticed.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { expect } from 'chai';

import { statusLine } from '../../src/core/status-line.js';
import { COMMANDS } from '../../src/cli/daemon-util/table.js';
import { buildOnce, IS_ROOT } from '../support/daemon-util-world.js';
import { Cleanups, eventually } from '../support/eventually.js';
import { FrontProbe, mustHaveShells, SHELLS, timeless } from '../support/front-probe.js';
import { claimed, HandMadeBoard, REASON, type Claimed } from '../support/front-states.js';
import { isLive, procProcess } from '../support/proc.js';

const ROOT = resolve(import.meta.dirname, '../..');
const PATIENCE = 60_000;
/** Asked of a daemon that runs, and of one that does not; start-all besides. */
const FAST = new Set(['check', 'pid', 'check-and-start', 'status']);
const RUNS = 'clockd';
const RESTS = 'flakyd';
const FAST_LINES = [...FAST].flatMap((name) => [`${name} ${RUNS}`, `${name} ${RESTS}`]).concat('check nobody', 'check ../watcher', 'status', 'start-all');
/** Which shell sees them makes no difference before the board is read: one of them does, another one for the next state. */
const OTHER_LINES = [...COMMANDS.values()].flatMap(({ name, arguments: all }) => {
  if (FAST.has(name) || name === 'start-all') return [];
  const words = all.filter((argument) => argument.optional !== true).map((argument) => (argument.name === 'RC' ? '11' : RUNS));
  return [[name, ...words].join(' ')];
});
const UP = [`check ${RUNS}`, `pid ${RUNS}`, `check-and-start ${RUNS}`];
const DOWN = [`check ${RESTS}`, `status ${RESTS}`];
/** With a watcher that is well: only it knows more than that a process is there. */
const WELL = [...UP, `status ${RUNS}`, ...DOWN];
/** Where RESTS runs, too. */
const ALL = FAST_LINES.filter((line) => !['check nobody', 'check ../watcher', 'status'].includes(line));

/** Expressions to some shells, octal to others; `-` alone, which is no time either, stands for none. */
const NO_TIMES = ['5-3', '10-09', '9-8-08', '1--1', '-5', '--', '010', '08', '0x10', 'a', '1'.repeat(16)];

describe('daemon-util by the front and by Node', function () {
  this.timeout(120_000);
  const cleanups = new Cleanups();
  let top: string;
  let base: string;
  let bundle: string;
  let probe: FrontProbe;
  let board: HandMadeBoard;
  let running: Claimed;
  let watcher: Claimed;
  let stranger: Claimed;
  let compared = 0;
  /** What the watcher itself last answered, where it no longer does. */
  let lastWord: ReadonlyMap<string, object> = new Map();
  /** Whether the board is a real watcher's. */
  let isReal = false;

  before(async () => {
    buildOnce();
    // not below /tmp where we are root: root runs nothing from there
    top = mkdtempSync(join(IS_ROOT ? '/var/lib' : tmpdir(), 'wk-eq-'));
    cleanups.add(() => rmSync(top, { recursive: true, force: true }));
    for (const directory of ['clone/scripts', 'clone/dist', 'clone/src/core', 'user']) mkdirSync(join(top, directory), { recursive: true, mode: 0o700 });
    for (const name of readdirSync(join(ROOT, 'scripts'))) if (name === 'daemon-util' || name.endsWith('.sh')) copyFileSync(join(ROOT, 'scripts', name), join(top, 'clone/scripts', name));
    cpSync(join(ROOT, 'scripts/demo'), join(top, 'clone/scripts/demo'), { recursive: true });
    bundle = join(top, 'clone/dist/watchkeeper.cjs');
    copyFileSync(join(ROOT, 'dist/watchkeeper.cjs'), bundle);
    base = join(top, 'user/watchkeeper-demo');
    board = new HandMadeBoard(join(base, 'run'));
    probe = new FrontProbe(top, join(top, 'clone/scripts/daemon-util'), `${top}/clone/scripts/../dist/watchkeeper.cjs`, { XDG_RUNTIME_DIR: join(top, 'user') });
    cleanups.add(() => void node('stop-all'));
    expect(node('start', RUNS)).to.include({ status: 0 });
    running = claimed(Number(node('pid', RUNS).stdout));
    watcher = claimed(await standIn('/bin/sleep', '600'));
    stranger = claimed(await standIn('/bin/sleep', '600'));
  });

  after(() => cleanups.run());

  async function standIn(program: string, ...args: string[]): Promise<number> {
    const child = spawn(program, args, { stdio: 'ignore' });
    cleanups.add(() => void child.kill('SIGKILL'));
    const { pid = 0 } = child;
    // between fork and exec it is still us
    await eventually('it runs', () => procProcess(pid)?.argv[0] === program);
    return pid;
  }

  function node(...argv: string[]): { status: number | null; stdout: string; stderr: string } {
    const { status, stdout, stderr } = spawnSync(process.execPath, [bundle, 'daemon-util', ...argv], { encoding: 'utf8', timeout: PATIENCE, cwd: '/', env: nodeEnvironment() });
    return { status, stdout, stderr };
  }

  /** A watcher that hangs is not waited for: how long is not what is asked here. */
  function nodeEnvironment(): Record<string, string> {
    return { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', WATCHKEEPER_DEMO: '1', XDG_RUNTIME_DIR: join(top, 'user'), WATCHKEEPER_CONTROL_TIMEOUT: '300ms' };
  }

  /** @param own what the front answers by itself, of all that there is */
  function compare(own: readonly string[], others: readonly string[] = OTHER_LINES): void {
    const answers = probe.ask(FAST_LINES);
    const shell = SHELLS[compared++ % SHELLS.length] ?? '';
    const alone = [...answers, ...probe.askIn(shell, others)].filter(([, { by }]) => by === 'front').map(([line]) => line);
    expect(alone, 'answered without Node').to.have.members([...own]);
    for (const line of own) {
      const { by, ...answer } = answers.get(line) ?? { by: undefined };
      expect(by, line).to.equal('front');
      expect(answer, line).to.deep.equal(lastWord.get(line) ?? told(line));
    }
  }

  /** By Node. What a board made by hand says of a past that never was, Node cannot know without a watcher: there it is the board's word, as Node would put it. */
  function told(line: string): object {
    const [command, name = ''] = line.split(' ');
    const answer = node(...line.split(' '));
    if (command !== 'status' || isReal) return { ...answer, stdout: timeless(answer.stdout) };
    expect({ ...answer, stdout: '' }).to.deep.equal({ status: 0, stdout: '', stderr: '' });
    return { ...answer, stdout: timeless(`${statusLine(board.status(name))}\n`) };
  }

  /** All shells agree on it. */
  const asked = (line: string): string | undefined => probe.ask([line]).get(line)?.by;

  const well = (): void => {
    board.clear();
    board.watcher(watcher);
    board.daemon(RUNS, 'running', running);
    board.daemon(RESTS, 'stopped', undefined, { desired: 'down' });
  };
  /** All as it should be, and then this. */
  type Change = readonly [state: string, change: () => void | Promise<void>, own: readonly string[]];

  /** As systemd's, with the records of what is wanted so much older than their proof. @param by ms */
  function wanted(process: Claimed, by: number, changes: { desired?: string; owner?: string } = {}): void {
    board.daemon(RUNS, 'running', process, { owner: 'systemd', ...changes });
    board.wishes(by);
  }

  const monotonic = (): number => Math.round(Number(process.hrtime.bigint() / 1_000_000n));

  async function zombie(): Promise<Claimed> {
    const child = spawn('/bin/sh', ['-c', '/bin/sleep 0.1 & echo $!; exec /bin/sleep 600'], { stdio: ['ignore', 'pipe', 'ignore'] });
    cleanups.add(() => void child.kill('SIGKILL'));
    const pid = await new Promise<number>((tell) => child.stdout.once('data', (chunk: Buffer) => tell(Number(chunk.toString()))));
    await eventually('it is a zombie', () => procProcess(pid)?.state === 'Z');
    return claimed(pid);
  }

  async function dead(): Promise<Claimed> {
    const pid = await standIn('/bin/sleep', '601');
    const identity = claimed(pid);
    process.kill(pid, 'SIGKILL');
    await eventually('it is gone', () => !existsSync(`/proc/${pid}`));
    return identity;
  }

  const HOSTILE: readonly (readonly [string, (process: Claimed) => string | Buffer])[] = [
    ['nothing', () => ''],
    ['an empty line', () => '\n'],
    ['NUL bytes', () => Buffer.alloc(4096)],
    ['random bytes', () => Buffer.from(Array.from({ length: 2048 }, (_, index) => (index * 167 + 13) % 256))],
    ['a line without end', () => `1 ${RUNS} running 1 ${'9'.repeat(4000)}`],
    ['a command', ({ ticks }) => `1 ${RUNS} running 1 $(id>&2) ${ticks} up watcher 0 - 1 x\n`],
    ['a path', ({ pid, ticks }) => `1 ${RUNS} running 1 ${pid}/../${pid} ${ticks} up watcher 0 - 1 x\n`],
    ['self', ({ ticks }) => `1 ${RUNS} running 1 self ${ticks} up watcher 0 - 1 x\n`],
    ['a pid of 0', ({ ticks }) => `1 ${RUNS} running 1 0 ${ticks} up watcher 0 - 1 x\n`],
    ['a negative pid', ({ pid, ticks }) => `1 ${RUNS} running 1 -${pid} ${ticks} up watcher 0 - 1 x\n`],
    ['an octal pid', ({ pid, ticks }) => `1 ${RUNS} running 1 0${pid} ${ticks} up watcher 0 - 1 x\n`],
    ['a pattern', ({ pid }) => `1 ${RUNS} running 1 ${pid} * up watcher 0 - 1 x\n`],
    ['backslashes', ({ pid, ticks }) => `1 ${RUNS} run\\ning 1 ${pid} ${ticks} up watcher 0 - 1 x\n`],
    ['no reason', ({ pid, ticks }) => `1 ${RUNS} running 1 ${pid} ${ticks} up watcher\n`],
    ['an unknown word', ({ pid, ticks }) => `1 ${RUNS} enchanted 1 ${pid} ${ticks} up watcher 0 - 1 x\n`],
  ];

  /** While RUNS runs. */
  const CHANGES: readonly Change[] = [
    ['all is well', () => undefined, WELL],
    ['there is no board', () => board.clear(), []],
    ['there is no watcher on the board', () => rmSync(board.path('watcher')), []],
    ['there is no daemon on the board', () => rmSync(board.path('state'), { recursive: true }), []],
    ['the board is stale', () => board.watcher(watcher, { age: 3_700_000 }), UP],
    ['the board is of the future', () => board.watcher(watcher, { age: -60_000 }), UP],
    ['the watcher is dead', async () => board.watcher(await dead()), UP],
    ['the watcher is a zombie', async () => board.watcher(await zombie()), UP],
    ["the watcher's pid is another's by now", () => board.watcher(stranger, { ticks: stranger.ticks - 1 }), UP],
    ['the board is of another boot', () => board.watcher(watcher, { boot: '00000000-0000-4000-8000-000000000000' }), []],
    ["half of the watcher's line is there", () => board.watcher(watcher, { end: '' }), []],
    ["the watcher's line is of another version", () => board.watcher(watcher, { version: '2' }), []],
    ["the watcher's line is too long", () => board.watcher(watcher, { end: ' 1\n' }), []],
    ["the watcher's line is a directory", () => board.directory('watcher'), []],
    ["the watcher's line is a FIFO", () => board.fifo('watcher'), []],
    ["the watcher's line is a dangling link", () => board.link('watcher', '/nonexistent'), []],
    ['half of a line is there', () => [RUNS, RESTS].forEach((name) => board.daemon(name, name === RUNS ? 'running' : 'stopped', name === RUNS ? running : undefined, { end: '' })), []],
    ['a line is of another version', () => board.daemon(RUNS, 'running', running, { version: '2' }), DOWN],
    ["a line is another daemon's", () => board.daemon(RUNS, 'running', running, { as: 'greeterd' }), DOWN],
    ['a line is a directory', () => board.directory(join('state', RUNS)), DOWN],
    ['a line is a FIFO', () => board.fifo(join('state', RUNS)), DOWN],
    ['a line is a dangling link', () => board.link(join('state', RUNS), '/nonexistent'), DOWN],
    ['the pid on the board is another process by now', () => board.daemon(RUNS, 'running', { ...stranger, ticks: stranger.ticks - 1 }), DOWN],
    ['the process on the board is dead', async () => board.daemon(RUNS, 'running', await dead()), DOWN],
    ['the process on the board is a zombie', async () => board.daemon(RUNS, 'running', await zombie()), DOWN],
    ['it is degraded', () => board.daemon(RUNS, 'degraded', running), WELL],
    ['it is starting', () => board.daemon(RUNS, 'starting', running), DOWN],
    ['it is stopping', () => board.daemon(RUNS, 'stopping', running), DOWN],
    ['it is the cluster\'s', () => board.daemon(RUNS, 'running', running, { owner: 'cluster' }), [...UP, ...DOWN]],
    ["it is systemd's", () => board.daemon(RUNS, 'running', running, { owner: 'systemd' }), [...UP, ...DOWN]],
    ["it is systemd's, and nobody wants something else since", () => wanted(running, 1000), WELL],
    ['it runs though it is wanted down', () => wanted(running, 1000, { desired: 'down' }), WELL],
    ["it is systemd's, and somebody may want something else", () => wanted(running, -1000), [...UP, ...DOWN]],
    ["it is systemd's, and that is in doubt", () => wanted(running, 0), [...UP, ...DOWN]],
    ["it is systemd's, and nobody says what is wanted", () => { wanted(running, 1000); rmSync(board.path('wanted')); }, [...UP, ...DOWN]],
    ["it is the cluster's, and nobody wants something else since", () => wanted(running, 1000, { owner: 'cluster' }), WELL],
    ["one that is stopped is systemd's, though it is wanted up", () => { wanted(running, 1000); board.daemon(RESTS, 'stopped', undefined, { owner: 'systemd' }); }, [...UP, `status ${RUNS}`, `check ${RESTS}`]],
    ["one that is stopped is systemd's", () => { wanted(running, 1000); board.daemon(RESTS, 'stopped', undefined, { owner: 'systemd', desired: 'down' }); }, WELL],
    ['one that is stopped is wanted up', () => board.daemon(RESTS, 'stopped', undefined), WELL],
    ['it was restarted once', () => board.daemon(RUNS, 'running', running, { restarts: 1 }), WELL],
    ['it was never restarted', () => board.daemon(RUNS, 'running', running, { restarts: 0 }), WELL],
    ['one is tried again', () => board.daemon(RESTS, 'backing-off', undefined, { nextTry: monotonic() + 600_000 }), WELL],
    ['one should have been tried again', () => board.daemon(RESTS, 'backing-off', undefined, { nextTry: 1000 }), WELL],
    ['a reason is in other letters', () => board.daemon(RESTS, 'failed', undefined, { reason: 'größer' }), [...UP, `status ${RUNS}`, `check ${RESTS}`]],
    ['a reason was cut', () => board.daemon(RESTS, 'failed', undefined, { reason: `${'long '.repeat(79)}…` }), [...UP, `status ${RUNS}`, `check ${RESTS}`]],
    ['there is no reason', () => board.daemon(RESTS, 'failed', undefined, { reason: '' }), WELL],
    ['restarts are none', () => board.daemon(RUNS, 'running', running, { restarts: '$(id)' }), [...UP, ...DOWN]],
    ['the next try is no time', () => board.daemon(RESTS, 'backing-off', undefined, { nextTry: 'a[$(id)]' }), [...UP, `status ${RUNS}`, `check ${RESTS}`]],
    ['a line has no more than its restarts', () => board.put(join('state', RESTS), `1 ${RESTS} stopped 0 - - down watcher 3\n`), [...UP, `status ${RUNS}`, `check ${RESTS}`]],
    ['one that is stopped still has a process', () => board.daemon(RESTS, 'stopped', stranger), [...UP, `status ${RUNS}`]],
    ['the pid file of one that is stopped names a stranger', () => writeFileSync(join(base, `${RESTS}.pid`), `${stranger.pid}\n`), WELL],
    ['the pid file of one that is stopped is rubbish', () => writeFileSync(join(base, `${RESTS}.pid`), Buffer.alloc(512, 0xff)), WELL],
    ['the pid file of one that runs names a stranger', () => writeFileSync(join(base, `${RUNS}.pid`), `${stranger.pid}\n`), WELL],
    ['the pid file of one that runs is gone', () => rmSync(join(base, `${RUNS}.pid`)), WELL],
    ...['waiting', 'backing-off', 'crash-loop', 'given-up', 'failed'].map((observed): Change => [`one is ${observed}`, () => board.daemon(RESTS, observed, undefined), WELL]),
  ];

  it('in dash, bash and busybox', function () {
    mustHaveShells(this);
  });

  describe('on a board made by hand', () => {
    let pidFile: string;

    before(() => (pidFile = readFileSync(join(base, `${RUNS}.pid`), 'utf8')));

    afterEach(() => {
      writeFileSync(join(base, `${RUNS}.pid`), pidFile);
      rmSync(join(base, `${RESTS}.pid`), { force: true });
    });

    for (const [state, change, own] of CHANGES) {
      it(`where ${state}`, async () => {
        well();
        await change();
        compare(own);
      });
    }

    it('where a time is none that arithmetic could do with', () => {
      for (const time of NO_TIMES) {
        well();
        board.daemon(RESTS, 'backing-off', undefined, { nextTry: time });
        expect(asked(`status ${RESTS}`), `next try ${time}`).to.equal('node');
        well();
        const [words, last] = [readFileSync(board.path('watcher'), 'utf8').trimEnd().split(' '), 5];
        for (const place of [last - 1, last]) {
          board.put('watcher', `${words.map((word, index) => (index === place ? time : word)).join(' ')}\n`);
          expect(asked(`check ${RESTS}`), `word ${place} of the watcher's line ${time}`).to.equal('node');
        }
      }
    });

    for (const [what, content] of HOSTILE) {
      it(`where a line is ${what}`, () => {
        well();
        board.put(join('state', RUNS), content(running));
        compare(DOWN, []);
        well();
        board.put('watcher', content(watcher));
        compare([], []);
      });
    }
  });

  describe('beside a real watcher', () => {
    let child: ChildProcess;

    before(async () => {
      board.clear();
      isReal = true;
      child = spawn(process.execPath, [bundle, 'watchkeeper', 'run'], { cwd: '/', stdio: 'ignore', env: nodeEnvironment() });
      const ended = new Promise((tell) => child.once('exit', tell));
      cleanups.add(async () => {
        child.kill('SIGKILL');
        await ended;
      });
      await eventually('it watches', () => existsSync(board.path('watcher')) && readFileSync(board.path('watcher'), 'utf8').startsWith(`1 ${child.pid ?? 0} `), PATIENCE);
    });

    function watchkeeper(...argv: string[]): string {
      return spawnSync(process.execPath, [bundle, 'watchkeeper', ...argv], { encoding: 'utf8', timeout: PATIENCE, cwd: '/', env: nodeEnvironment() }).stdout;
    }

    const answersAlone = (line: string): boolean => SHELLS.every((shell) => probe.askIn(shell, [line]).get(line)?.by === 'front');
    const boardSays = (name: string, words: string): boolean => readFileSync(board.path(join('state', name)), 'utf8').startsWith(`1 ${name} ${words} `);

    it('where all run', async () => {
      expect(node('start-all')).to.include({ status: 0 });
      await eventually('the watcher claims that all is started', () => answersAlone('start-all'), PATIENCE);
      compare(ALL);
    });

    it('where one is paused', async () => {
      watchkeeper('pause', RUNS, '--for', '1h');
      await eventually('the watcher claims that all is started', () => answersAlone('start-all'), PATIENCE);
      compare(ALL);
      watchkeeper('resume', RUNS);
    });

    it('where one was stopped by hand', () => {
      expect(node('stop', RESTS)).to.include({ status: 0 });
      expect(boardSays(RESTS, 'stopped'), REASON).to.equal(true);
      compare(WELL);
    });

    it('where the watcher is frozen', async () => {
      // Node, which soon waits for it no longer, then has words of its own for why one is down.
      lastWord = new Map([`status ${RUNS}`, `status ${RESTS}`].map((line) => [line, told(line)]));
      child.kill('SIGSTOP');
      await eventually('it is', () => procProcess(child.pid ?? 0)?.state === 'T');
      // its heart beat a moment ago
      const line = readFileSync(board.path('watcher'), 'utf8').split(' ');
      compare(WELL);
      board.put('watcher', [...line.slice(0, 4), Number(line[4]) - 600_000, line[5]].join(' '));
      compare(UP);
      child.kill('SIGCONT');
    });

    it('where the watcher was killed', async () => {
      child.kill('SIGKILL');
      await eventually('it is dead', () => !isLive(child.pid ?? 0));
      compare(UP);
    });
  });
});
