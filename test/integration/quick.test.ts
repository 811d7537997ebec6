/**
 * The bundle that only asks the watcher, beside the whole program: what it answers
 * is what the whole one answers, and where it can't it becomes that, with the same
 * arguments and without a word. Which of them it answers itself is told beside each
 * state, so that neither a wrong answer nor a lost fast path goes unnoticed.
 */
import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';

import { expect } from 'chai';

import { buildOnce, type Result } from '../support/daemon-util-world.js';
import { eventually } from '../support/eventually.js';
import { timeless } from '../support/front-probe.js';
import { procProcess } from '../support/proc.js';
import { WatcherWorld, type RunningWatcher } from '../support/watcher-world.js';

const DIST = resolve(import.meta.dirname, '../../dist');
const BUNDLE = join(DIST, 'watchkeeper.cjs');
/** In the place of what makes the whole program of it. */
const STUB = 'process.stdout.write(`WHOLE ${process.argv.slice(2).join(" ")}\\n`);\n';
/** Reads that only the watcher can answer. */
const READS = ['check web', '--json check web', '--json check db', 'pid web', 'pid db', 'status', '--json status', 'status db', '--verbose check web', 'lsb-status', 'check-and-start web'];
/** What the configuration alone answers. */
const CATALOGUE = ['check nobody', '--json is-daemon-name nobody', 'list-start-daemons', 'check-config', 'daemon-executable web'];
/** What needs neither. */
const WORDS = ['help', '--version', 'check-exitcode 11', 'nonsense', 'check', '--json check web db'];
/** What only this machine knows. */
const WHOLE = ['-daemon-usergroup web', '--dry-run start web', 'rotate-logs web'];

