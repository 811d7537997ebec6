/**
 * daemon-util as scripts/install lays it out, with what it hands to the watcher by
 * Perl: every line of that, with a watcher that lives and one that died and left its
 * socket, on boards of each kind, in each shell. The answer is that of Node, which is
 * asked the same by its bundle; and Node is started by the front where it has to be,
 * and nowhere else.
 */
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { expect } from 'chai';

import { buildOnce, type Result } from '../support/daemon-util-world.js';
import { mustHaveShells, SHELLS, timeless } from '../support/front-probe.js';
import { claimed, type Claimed } from '../support/front-states.js';
import { isLive } from '../support/proc.js';
import { WatcherWorld, type RunningWatcher } from '../support/watcher-world.js';

const INSTALL = resolve(import.meta.dirname, '../../scripts/install');
const RUNS = ['check web'];
/** What changes nothing: one that runs is started. Each of them starts Node in each shell where nobody listens. */
const FEW = [...RUNS, 'check off', 'status web', '--json status web', 'start web'];
const ALL = [...FEW, 'pid web', 'pid off', 'status off', 'check off --json', 'stop off'];
const PATIENCE = 60_000;

/** Without what goes on from one question to the next, and who has stopped it last. */
function lasting(text: string): string {
  return timeless(text).replaceAll(/"uptime":\d+/g, '"uptime":0').replaceAll(/\(uid \d+, pid \d+\)/g, '(caller)');
}

describe('daemon-util as it is installed, by the front and by Node', function () {
  this.timeout(240_000);
  let world: WatcherWorld;
  let top: string;
  let bundle: string;
  let watcher: RunningWatcher;
  let stranger: Claimed;

  before(async () => {
    buildOnce();
    world = new WatcherWorld();
    top = join(world.directory, 'installed');
    const { status, stderr } = spawnSync(INSTALL, [top], { encoding: 'utf8', timeout: 2 * PATIENCE });
    expect(status, stderr).to.equal(0);
    // The only two paths that no configuration can tell.
    for (const name of ['sbin/daemon-util', ...['watchkeeper', 'quick', 'code-cache'].map((one) => `lib/watchkeeper/${one}.cjs`)]) {
      const file = join(top, 'usr', name);
      writeFileSync(file, readFileSync(file, 'utf8').replaceAll('/etc/watchkeeper/watchkeeper.yaml', world.config).replaceAll(/\/run\/watchkeeper(?=["\n])/g, world.runtime));
    }
    bundle = join(top, 'usr/lib/watchkeeper/watchkeeper.cjs');
    mkdirSync(join(top, 'bin'));
    writeFileSync(join(top, 'bin/node'), `#!/bin/sh\nwords="$*"\nprintf '%s\\n' "\${words#*daemon-util }" >>"$ASKED"\nexec ${process.execPath} "$@"\n`, { mode: 0o755 });
    world.add('web');
    world.add('off');
    // Its next heartbeat would write over what is made of the board here.
    world.write({ serviceManager: 'built-in', heartbeatInterval: '10m' });
    watcher = await world.startWatcher([], {}, [process.execPath, bundle, 'watchkeeper']);
    expect(await world.run('start', 'web')).to.include({ status: 0, stderr: '' });
    expect(await world.run('stop', 'off')).to.include({ status: 0, stderr: '' });
    const child = spawn('/bin/sleep', ['600'], { stdio: 'ignore' });
    world.cleanups.add(() => void child.kill('SIGKILL'));
    stranger = claimed(child.pid ?? 0);
    cpSync(world.runtime, join(top, 'board'), { recursive: true, filter: (path) => !/\.(?:sock|token)$/.test(path) });
  });

  after(() => world.cleanups.run());

  async function ended(argv: readonly string[], environment: Record<string, string> = {}): Promise<Result> {
    const [program = '', ...words] = argv;
    const child = spawn(program, words, { cwd: '/', env: { PATH: `${join(top, 'bin')}:/usr/bin:/bin`, LC_ALL: 'C', ...environment }, stdio: ['ignore', 'pipe', 'pipe'], timeout: PATIENCE });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const [status, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((tell, reject) => {
      child.once('error', reject);
      child.once('close', (...how) => tell(how));
    });
    return { status, signal, stdout: lasting(stdout), stderr: lasting(stderr) };
  }

  const line = (name: string): string[] => readFileSync(join(top, 'board', name), 'utf8').split(' ');
  const put = (name: string, words: readonly unknown[]): void => writeFileSync(join(world.runtime, name), words.join(' '));

  const BOARDS: readonly (readonly [board: string, change: () => void, proven: readonly string[]])[] = [
    ['its board as it left it', () => undefined, RUNS],
    ['a stale board', () => {
      const [version, pid, ticks, boot, heartbeat, ...rest] = line('watcher');
      put('watcher', [version, pid, ticks, boot, Number(heartbeat) - 86_400_000, ...rest]);
    }, RUNS],
    ["a board of pids that are another's by now", () => {
      const [version, , , ...rest] = line('watcher');
      put('watcher', [version, stranger.pid, stranger.ticks - 1, ...rest]);
      const [first, name, observed, ready, , , ...more] = line('state/web');
      put('state/web', [first, name, observed, ready, stranger.pid, stranger.ticks - 1, ...more]);
    }, []],
    ['no board', () => ['watcher', 'state'].forEach((name) => rmSync(join(world.runtime, name), { recursive: true })), []],
  ];

  /** @param own what is answered without a start of Node */
  async function compare(lines: readonly string[], own: readonly string[]): Promise<void> {
    const front = join(top, 'usr/sbin/daemon-util');
    const expected = new Map<string, Result>();
    for (const words of lines) expected.set(words, await ended([process.execPath, bundle, 'daemon-util', ...words.split(' ')]));
    const told = await Promise.all(SHELLS.map(async (shell, index) => {
      const asked = join(top, `asked-${index}`);
      rmSync(asked, { force: true });
      const answers = new Map<string, Result>();
      for (const words of lines) answers.set(words, await ended([...shell.split(' '), front, ...words.split(' ')], { ASKED: asked }));
      return { shell, answers, asked: existsSync(asked) ? readFileSync(asked, 'utf8').trimEnd().split('\n') : [] };
    }));
    for (const { shell, answers, asked } of told) {
      for (const [words, answer] of answers) expect(answer, `${words} in ${shell}`).to.deep.equal(expected.get(words));
      expect(asked, `asked of Node in ${shell}`).to.deep.equal(lines.filter((words) => !own.includes(words)));
    }
  }

  it('in dash, bash and busybox', function () {
    mustHaveShells(this);
    expect(existsSync('/usr/bin/perl')).to.equal(true);
  });

  for (const isAlive of [true, false]) {
    describe(`with a watcher that ${isAlive ? 'lives' : 'died and left its socket'}`, () => {
      before(async () => {
        if (isAlive) return;
        watcher.kill('SIGKILL');
        await watcher.ended;
        expect([isLive(watcher.pid), existsSync(join(world.runtime, 'control.sock'))]).to.deep.equal([false, true]);
      });

      for (const [board, change, proven] of BOARDS) {
        it(`and ${board}`, async () => {
          cpSync(join(top, 'board'), world.runtime, { recursive: true });
          change();
          await (isAlive ? compare(ALL, ALL) : compare(FEW, proven));
        });
      }
    });
  }
});
