/**
 * When scripts/daemon-util answers by itself, and when it asks Node. The boards
 * are made here, the processes on them are real, and Node is a program that
 * says it was asked.
 */
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';

import { formatDuration } from '../../src/core/duration.js';
import { onTerminal, SCRIPT } from '../support/pty.js';

const SCRIPTS = path.resolve(import.meta.dirname, '../../scripts');
const SHELLS = [['/bin/dash'], ['/bin/bash'], ['/bin/busybox', 'sh']] as const;
const STRACE = '/usr/bin/strace';
const BOOT_ID = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

interface Answer {
  readonly by: 'front' | 'node';
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function statOf(pid: number): { state: string; startTicks: string } {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(') ') + 2).split(' ');
  return { state: fields[0] ?? '', startTicks: fields[19] ?? '' };
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 5000;
  while (!condition()) {
    await delay(5);
    if (Date.now() > deadline) throw new Error('the condition did not come true in time');
  }
}

describe('the front of daemon-util', function () {
  this.timeout(20_000);
  let top: string;
  let script: string;
  let runtime: string;
  const children: ChildProcess[] = [];

  before(() => {
    top = mkdtempSync(path.join(os.tmpdir(), 'watchkeeper-front-'));
    for (const directory of ['clone/scripts', 'clone/dist', 'clone/src/core', 'bin', 'user/watchkeeper-demo/run/state']) {
      mkdirSync(path.join(top, directory), { recursive: true });
    }
    for (const name of ['daemon-util', 'run-node.sh', 'state-board.sh', 'start-claim.sh', 'status-line.sh', 'unit-claim.sh', 'demo-runtime.sh']) copyFileSync(path.join(SCRIPTS, name), path.join(top, 'clone/scripts', name));
    script = path.join(top, 'clone/scripts/daemon-util');
    writeFileSync(path.join(top, 'clone/dist/watchkeeper.cjs'), '');
    writeFileSync(path.join(top, 'bin/node'), `#!/bin/sh\necho "NODE demo=\${WATCHKEEPER_DEMO-} options=\${NODE_OPTIONS-}:\${NODE_EXTRA_CA_CERTS-} $*" >&\${NODE_SAYS-1}\nexit 42\n`);
    chmodSync(path.join(top, 'bin/node'), 0o755);
    runtime = path.join(top, 'user/watchkeeper-demo/run');
  });

  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    rmSync(runtime, { recursive: true, force: true });
    mkdirSync(path.join(runtime, 'state'), { recursive: true });
  });

  after(() => rmSync(top, { recursive: true, force: true }));

  async function run(argv: readonly [string, ...string[]]): Promise<number> {
    const child = spawn(argv[0], argv.slice(1), { stdio: 'ignore' });
    children.push(child);
    await until(() => child.pid !== undefined && existsSync(`/proc/${child.pid}/stat`));
    const pid = child.pid ?? 0;
    // between fork and exec the name is still ours
    await until(() => !readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith(process.execPath));
    return pid;
  }

  const sleeper = (): Promise<number> => run(['/bin/sleep', '60']);

  function uptime(): number {
    return Math.round(Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1000);
  }

  function watcherLine(pid: number, changes: { ticks?: string; boot?: string; age?: number; end?: string; version?: number } = {}): void {
    const ticks = changes.ticks ?? statOf(pid).startTicks;
    const line = `${changes.version ?? 1} ${pid} ${ticks} ${changes.boot ?? BOOT_ID} ${uptime() - (changes.age ?? 0)} 15000`;
    writeFileSync(path.join(runtime, 'watcher'), `${line}${changes.end ?? '\n'}`);
  }

  function daemonLine(observed: string, pid: number | '-', ticks: string, end = '\n', name = 'web', version = 1): void {
    const line = `${version} ${name} ${observed} 1 ${pid} ${ticks} up watcher 3 - 123456 killed by SIGKILL; "quoted" $(words)`;
    writeFileSync(path.join(runtime, 'state/web'), `${line}${end}`);
  }

  /** A watcher that is well and a daemon that runs. */
  async function goodBoard(): Promise<number> {
    watcherLine(await sleeper());
    const pid = await sleeper();
    daemonLine('running', pid, statOf(pid).startTicks);
    return pid;
  }

  function ask(shell: readonly [string, ...string[]], args: readonly string[], environment: Readonly<Record<string, string>> = {}): Answer {
    const result = spawnSync(shell[0], [...shell.slice(1), script, ...args], {
      encoding: 'utf8',
      timeout: 10_000,
      env: { PATH: `${path.join(top, 'bin')}:/usr/bin:/bin`, XDG_RUNTIME_DIR: path.join(top, 'user'), ...environment },
    });
    const { status, stdout, stderr } = result;
    return { by: stdout.startsWith('NODE ') ? 'node' : 'front', status, stdout, stderr };
  }

  for (const shell of SHELLS) {
    describe(`in ${shell.join(' ')}`, () => {
      before(function () {
        if (!existsSync(shell[0])) this.skip();
      });

      function expectFront(args: readonly string[], status: number, stdout = ''): void {
        expect(ask(shell, args)).to.deep.equal({ by: 'front', status, stdout, stderr: '' });
      }

      function expectNode(args: readonly string[], environment: Readonly<Record<string, string>> = {}): void {
        const answer = ask(shell, args, environment);
        expect(answer.by).to.equal('node');
        expect(answer.status).to.equal(42);
        expect(answer.stderr).to.equal('');
      }

      it('answers for a daemon that runs', async () => {
        const pid = await goodBoard();
        expectFront(['check', 'web'], 0);
        expectFront(['pid', 'web'], 0, `${pid}\n`);
        expectFront(['check-and-start', 'web'], 0);
      });

      it('answers for a daemon that runs, whatever became of the watcher', async () => {
        const pid = await goodBoard();
        watcherLine(pid, { ticks: '1', age: 3_600_000 });
        expectFront(['check', 'web'], 0);
      });

      for (const observed of ['stopped', 'waiting', 'backing-off', 'crash-loop', 'given-up', 'failed']) {
        it(`answers for one that is ${observed}, while the watcher is well`, async () => {
          watcherLine(await sleeper());
          daemonLine(observed, '-', '-');
          expectFront(['check', 'web'], 1);
          expectNode(['pid', 'web']);
          expectNode(['check-and-start', 'web']);
        });
      }

      for (const observed of ['starting', 'stopping', 'something-new']) {
        it(`asks Node about one that is ${observed}`, async () => {
          await goodBoard();
          daemonLine(observed, await sleeper(), '1');
          expectNode(['check', 'web']);
          daemonLine(observed, '-', '-');
          expectNode(['check', 'web']);
        });
      }

      for (const command of ['a) S 1 (\n) Z) ', 'a) S 1', ') ', ')', '(', 'a (b) c', '\n', 'a)\n) S ']) {
        it(`believes the command name ${JSON.stringify(command)}`, async () => {
          const program = path.join(top, command);
          copyFileSync('/bin/sleep', program);
          chmodSync(program, 0o755);
          watcherLine(await sleeper());
          const pid = await run([program, '60']);
          daemonLine('running', pid, statOf(pid).startTicks);
          expectFront(['check', 'web'], 0);
          daemonLine('running', pid, String(Number(statOf(pid).startTicks) - 1));
          expectNode(['check', 'web']);
        });
      }

      it('asks Node where the daemon is dead', async () => {
        const pid = await goodBoard();
        process.kill(pid, 'SIGKILL');
        await until(() => !existsSync(`/proc/${pid}/stat`));
        expectNode(['check', 'web']);
        expectNode(['pid', 'web']);
      });

      it('asks Node where the pid is another process by now', async () => {
        const pid = await goodBoard();
        daemonLine('running', pid, String(Number(statOf(pid).startTicks) - 1));
        expectNode(['check', 'web']);
      });

      it('asks Node where the daemon is a zombie', async () => {
        watcherLine(await sleeper());
        const child = spawn('/bin/sh', ['-c', '/bin/sleep 0.2 & echo $!; exec /bin/sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
        children.push(child);
        const zombie = await new Promise<number>((resolve) => child.stdout.once('data', (chunk: Buffer) => resolve(Number(chunk.toString()))));
        await until(() => statOf(zombie).state === 'Z');
        daemonLine('running', zombie, statOf(zombie).startTicks);
        expectNode(['check', 'web']);
      });

      it('asks Node where the board is of another boot', async () => {
        await goodBoard();
        watcherLine(await sleeper(), { boot: '00000000-0000-4000-8000-000000000000' });
        expectNode(['check', 'web']);
      });

      it('does not believe "stopped" where the watcher is dead, frozen or another process', async () => {
        const watcher = await sleeper();
        daemonLine('stopped', '-', '-');
        watcherLine(watcher, { age: 15_500 });
        expectNode(['check', 'web']);
        watcherLine(watcher, { age: -5000 });
        expectNode(['check', 'web']);
        watcherLine(watcher, { ticks: '1' });
        expectNode(['check', 'web']);
        watcherLine(watcher);
        expectFront(['check', 'web'], 1);
        process.kill(watcher, 'SIGKILL');
        await until(() => !existsSync(`/proc/${watcher}/stat`));
        expectNode(['check', 'web']);
      });

      it('asks Node where a line is half written, of another version, or of another daemon', async () => {
        const pid = await goodBoard();
        const { startTicks } = statOf(pid);
        daemonLine('running', pid, startTicks, '');
        expectNode(['check', 'web']);
        daemonLine('running', pid, startTicks, '\n', 'web', 2);
        expectNode(['check', 'web']);
        daemonLine('running', pid, startTicks, '\n', 'api');
        expectNode(['check', 'web']);
        for (const text of ['', '\n', '1 web\n', '1 web running\n', `1 web running 1 ${pid}\n`, `1 web running 1 ${pid} ${startTicks}\n`]) {
          writeFileSync(path.join(runtime, 'state/web'), text);
          expectNode(['check', 'web']);
        }
        daemonLine('running', pid, startTicks);
        watcherLine(pid, { end: '' });
        expectNode(['check', 'web']);
        watcherLine(pid, { version: 2 });
        expectNode(['check', 'web']);
        watcherLine(pid, { end: ' more\n' });
        expectNode(['check', 'web']);
      });

      it('asks Node where numbers are none', async () => {
        const pid = await goodBoard();
        const { startTicks } = statOf(pid);
        for (const rubbish of ['0', '-1', '$(id)', `0${pid}`, `${pid}/../${pid}`, '99999999999999999999']) {
          writeFileSync(path.join(runtime, 'state/web'), `1 web running 1 ${rubbish} ${startTicks} up watcher 0 - 1 reason\n`);
          expectNode(['check', 'web']);
        }
        daemonLine('stopped', '-', '-');
        for (const [beat, stale] of [['x', '15000'], ['1e3', '15000'], ['010', '15000'], ['99999999999999999999999', '15000'], [String(uptime()), ''], [String(uptime()), '99999999999999']]) {
          writeFileSync(path.join(runtime, 'watcher'), `1 ${pid} ${startTicks} ${BOOT_ID} ${beat} ${stale}\n`);
          expectNode(['check', 'web']);
        }
      });

      it('tells the age of a process, and any duration as Node does', async () => {
        const pid = await goodBoard();
        const began = Number(statOf(pid).startTicks) * 10;
        await until(() => uptime() > began + 1200);
        const [before, { stdout }, after] = [uptime(), ask(shell, ['status', 'web']), uptime()];
        const told = Number(/^web: running \(pid \d+, up ([\d.]+) s, 3 restarts\)\n$/.exec(stdout)?.[1]) * 1000;
        expect(told, stdout).to.be.within(before - began - 51, after - began + 51);

        const times = [-1, 0, 10, 999, 1000, 1049, 1050, 1950, 2000, 9949, 9950, 9999, 10_499, 59_499, 59_500, 60_000, 61_000, 119_600, 3_599_499, 3_599_500, 3_660_000, 7_380_000, 86_399_000, 86_400_000, 90_000_000, 900_000_000, 10_000_000_000];
        const loop = '. "$1"; shift; for time; do in_words "$time"; printf "%s\\n" "$words"; done';
        const { stdout: words } = spawnSync(shell[0], [...shell.slice(1), '-c', loop, 'loop', path.join(SCRIPTS, 'status-line.sh'), ...times.map(String)], { encoding: 'utf8' });
        expect(words.trimEnd().split('\n')).to.deep.equal(times.map((time) => formatDuration(Math.max(0, time))));
      });

      for (const question of ['status', 'pid']) {
        it(`leaves to Node what it cannot print of ${question}`, async () => {
          await goodBoard();
          const { stdout, stderr } = spawnSync('/bin/sh', ['-c', 'exec 3>&1 >/dev/full; NODE_SAYS=3 exec "$@"', 'sh', ...shell, script, question, 'web'], {
            encoding: 'utf8',
            env: { PATH: `${path.join(top, 'bin')}:/usr/bin:/bin`, XDG_RUNTIME_DIR: path.join(top, 'user'), NODE_SAYS: '3' },
          });
          expect(stderr).to.equal('');
          expect(stdout).to.match(/^NODE /);
        });
      }

      describe('start-all', () => {
        const old = new Date(Date.now() - 60_000);
        const at = (name: string): string => path.join(top, 'grounds', name);
        let pid: number;

        /** What the watcher claims; proven a moment ago. */
        function claim(grounds: readonly string[], changes: { head?: string; end?: string; proven?: Date } = {}): void {
          const [, watcher, ticks] = readFileSync(path.join(runtime, 'watcher'), 'utf8').split(' ');
          const file = path.join(runtime, 'start-all');
          writeFileSync(file, [changes.head ?? `1 ${watcher ?? ''} ${ticks ?? ''} the built-in demo`, ...grounds, changes.end ?? 'end\n'].join('\n'));
          const proven = changes.proven ?? new Date(Date.now() - 20);
          utimesSync(file, proven, proven);
        }

        function ground(name: string, modified = old): string {
          mkdirSync(at('.'), { recursive: true });
          writeFileSync(at(name), '');
          utimesSync(at(name), modified, modified);
          return at(name);
        }

        beforeEach(async () => {
          pid = await goodBoard();
        });

        afterEach(() => rmSync(at('.'), { recursive: true, force: true }));

        it('is answered where all grounds of the claim hold', () => {
          const file = ground('file');
          utimesSync(path.dirname(script), old, old);
          writeFileSync(path.join(runtime, 'state/off'), '1 off stopped 0 - - up watcher 0 - 1 /x has no line\n');
          claim([`same ${file}`, `same ${path.dirname(script)}`, `there ${file}`, `absent ${at('nothing')}`, 'unset EXTRA_WEB_ARGS', 'up web', 'down off', 'say off: skipped: /x has  no line *', 'say b: $(id)']);
          expect(ask(shell, ['start-all'])).to.deep.equal({ by: 'front', status: 0, stdout: '', stderr: 'off: skipped: /x has  no line *\nb: $(id)\n' });
          daemonLine('degraded', pid, statOf(pid).startTicks);
          expect(ask(shell, ['start-all']).by).to.equal('front');
          claim([]);
          expectFront(['start-all'], 0);
        });

        it('asks Node where there is no claim, or half of one, or one of another kind', () => {
          expectNode(['start-all']);
          claim(['up web']);
          expectFront(['start-all'], 0);
          for (const end of ['', 'en', 'end', 'end\nup web\n', 'end\nend\n', 'end \nsay x', 'up web\n', 'end\n\n']) {
            claim(['up web'], { end });
            expectNode(['start-all']);
          }
          for (const line of ['', 'up', 'up ', 'maybe web', 'up nobody', 'up ../state/web', 'down web', 'same', 'same relative', 'there', 'unset', 'unset a', 'unset A$(id)', 'unset A B', 'unset 1A', 'unset A}', `unset \`id\``]) {
            claim([line]);
            expectNode(['start-all']);
          }
        });

        it('does not believe the claim of another watcher, or for another configuration', () => {
          const [, watcher = '', ticks = ''] = readFileSync(path.join(runtime, 'watcher'), 'utf8').split(' ');
          for (const head of ['', `2 ${watcher} ${ticks} the built-in demo`, `1 ${watcher} ${ticks}`, `1 ${watcher} ${ticks} /etc/watchkeeper/watchkeeper.yaml`, `1 ${pid} ${ticks} the built-in demo`, `1 ${watcher} ${Number(ticks) - 1} the built-in demo`, `1 ${watcher} ${ticks} the built-in demo more`]) {
            claim(['up web'], { head });
            expectNode(['start-all']);
          }
          claim(['up web']);
          expectNode(['start-all'], { WATCHKEEPER_CONFIG: '/nowhere' });
          expectNode(['start-all'], { WATCHKEEPER_PATHS_RUNTIME: '/nowhere' });
          expectNode(['start-all'], { WATCHKEEPER_DEMO: '0' });
          for (const args of [['start-all', '--verbose'], ['--json', 'start-all'], ['start-all', ''], ['start-al'], ['stop-all']]) expectNode(args);
        });

        it('asks Node where the watcher is dead, frozen, another process or of another boot', async () => {
          const watcher = Number(readFileSync(path.join(runtime, 'watcher'), 'utf8').split(' ')[1]);
          claim(['up web']);
          expectFront(['start-all'], 0);
          watcherLine(watcher, { age: 15_500 });
          expectNode(['start-all']);
          watcherLine(watcher, { boot: '00000000-0000-4000-8000-000000000000' });
          expectNode(['start-all']);
          watcherLine(watcher);
          expectFront(['start-all'], 0);
          process.kill(watcher, 'SIGKILL');
          await until(() => !existsSync(`/proc/${watcher}/stat`));
          expectNode(['start-all']);
        });

        it('asks Node where a daemon is down, dead, another process by now, on its way, or wanted down', async () => {
          const { startTicks } = statOf(pid);
          claim(['up web']);
          for (const observed of ['stopped', 'waiting', 'backing-off', 'crash-loop', 'given-up', 'failed', 'starting', 'stopping']) {
            daemonLine(observed, pid, startTicks);
            expectNode(['start-all']);
            daemonLine(observed, '-', '-');
            expectNode(['start-all']);
          }
          daemonLine('running', pid, String(Number(startTicks) - 1));
          expectNode(['start-all']);
          daemonLine('running', pid, startTicks, '');
          expectNode(['start-all']);
          writeFileSync(path.join(runtime, 'state/web'), `1 web running 1 ${pid} ${startTicks} down watcher 3 - 123456 reason\n`);
          expectNode(['start-all']);
          // which has the records to go by
          writeFileSync(path.join(runtime, 'state/web'), `1 web running 1 ${pid} ${startTicks} down systemd 3 - 123456 reason\n`);
          expectFront(['start-all'], 0);
          rmSync(path.join(runtime, 'state/web'));
          expectNode(['start-all']);
          daemonLine('running', pid, startTicks);
          expectFront(['start-all'], 0);
          process.kill(pid, 'SIGKILL');
          await until(() => !existsSync(`/proc/${pid}/stat`));
          expectNode(['start-all']);
        });

        it('asks Node where one that would be skipped is no longer at rest', () => {
          const off = (line: string): void => writeFileSync(path.join(runtime, 'state/off'), `1 off ${line} watcher 0 - 1 reason\n`);
          claim(['down off', 'say off: skipped']);
          expectNode(['start-all']);
          for (const line of [`running 1 ${pid} ${statOf(pid).startTicks} up`, 'starting 0 - - up', 'backing-off 0 - - up', 'stopped 0 - - down', `stopped 0 ${pid} 1 up`]) {
            off(line);
            expectNode(['start-all']);
          }
          off('stopped 0 - - up');
          expect(ask(shell, ['start-all']).stderr).to.equal('off: skipped\n');
        });

        it('asks Node where a file is gone, has come, or has changed since the claim was proven', () => {
          const file = ground('file');
          const proven = new Date(Date.now() - 20);
          const check = (grounds: readonly string[], by: Answer['by']): void => {
            claim(grounds, { proven });
            expect(ask(shell, ['start-all']).by, grounds.join()).to.equal(by);
          };
          check([`same ${file}`], 'front');
          ground('file', new Date(proven.getTime() + 10));
          check([`same ${file}`], 'node');
          ground('file', proven);
          check([`same ${file}`], 'node');
          ground('file', new Date(proven.getTime() - 1000));
          check([`same ${file}`], 'front');
          ground('file', new Date(Date.now() + 3_600_000));
          check([`same ${file}`], 'node');
          rmSync(file);
          check([`same ${file}`], 'node');
          check([`there ${file}`], 'node');
          check([`absent ${file}`], 'front');
          symlinkSync(at('nothing'), file);
          check([`absent ${file}`], 'front');
          unlinkSync(file);
          ground('file', new Date(Date.now() + 3_600_000));
          check([`there ${file}`], 'front');
          check([`absent ${file}`], 'node');
          // a drop-in that has just come
          utimesSync(at('.'), old, old);
          check([`same ${at('.')}`], 'front');
          ground('new');
          check([`same ${at('.')}`], 'node');
        });

        it('asks Node on a terminal, where Node tells of each daemon', function () {
          if (!existsSync(SCRIPT)) this.skip();
          claim(['up web']);
          const { text } = onTerminal([...shell, script, 'start-all'], { PATH: `${path.join(top, 'bin')}:/usr/bin:/bin`, XDG_RUNTIME_DIR: path.join(top, 'user') });
          expect(text).to.include('NODE demo=1');
        });

        it('asks Node where the environment has what it would have to judge', () => {
          claim(['unset EXTRA_WEB_ARGS', 'unset WATCHKEEPER_LOG_LEVEL', 'up web']);
          expectFront(['start-all'], 0);
          expectNode(['start-all'], { EXTRA_WEB_ARGS: '-d' });
          expectNode(['start-all'], { EXTRA_WEB_ARGS: '' });
          expectNode(['start-all'], { WATCHKEEPER_LOG_LEVEL: 'debug' });
          expect(ask(shell, ['start-all'], { EXTRA_API_ARGS: '-d', WEB_ARGS: '$(id)' }).by).to.equal('front');
        });
      });

      it('asks Node where there is no board', () => {
        expectNode(['check', 'web']);
        rmSync(runtime, { recursive: true });
        expectNode(['check', 'web']);
      });

      it('leaves all other commands, options and names to Node', async () => {
        await goodBoard();
        for (const args of [['status'], ['status', 'web', 'api'], ['status', '--json'], ['check'], ['check', 'web', '--json'], ['--json', 'check', 'web'], ['--verbose', 'check'], ['pid', 'web', 'api'], [], ['help']]) {
          expectNode(args);
        }
        for (const name of ['', '.', '..', '../state/web', '.web', '-web', 'web ', 'we b', 'web\n', '\nweb', 'a'.repeat(65), 'a'.repeat(10_000), '*', 'we?', '$(id)', 'wéb']) {
          expectNode(['check', name]);
        }
      });

      it('asks Node where the configuration may place the board elsewhere', async () => {
        await goodBoard();
        expectNode(['check', 'web'], { WATCHKEEPER_CONFIG: '/nowhere' });
        expectNode(['check', 'web'], { WATCHKEEPER_PATHS_RUNTIME: '/nowhere' });
        expectNode(['check', 'web'], { WATCHKEEPER_DEMO: '0' });
      });

      it('does not believe a board that belongs to somebody else', async function () {
        if (process.getuid?.() !== 0) this.skip();
        await goodBoard();
        chownSync(runtime, 65_534, 65_534);
        expectNode(['check', 'web']);
        chownSync(runtime, 0, 0);
        expectFront(['check', 'web'], 0);
        chownSync(path.dirname(runtime), 65_534, 65_534);
        expectNode(['check', 'web']);
        chownSync(path.dirname(runtime), 0, 0);
      });

      it('forks nothing', async function () {
        if (!existsSync(STRACE)) this.skip();
        await goodBoard();
        const trace = path.join(top, 'trace');
        const traced = (args: readonly string[], answered: number): void => {
          const result = spawnSync(STRACE, ['-f', '-o', trace, '-e', 'trace=process', ...shell, script, ...args], {
            encoding: 'utf8',
            timeout: 10_000,
            env: { PATH: `${path.join(top, 'bin')}:/usr/bin:/bin`, XDG_RUNTIME_DIR: path.join(top, 'user') },
          });
          expect(result.status, result.stderr).to.equal(answered);
          expect(readFileSync(trace, 'utf8')).to.not.match(/\b(clone3?|v?fork)\(/);
        };
        traced(['check', 'web'], 0);
        const [, watcher, ticks] = readFileSync(path.join(runtime, 'watcher'), 'utf8').split(' ');
        writeFileSync(path.join(runtime, 'start-all'), `1 ${watcher ?? ''} ${ticks ?? ''} the built-in demo\nthere ${script}\nunset EXTRA\nup web\nsay hello\nend\n`);
        traced(['start-all'], 0);
        daemonLine('stopped', '-', '-');
        traced(['check', 'web'], 1);
        // as far as becoming Node is concerned
        chmodSync(path.join(top, 'bin/node'), 0o755);
        traced(['check', 'unknown'], 42);
        traced(['start-all'], 42);
      });

      it('hands Node the arguments as they are, without what changes Node', () => {
        const hostile = ['start', 'web', '--', '-x', 'a b', '*', '$(id)', ''];
        const answer = ask(shell, hostile, { NODE_OPTIONS: '--nothing', NODE_EXTRA_CA_CERTS: '/nowhere' });
        expect(answer.stdout).to.equal(`NODE demo=1 options=: ${top}/clone/scripts/../dist/watchkeeper.cjs daemon-util ${hostile.join(' ')}\n`);
      });

      it('runs the demo from a clone, unless a configuration is named', () => {
        const demo = (args: readonly string[], environment = {}): boolean => ask(shell, args, environment).stdout.includes('demo=1');
        expect(demo(['list-start-daemons'])).to.equal(true);
        expect(demo(['start', 'web', '--', '--config'])).to.equal(true);
        expect(demo(['--config', '/x', 'list-start-daemons'])).to.equal(false);
        expect(demo(['--config=/x', 'list-start-daemons'])).to.equal(false);
        expect(demo(['list-start-daemons'], { WATCHKEEPER_CONFIG: '/x' })).to.equal(false);
      });

      it('finds its home through symbolic links', () => {
        const real = script;
        const link = path.join(top, 'bin/linked');
        symlinkSync('../bin/again', link);
        symlinkSync(real, path.join(top, 'bin/again'));
        try {
          script = link;
          expectNode(['help']);
        } finally {
          script = real;
          unlinkSync(link);
          unlinkSync(path.join(top, 'bin/again'));
        }
      });

      it('says what is missing', () => {
        const noNode = ask(shell, ['help'], { PATH: 'relative:.' });
        if (!existsSync('/usr/bin/node') && !existsSync('/usr/local/bin/node')) {
          expect(noNode.status).to.equal(5);
          expect(noNode.stderr).to.include('node is not installed');
        }
        const bundle = path.join(top, 'clone/dist/watchkeeper.cjs');
        unlinkSync(bundle);
        try {
          const noBundle = ask(shell, ['help']);
          expect(noBundle.status).to.equal(5);
          expect(noBundle.stderr).to.include('npm run build');
          expect(noBundle.stdout).to.equal('');
        } finally {
          writeFileSync(bundle, '');
        }
      });
    });
  }
});