describe('the bundle that asks the watcher, and the whole program', function () {
  this.timeout(120_000);
  let world: WatcherWorld;
  let watcher: RunningWatcher;

  before(async () => {
    buildOnce();
    world = new WatcherWorld();
    world.environment = { WATCHKEEPER_PATHS_RUNTIME: world.runtime, WATCHKEEPER_CONTROL_TIMEOUT: '400ms' };
    world.add('web');
    world.add('db');
    world.write({ serviceManager: 'built-in' });
    mkdirSync(join(world.directory, 'stub'));
    copyFileSync(join(DIST, 'quick.cjs'), join(world.directory, 'stub/quick.cjs'));
    writeFileSync(join(world.directory, 'stub/code-cache.cjs'), STUB);
    watcher = await world.startWatcher();
    expect(await world.run('start', 'web')).to.include({ status: 0, stderr: '' });
    expect(await world.run('stop', 'db')).to.include({ status: 0, stderr: '' });
  });

  after(() => world.cleanups.run());

  /** @param quick the bundle; its neighbour is what makes the whole program of it */
  function ask(quick: string, line: string): Promise<Result> {
    const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', WATCHKEEPER_CONFIG: world.config, ...world.environment };
    const child = spawn(process.execPath, [quick, BUNDLE, 'daemon-util', ...line.split(' ')], { cwd: '/', env, stdio: ['ignore', 'pipe', 'pipe'], timeout: 30_000 });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    return new Promise((tell, reject) => {
      child.once('error', reject);
      child.once('close', (status, signal) => tell({ status, signal, stdout, stderr }));
    });
  }

  const stubbed = (line: string): Promise<Result> => ask(join(world.directory, 'stub/quick.cjs'), line);
  const isWhole = ({ stdout }: Result): boolean => stdout.startsWith('WHOLE ');

  /** Without what goes on from one question to the next. */
  function lasting({ stdout, stderr, ...rest }: Result): Result {
    return { ...rest, stdout: timeless(stdout).replace(/"(uptime|consecutive|at|took)":[0-9.]+/g, '"$1":0'), stderr: timeless(stderr) };
  }

  /** @param own what it answers by itself, of all that is asked */
  async function compare(lines: readonly string[], own: readonly string[]): Promise<void> {
    const alone: string[] = [];
    for (const line of lines) {
      const answer = await stubbed(line);
      if (isWhole(answer)) {
        expect(answer, line).to.deep.equal({ status: 0, signal: null, stdout: `WHOLE ${BUNDLE} daemon-util ${line}\n`, stderr: '' });
      } else {
        alone.push(line);
        expect(lasting(answer), line).to.deep.equal(lasting(await world.run(...line.split(' '))));
      }
    }
    expect(alone, 'answered by itself').to.have.members([...own]);
  }

  const understood = (): string => join(world.runtime, 'configuration');

  /** The whole program keeps how it understood the configuration. */
  async function understand(): Promise<void> {
    expect(await world.run('check', 'web')).to.include({ status: 0 });
    expect(existsSync(understood())).to.equal(true);
  }

  beforeEach(understand);

  it('where all is well', async () => {
    await compare([...READS, ...CATALOGUE, ...WORDS, ...WHOLE], [...READS, ...CATALOGUE, ...WORDS]);
  });

  it('of what is done', async () => {
    for (const [line, words] of [['--verbose stop web', /web: stop ok/], ['stop web', /^$/], ['--verbose start web', /web: start ok/], ['start web --odd', /it runs already: the arguments were not used/], ['--verbose restart web', /web: restart ok/]] as const) {
      const answer = await stubbed(line);
      expect(answer, line).to.include({ status: 0, stdout: '' });
      expect(answer.stderr, line).to.match(words);
    }
    const [one, other] = [await stubbed('--json start web'), await world.run('--json', 'start', 'web')];
    expect(lasting(one)).to.deep.equal(lasting(other));
    expect(JSON.parse(one.stdout)).to.have.nested.property('outcomes[0].outcome.kind', 'ok');
  });

  it('where it becomes the whole program, whose answer it is', async () => {
    const quick = join(DIST, 'quick.cjs');
    for (const line of WHOLE) expect(await ask(quick, line), line).to.deep.equal(await world.run(...line.split(' ')));
    rmSync(understood());
    expect(lasting(await ask(quick, '--json check web'))).to.deep.equal(lasting(await world.run('--json', 'check', 'web')));
  });

  const forgotten: Readonly<Record<string, () => void>> = {
    'was not kept': () => rmSync(understood()),
    'is kept by halves': () => truncateSync(understood(), 100),
    'may be read by others': () => chmodSync(understood(), 0o644),
    'was understood of other files': () => writeFileSync(world.config, `${readFileSync(world.config, 'utf8')}\n`),
    'may be written by others': () => chmodSync(world.config, 0o666),
  };
  for (const [what, forget] of Object.entries(forgotten)) {
    it(`where the configuration ${what}`, async function () {
      if (what === 'may be written by others' && process.geteuid?.() !== 0) this.skip();
      forget();
      try {
        await compare(['check web', '--json status', 'check nobody', 'start web', 'check-exitcode 11'], ['check-exitcode 11']);
      } finally {
        chmodSync(world.config, 0o644);
      }
    });
  }

  it('where the watcher is frozen', async () => {
    watcher.kill('SIGSTOP');
    try {
      await eventually('it is', () => procProcess(watcher.pid)?.state === 'T');
      await compare(['--json check web', 'status', 'start db', 'check nobody'], ['check nobody']);
    } finally {
      watcher.kill('SIGCONT');
    }
    expect(await world.run('check', 'db')).to.include({ status: 1 });
  });

  it('where there is no watcher, or one that says nothing of use', async () => {
    watcher.kill('SIGKILL');
    await watcher.ended;
    await compare(['--json check web', 'status', 'start web', 'check nobody'], ['check nobody']);
    const socket = join(world.runtime, 'control.sock');
    rmSync(socket, { force: true });
    for (const answer of ['', 'HTTP/1.1 200 OK\r\n\r\n{"watcher":', `HTTP/1.1 200 OK\r\n\r\n${JSON.stringify({ error: { code: 'INTERNAL', message: 'no' } })}\n`, 'x'.repeat(100_000)]) {
      const server = createServer((connection) => {
        connection.on('error', () => undefined);
        connection.resume().end(answer);
      });
      await new Promise<void>((listening) => server.listen(socket, listening));
      try {
        await compare(['check web', 'stop web'], []);
      } finally {
        await new Promise((closed) => server.close(closed));
      }
    }
  });
});
