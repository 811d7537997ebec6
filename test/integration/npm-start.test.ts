/** What the README promises of `npm start`, as somebody would try it. */
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';

const ROOT = path.resolve(import.meta.dirname, '../..');
const START = path.join(ROOT, 'scripts/dev/start.mjs');
const SCRIPT = '/usr/bin/script';

interface Status {
  readonly desired: string;
  readonly observed: string;
  readonly pid: number | null;
  readonly restarts: number;
  readonly reason: string;
}

function isAlive(pid: number): boolean {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.charAt(text.lastIndexOf(') ') + 2) !== 'Z';
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')) return false;
    throw error;
  }
}

describe('npm start', function () {
  this.timeout(60_000);
  let userDirectory: string;
  let started: ChildProcess | undefined;
  let output = '';
  let seen: Set<number>;

  beforeEach(() => {
    userDirectory = mkdtempSync(path.join(os.tmpdir(), 'watchkeeper-start-'));
    output = '';
    seen = new Set();
  });

  afterEach(async () => {
    if (started?.exitCode === null && started.signalCode === null) started.kill('SIGTERM');
    await ended();
    for (const pid of seen) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    rmSync(userDirectory, { recursive: true, force: true });
  });

  function environment(): NodeJS.ProcessEnv {
    return { PATH: process.env['PATH'], HOME: process.env['HOME'], TERM: 'xterm', XDG_RUNTIME_DIR: userDirectory };
  }

  function launch(program: string, args: readonly string[]): ChildProcess {
    const child = spawn(program, args, { cwd: ROOT, env: environment(), stdio: ['pipe', 'pipe', 'pipe'] });
    started = child;
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
    return child;
  }

  async function until<T>(what: string, look: () => T | undefined | false): Promise<T> {
    const deadline = Date.now() + 25_000;
    for (;;) {
      const found = look();
      if (found !== undefined && found !== false) return found;
      if (Date.now() > deadline) throw new Error(`no ${what} in time; output so far:\n${output}`);
      await delay(50);
    }
  }

  async function ended(): Promise<number | null> {
    const child = started;
    if (child === undefined) return null;
    await until('end', () => child.exitCode !== null || child.signalCode !== null);
    return child.exitCode;
  }

  function ask(program: string, ...args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
    const { status, stdout, stderr } = spawnSync(path.join(ROOT, 'scripts', program), args, { encoding: 'utf8', env: environment(), timeout: 20_000 });
    return { status, stdout, stderr };
  }

  function statuses(): Readonly<Record<string, Status>> | undefined {
    const { status, stdout } = ask('watchkeeper', 'status', '--json');
    if (status !== 0) return undefined;
    const { daemons } = JSON.parse(stdout) as { daemons: Record<string, Status> };
    for (const { pid } of Object.values(daemons)) if (pid !== null) seen.add(pid);
    return daemons;
  }

  async function allRunning(): Promise<Readonly<Record<string, Status>>> {
    return until('three running daemons', () => {
      const now = statuses();
      return now !== undefined && Object.keys(now).length === 3 && Object.values(now).every(({ observed }) => observed === 'running') ? now : undefined;
    });
  }

  function expectNothingLeft(): void {
    expect([...seen].filter(isAlive)).to.deep.equal([]);
    expect(readdirSync(userDirectory)).to.deep.equal([]);
  }

  it('keeps the demo up, lets a manual stop stand, and ends by SIGTERM without a trace', async () => {
    launch('npm', ['start']);
    const first = await allRunning();
    const [victim = '', ...others] = ask('daemon-util', 'list-start-daemons').stdout.trim().split('\n').reverse();
    expect(Object.keys(first)).to.include.members([victim, ...others]);

    const pid = Number(ask('daemon-util', 'pid', victim).stdout);
    expect(pid).to.equal(first[victim]?.pid);
    process.kill(pid, 'SIGKILL');
    const again = await until('restart', () => {
      const now = statuses()?.[victim];
      return now?.observed === 'running' && now.pid !== pid ? now : undefined;
    });
    expect(again.restarts, `${again.reason}; ${ask('watchkeeper', 'events').stdout}`).to.equal(1);
    expect(ask('daemon-util', 'check', victim).status).to.equal(0);

    expect(ask('daemon-util', 'stop', victim)).to.include({ status: 0 });
    expect(ask('daemon-util', 'check', victim).status).to.equal(1);
    expect(statuses()?.[victim]).to.include({ desired: 'down', observed: 'stopped', pid: null });

    started?.kill('SIGTERM');
    await ended();
    expectNothingLeft();
    expect(output).to.not.include('cannot');
  });

  it('after one that was killed says what somebody had stopped, and what starts it', async () => {
    launch(process.execPath, [START]);
    await allRunning();
    expect(ask('daemon-util', 'stop', 'flakyd')).to.include({ status: 0 });
    const { watcher } = JSON.parse(ask('watchkeeper', 'status', '--json').stdout) as { watcher: { pid: number } };
    process.kill(watcher.pid, 'SIGKILL');
    await ended();
    output = '';
    launch(process.execPath, [START]);
    await until('line', () => /wanted down: flakyd \(stopped by daemon-util stop flakyd \(uid [0-9]+, pid [0-9]+\)\); try: daemon-util start flakyd"/.test(output));
    expect(statuses()?.['flakyd']).to.include({ desired: 'down', observed: 'stopped' });
    started?.kill('SIGTERM');
    await ended();
    expectNothingLeft();
  });

  it('shows a live table on a terminal, and ends by Ctrl-C', async function () {
    if (!existsSync(SCRIPT)) this.skip();
    const child = launch(SCRIPT, ['-qefc', `stty cols 120 rows 40; exec ${process.execPath} ${START}`, '/dev/null']);
    await allRunning();
    const names = Object.keys(statuses() ?? {});
    await until('table of all daemons', () => names.length === 3 && names.every((name) => output.includes(name)));
    child.stdin?.write('\x03');
    expect(await ended(), output).to.equal(0);
    expectNothingLeft();
  });

  it('ends its daemons when it is killed itself', async function () {
    if (!existsSync('/usr/bin/setpriv')) this.skip();
    launch(process.execPath, [START]);
    await allRunning();
    started?.kill('SIGKILL');
    await until('end of all daemons', () => [...seen].every((pid) => !isAlive(pid)));
    await until('removal of the runtime directory', () => readdirSync(userDirectory).length === 0);
  });

  it('returns the exit status of the watcher', async () => {
    launch(process.execPath, [START, '--config', path.join(userDirectory, 'missing.yaml')]);
    expect(await ended()).to.equal(78);
    expect(output).to.include('missing.yaml');
  });
});
