import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import { OutsideRunner } from '../../../../src/adapters/systemd/outside-runner.js';
import { hasBegun, Outside, outsideEnd, outsideTrouble } from '../../../../src/adapters/systemd/outside.js';
import type { Accounts } from '../../../../src/adapters/host/user.js';
import type { Runner, RunResult } from '../../../../src/ports/runner.js';

const NOBODY: Accounts = { user: () => undefined, groupId: () => undefined, groupsOf: () => [] };

describe('programs outside the sandbox', () => {
  let directory: string;

  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'outside-'))));
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('are run with just these words, variables and directory, which nobody else can read', () => {
    const words = ["it's", '$HOME `id` \\', '', 'two\nlines', '-n', 'ü "x"'];
    const { argv, clear } = new Outside(directory).prepare({
      argv: ['/bin/sh', '-c', 'pwd; printf "%s|" "$@" "$WORD"; echo oops >&2; exit 7', 'sh', ...words],
      environment: { WORD: "a'b\n$c" },
      workingDirectory: '/usr',
      tellsPid: true,
      isFrequent: false,
      purpose: 'hook:odd name',
    });
    const script = argv.at(-1) ?? '';
    expect(statSync(script).mode & 0o777).to.equal(0o600);
    const { status, stdout, stderr, pid } = spawnSync('/bin/sh', [script], { encoding: 'utf8', env: {} });
    expect([status, stderr, stdout]).to.deep.equal([7, '', `${pid}\n/usr\n${[...words, "a'b\n$c"].map((word) => `${word}|`).join('')}oops\n`]);
    expect(argv.join(' ')).to.match(/--unit=watchkeeper-hook_odd_name-[0-9a-f]{12}\.service/);
    expect(argv.join(' ')).to.not.include('WORD');
    clear();
    expect(readdirSync(directory)).to.deep.equal([]);
  });

  it('leave nothing behind that a next watcher would keep', () => {
    writeFileSync(join(directory, 'left'), '');
    expect(new Outside(directory)).to.be.instanceOf(Outside);
    expect(readdirSync(directory)).to.deep.equal([]);
  });

  const ends: readonly (readonly [string, unknown])[] = [
    ['Running as unit: x.service\nFinished with result: success\nMain processes terminated with: code=exited/status=0\nService runtime: 1ms\n', { kind: 'exited', status: 0 }],
    ['Main processes terminated with: code=exited/status=3\n', { kind: 'exited', status: 3 }],
    ['Main processes terminated with: code=killed/status=KILL\n', { kind: 'killed', signal: 'SIGKILL' }],
    ['Main processes terminated with: code=exited, status=0/SUCCESS\n', { kind: 'exited', status: 0 }],
    ['Main processes terminated with: code=exited, status=42/n/a\n', { kind: 'exited', status: 42 }],
    ['Main processes terminated with: code=exited, status=3/NOTIMPLEMENTED\n', { kind: 'exited', status: 3 }],
    ['Main processes terminated with: code=dumped, status=11/SEGV\n', { kind: 'killed', signal: 'SIGSEGV' }],
    ['Main processes terminated with: code=killed, status=36/RTMIN+2\n', { kind: 'killed', signal: 'SIGRTMIN+2' }],
    ['Running as unit: x.service\n', { kind: 'unknown' }],
    ['Failed to start transient service unit: no\n', { kind: 'unknown' }],
  ];
  for (const [said, end] of ends) it(`end as systemd-run says: ${said.trim().split('\n').at(said.includes('runtime') ? -2 : -1) ?? ''}`, () => expect(outsideEnd(said)).to.deep.equal(end));

  it('are in doubt where systemd does not tell', () => {
    expect(outsideTrouble('Running as unit: x.service\nFailed to connect to bus\n')).to.equal('systemd did not tell how it ended: Failed to connect to bus');
    expect([hasBegun('Running as unit: x.service; invocation ID: 1\n'), hasBegun('')]).to.deep.equal([true, false]);
  });

  async function run(inner: Partial<RunResult>): Promise<{ readonly result: RunResult; readonly killed: readonly string[] }> {
    const killed: string[] = [];
    const runner: Runner = { run: () => Promise.resolve({ exit: { kind: 'exited', status: 1 }, timedOut: false, stdout: 'said', stderr: '', ...inner }) };
    const killAll = (unit: string): Promise<never> => {
      killed.push(unit);
      return Promise.resolve({} as never);
    };
    const result = await new OutsideRunner({ inner: runner, outside: new Outside(directory), accounts: NOBODY, systemctl: { killAll }, isFrequent: false }).run(['/bin/true'], { timeout: 50 });
    expect(readdirSync(directory)).to.deep.equal([]);
    return { result, killed };
  }

  it('time out with all of their unit, by their own time only', async () => {
    const began = await run({ timedOut: true, stderr: 'Running as unit: x.service\n' });
    expect(began.result).to.deep.include({ timedOut: true, exit: { kind: 'killed', signal: 'SIGKILL' } });
    expect(began.killed).to.have.length(1);
    const slow = await run({ timedOut: true });
    expect([slow.result.timedOut, slow.result.exit, slow.killed.length]).to.deep.equal([false, { kind: 'unknown' }, 1]);
    expect(slow.result.stderr).to.equal('systemd did not start it within 50 ms');
  });

  it('do not take the exit status of systemd-run for theirs', async () => {
    const { result } = await run({ stderr: 'Failed to connect to bus: No such file\n' });
    expect([result.exit, result.stderr]).to.deep.equal([{ kind: 'unknown' }, 'systemd did not tell how it ended: Failed to connect to bus: No such file']);
  });
});
