/**
 * etc/init.d/watchkeeper in a tree of its own. The watcher in it is a stand-in
 * that keeps a board and obeys SIGTERM; test/system runs the real one.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';

import { initScriptRuntime } from '../../src/adapters/sysv/init-script.js';

const ROOT = path.resolve(import.meta.dirname, '../..');

const STAND_IN = `#!/bin/sh
echo "watchkeeper $*" >>"$WATCHKEEPER_PATHS_RUNTIME/calls"
case $1 in
  config) exit "\${WATCHKEEPER_TEST_CONFIG_STATUS:-0}" ;;
  run) ;;
  *) exit 0 ;;
esac
if [ -n "\${WATCHKEEPER_TEST_FAIL-}" ]; then echo 'on purpose' >&2; exit 9; fi
read -r stat </proc/$$/stat
set -- \${stat##*) }
read -r boot </proc/sys/kernel/random/boot_id
echo "1 $$ \${20} $boot 1 1000" >"$WATCHKEEPER_PATHS_RUNTIME/watcher"
trap 'rm -f "$WATCHKEEPER_PATHS_RUNTIME/watcher"; exit 0' TERM
while :; do sleep 0.05; done
`;

describe('the init script', function () {
  this.timeout(30_000);
  let top: string;
  let runtime: string;

  before(function () {
    if (process.getuid?.() !== 0) this.skip();
  });

  beforeEach(() => {
    top = mkdtempSync(path.join(os.tmpdir(), 'watchkeeper-init-'));
    runtime = path.join(top, 'runtime');
    for (const directory of ['runtime', 'usr/sbin', 'usr/lib/watchkeeper', 'etc/init.d', 'etc/default']) {
      mkdirSync(path.join(top, directory), { recursive: true });
    }
    copyFileSync(path.join(ROOT, 'etc/init.d/watchkeeper'), path.join(top, 'etc/init.d/watchkeeper'));
    for (const name of ['state-board.sh', 'init-functions.sh']) copyFileSync(path.join(ROOT, 'scripts', name), path.join(top, 'usr/lib/watchkeeper', name));
    program('usr/sbin/watchkeeper', STAND_IN);
    program('usr/sbin/daemon-util', '#!/bin/sh\necho "daemon-util $*" >>"$WATCHKEEPER_PATHS_RUNTIME/calls"\n');
    environment([]);
  });

  afterEach(() => {
    act('stop');
    rmSync(top, { recursive: true, force: true });
  });

  function program(name: string, text: string): void {
    writeFileSync(path.join(top, name), text);
    chmodSync(path.join(top, name), 0o755);
  }

  function environment(lines: readonly string[]): void {
    writeFileSync(path.join(top, 'etc/default/watchkeeper'), ['# a comment', '', `WATCHKEEPER_PATHS_RUNTIME=${runtime}`, ...lines, ''].join('\n'));
  }

  function act(action: string, variables: Readonly<Record<string, string>> = {}): { status: number | null; stdout: string; stderr: string } {
    const { status, stdout, stderr } = spawnSync('/bin/sh', [path.join(top, 'etc/init.d/watchkeeper'), action], {
      encoding: 'utf8',
      timeout: 20_000,
      env: variables,
    });
    return { status, stdout, stderr };
  }

  /** Called by what has the name of System V's rc. */
  function rc(action: string, variables: Readonly<Record<string, string>>): void {
    program('rc', '#!/bin/sh\n/bin/sh "$@"\nexit $?\n');
    const { status, stderr } = spawnSync(path.join(top, 'rc'), [path.join(top, 'etc/init.d/watchkeeper'), action], { encoding: 'utf8', timeout: 20_000, env: variables });
    expect([status, stderr], action).to.deep.equal([0, '']);
  }

  function pid(): number {
    return Number(readFileSync(path.join(runtime, 'watcher'), 'utf8').split(' ')[1]);
  }

  const calls = (): string[] => readFileSync(path.join(runtime, 'calls'), 'utf8').trim().split('\n');

  it('starts, says so, and stops, each only once', () => {
    expect(act('status').status).to.equal(3);
    expect(act('stop').status).to.equal(0);
    // a pipe that the watcher kept open would hold this up until its time-out
    expect(act('start').status).to.equal(0);
    const first = pid();
    expect(act('status')).to.deep.equal({ status: 0, stdout: `watchkeeper: running, pid ${first}\n`, stderr: '' });
    expect(act('start').status).to.equal(0);
    expect(pid()).to.equal(first);
    expect(act('restart').status).to.equal(0);
    expect(pid()).to.not.equal(first);
    expect(act('stop').status).to.equal(0);
    expect(act('status').status).to.equal(3);
  });

  it('leaves the daemons alone, except at boot and shutdown, which are nobody\'s wish', () => {
    const commands = (): readonly string[] => calls().filter((call) => call.startsWith('daemon-util'));
    act('start');
    act('stop');
    // what rc has started, such as Pacemaker, has its variables, too
    act('start', { RUNLEVEL: '2', PREVLEVEL: 'N' });
    act('stop', { RUNLEVEL: '2', PREVLEVEL: 'N' });
    expect(commands()).to.deep.equal([]);
    rc('start', { RUNLEVEL: '2', PREVLEVEL: 'N' });
    rc('stop', { RUNLEVEL: '6', PREVLEVEL: '2' });
    expect(commands()).to.deep.equal(['daemon-util start-wanted', 'daemon-util stop-for-shutdown']);
    rc('start', { RUNLEVEL: '2', PREVLEVEL: 'S' });
    rc('stop', { RUNLEVEL: '1', PREVLEVEL: '2' });
    expect(commands().slice(2)).to.deep.equal(['daemon-util start-wanted', 'daemon-util stop-for-shutdown']);
  });

  it('tells a watcher that died, and starts another', () => {
    act('start');
    process.kill(pid(), 'SIGKILL');
    const deadline = Date.now() + 20_000;
    while (act('status').status !== 1) expect(Date.now()).to.be.lessThan(deadline);
    expect(act('reload').status).to.equal(7);
    expect(act('start').status).to.equal(0);
    expect(act('status').status).to.equal(0);
  });

  it('says why the watcher did not start', () => {
    environment(['WATCHKEEPER_TEST_FAIL=1']);
    const { status, stderr } = act('start');
    expect(status).to.equal(1);
    expect(stderr).to.include('on purpose').and.to.include('status 9');
  });

  it('refuses a configuration with an error before anything is stopped or started', () => {
    environment(['WATCHKEEPER_TEST_CONFIG_STATUS=78']);
    expect(act('start').status).to.equal(6);
    expect(calls()).to.deep.equal(['watchkeeper config check']);
  });

  it('leaves the watcher that runs alone where its configuration has an error', () => {
    act('start');
    const first = pid();
    for (const [status, answer] of [['78', 6], ['5', 5], ['70', 1]] as const) {
      environment([`WATCHKEEPER_TEST_CONFIG_STATUS=${status}`]);
      for (const action of ['restart', 'try-restart']) {
        const { status: told, stdout, stderr } = act(action);
        expect([told, stdout], `${action}, ${status}`).to.deep.equal([answer, '']);
        if (status === '70') expect(stderr).to.include(`cannot ${action}: `).and.include('config check ended with status 70');
        expect(act('status')).to.include({ status: 0, stdout: `watchkeeper: running, pid ${first}\n` });
      }
    }
    environment([]);
    expect(act('try-restart').status).to.equal(0);
    expect(pid()).to.not.equal(first);
  });

  it('does not hide behind an error of the configuration that it is not installed', () => {
    for (const [status, answer] of [['78', 6], ['5', 5], ['70', 1]] as const) {
      environment([`WATCHKEEPER_TEST_CONFIG_STATUS=${status}`]);
      expect(act('start').status, status).to.equal(answer);
    }
  });

  it('says to whom the board is not open that it cannot tell', () => {
    const asNobody = (action: string): unknown => {
      const { status, stdout, stderr } = spawnSync('/bin/sh', [path.join(top, 'etc/init.d/watchkeeper'), action], { encoding: 'utf8', timeout: 20_000, env: {}, uid: 65534, gid: 65534 });
      return { status, stdout, stderr };
    };
    chmodSync(top, 0o755);
    act('start');
    chmodSync(path.join(runtime, 'watcher'), 0o600);
    expect(asNobody('status')).to.deep.equal({ status: 4, stdout: '', stderr: `watchkeeper: cannot tell: ${runtime}/watcher is not yours to read; try: the same as root\n` });
    chmodSync(runtime, 0o700);
    expect(asNobody('status')).to.deep.equal({ status: 4, stdout: '', stderr: `watchkeeper: cannot tell: ${runtime} is not yours to search; try: the same as root\n` });
    expect(act('status').status).to.equal(0);
    chmodSync(runtime, 0o755);
    act('stop');
    expect(asNobody('status')).to.include({ status: 3 });
  });

  it('takes its environment as data', () => {
    environment(['WATCHKEEPER_LOG_LEVEL=$(touch "$WATCHKEEPER_PATHS_RUNTIME/owned") `id`', 'PATH=/nowhere', 'WATCHKEEPER_X;touch=1', 'touch "$WATCHKEEPER_PATHS_RUNTIME/owned"']);
    expect(act('start').status).to.equal(0);
    const variables = readFileSync(`/proc/${pid()}/environ`, 'utf8').split('\0');
    expect(variables).to.include('WATCHKEEPER_LOG_LEVEL=$(touch "$WATCHKEEPER_PATHS_RUNTIME/owned") `id`');
    expect(existsSync(path.join(runtime, 'owned'))).to.equal(false);
  });

  it('goes by the runtime directory that doctor takes it to go by', () => {
    const file = path.join(top, 'etc/default/watchkeeper');
    const shell = '. "$1/usr/lib/watchkeeper/init-functions.sh"; read_environment; printf "%s" "${WATCHKEEPER_PATHS_RUNTIME-/run/watchkeeper}"';
    for (const text of ['', '# WATCHKEEPER_PATHS_RUNTIME=/a\n', 'WATCHKEEPER_PATHS_RUNTIME=/a b\n', 'WATCHKEEPER_PATHS_RUNTIME=/a\nWATCHKEEPER_PATHS_RUNTIME="/b"', ' WATCHKEEPER_PATHS_RUNTIME=/a\n', 'export WATCHKEEPER_PATHS_RUNTIME=/a\n', 'WATCHKEEPER_PATHS_RUNTIME=\n', 'WATCHKEEPER_PATHS_RUNTIME=/a=b \n', 'WATCHKEEPER_PATHS_RUNTIME\n']) {
      writeFileSync(file, text);
      const { stdout } = spawnSync('/bin/sh', ['-c', shell, 'sh', top], { encoding: 'utf8', env: { program: 'x', prefix: top } });
      expect(initScriptRuntime(file), JSON.stringify(text)).to.equal(stdout);
    }
    rmSync(file);
    expect(initScriptRuntime(file)).to.equal('/run/watchkeeper');
    environment([]);
  });

  it('passes force-reload on', () => {
    act('start');
    expect(act('force-reload').status).to.equal(0);
    expect(calls()).to.include('watchkeeper reload');
  });

  it('knows its usage and what is not installed', () => {
    expect(act('stpo').status).to.equal(2);
    rmSync(path.join(top, 'usr/sbin/watchkeeper'));
    expect(act('start').status).to.equal(5);
    expect(act('status').status).to.equal(4);
    program('usr/sbin/watchkeeper', STAND_IN);
  });
});
