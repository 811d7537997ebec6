/** start-master and stop-master on a real systemd: arguments for one start, killed anywhere, and exit status 11. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

import { expect } from 'chai';

import { TEST_RESTART_POLICY } from '../../support/daemon-spec.js';
import { eventually } from '../../support/eventually.js';
import { liveProcesses } from '../../support/proc.js';
import type { TestDaemon } from '../../support/test-daemon.js';
import { systemctl } from './bench.js';
import { daemonUtil, events, isReplaced, property, Site, status, TARGET, WATCHER, watcherPid } from './site.js';

const SYSTEMCTL = '/usr/bin/systemctl';
const REAL = '/usr/bin/systemctl.real';
const FAULT = '/run/fault';
const ONESHOT = '/run/watchkeeper/oneshot';
const WORDS = ['--no-voting', '--yes-do-it'];
/** In which each call that is expected must have come. */
const ROUNDS = 4;
const RESTARTS = { ...TEST_RESTART_POLICY, when: 'on-failure' as const, baseDelay: 200, intensity: 1000 };

/**
 * systemctl, which stops at the Nth call (before or after its work) until it is
 * killed. FAULT: "N before" or "N after"; only calls by daemon-util and the watcher count.
 */
const WRAPPER = `#!/bin/sh
verb=
for word; do case $word in -*) ;; *) verb=$word; break ;; esac; done
if [ -e ${FAULT} ] && tr '\\0' ' ' </proc/$PPID/cmdline | grep -q -e 'daemon-util start-master' -e 'watchkeeper run' && read -r at when <${FAULT}; then
  echo x >>${FAULT}.calls
  calls=$(wc -l <${FAULT}.calls)
  if [ "$calls" = "$at" ]; then
    if [ "$when" = after ]; then ${REAL} "$@" >/dev/null 2>&1; fi
    echo "$verb" >${FAULT}.reached
    exec sleep 1000
  fi
fi
exec ${REAL} "$@"
`;

describe('start-master under systemd', function () {
  this.timeout(240_000);
  let site: Site;
  let writer: TestDaemon;
  let queue: TestDaemon;
  const callers: ChildProcess[] = [];

  before(() => {
    Site.install();
    renameSync(SYSTEMCTL, REAL);
    writeFileSync(SYSTEMCTL, WRAPPER, { mode: 0o755 });
  });
  after(() => renameSync(REAL, SYSTEMCTL));
  beforeEach(() => {
    site = new Site();
    site.add('node');
    writer = site.add('writer', {}, { roles: ['master'], argumentVariables: ['WRITER_ARGS', 'EXTRA_WRITER_ARGS'], restart: RESTARTS });
    queue = site.add('queue', { readyAfter: 300 }, { roles: ['master'], argumentVariables: ['QUEUE_ARGS', 'EXTRA_QUEUE_ARGS'], restart: RESTARTS });
  });
  afterEach(() => {
    for (const caller of callers.splice(0)) caller.kill('SIGKILL');
    for (const end of ['', '.calls', '.reached']) rmSync(`${FAULT}${end}`, { force: true });
    site.cleanup();
  });

  const EXTRA = { PATH: '/usr/sbin:/usr/bin', LC_ALL: 'C', EXTRA_WRITER_ARGS: WORDS.join(' '), EXTRA_QUEUE_ARGS: WORDS.join(' ') };
  const both = (): readonly TestDaemon[] => [writer, queue];
  const units = (): readonly string[] => both().map(({ spec }) => spec.unit);
  const leftovers = (): readonly string[] => (existsSync(ONESHOT) ? readdirSync(ONESHOT) : []);
  const told = (daemon: TestDaemon): boolean => WORDS.some((word) => daemon.lastArguments().includes(word));

  /** Whoever starts one of them holds its lock until all is judged. */
  const isDone = (): boolean => both().every(({ spec }) => spawnSync('/usr/bin/flock', ['--nonblock', `/run/watchkeeper/lock/daemon.${spec.name}`, '/bin/true']).status === 0);

  function startMaster(): ChildProcess {
    const caller = spawn('/usr/sbin/daemon-util', ['start-master'], { cwd: '/', env: EXTRA, stdio: 'ignore' });
    callers.push(caller);
    return caller;
  }

  /** A start by somebody else, systemd's own restart, and a start by an operator: none of them may know the words. */
  async function expectForgotten(when: string): Promise<void> {
    systemctl('stop', ...units());
    let before = both().map((daemon) => daemon.starts());
    const begun = (what: string): Promise<void> => eventually(`${what}, ${when}`, () => both().every((daemon, index) => daemon.starts() === (before[index] ?? 0) + 1 && daemon.mains().length === 1), 20_000);
    systemctl('start', ...units());
    await begun('systemd has started them');
    expect(both().map(told), `systemctl start, ${when}`).to.deep.equal([false, false]);
    before = both().map((daemon) => daemon.starts());
    for (const daemon of both()) for (const pid of daemon.mains()) process.kill(pid, 'SIGKILL');
    await begun('systemd has restarted them');
    expect(both().map(told), `a restart by systemd, ${when}`).to.deep.equal([false, false]);
    expect(leftovers(), when).to.deep.equal([]);
  }

  it('hands EXTRA_… to each daemon for this one start', async () => {
    site.settle({ units: true });
    const answer = spawnSync('/usr/sbin/daemon-util', ['start-master'], { encoding: 'utf8', cwd: '/', env: EXTRA, timeout: 60_000 });
    expect([answer.status, answer.stdout, answer.stderr]).to.deep.equal([0, '', '']);
    for (const daemon of both()) expect(daemon.lastArguments().slice(-2)).to.deep.equal(WORDS);
    expect(leftovers()).to.deep.equal([]);
    await expectForgotten('after a start that went well');
    expect(daemonUtil('stop-master').status).to.equal(0);
    expect(both().flatMap((daemon) => daemon.mains())).to.deep.equal([]);
    expect(daemonUtil('start-master').status).to.equal(0);
    expect(both().map(told)).to.deep.equal([false, false]);
  });

  for (const watched of [false, true]) {
    it(`killed before or after any of its calls, ${watched ? 'the watcher (and the daemon-util that asked it)' : 'daemon-util'} leaves nothing for a later start`, async () => {
      site.settle({ units: true });
      if (watched) systemctl('start', WATCHER);
      const reached: string[] = [];
      // The watcher asks over the bus, and calls systemctl for orders to more than one.
      const expected = ['before start', 'after start', ...(watched ? [] : ['before show', 'before reset-failed'])];
      // Which call is its first varies: without a bus for the moment it is a question.
      for (let [at, round] = [1, 1]; ; at += 1) {
        let passed = true;
        for (const when of ['before', 'after']) {
          systemctl('stop', ...units());
          rmSync(`${FAULT}.calls`, { force: true });
          rmSync(`${FAULT}.reached`, { force: true });
          writeFileSync(FAULT, `${at} ${when}\n`);
          const caller = startMaster();
          const ended = once(caller, 'exit');
          await eventually('it got there, or to its end', () => existsSync(`${FAULT}.reached`) || caller.exitCode !== null, 60_000);
          rmSync(FAULT);
          if (caller.exitCode !== null) continue;
          passed = false;
          reached.push(`${when} ${readFileSync(`${FAULT}.reached`, 'utf8').trim()}`);
          const watcher = watched ? watcherPid() : undefined;
          if (watcher !== undefined) process.kill(watcher, 'SIGKILL');
          caller.kill('SIGKILL');
          await ended;
          for (const { pid, argv } of liveProcesses()) if (argv[0] === 'sleep' && argv[1] === '1000') process.kill(pid, 'SIGKILL');
          if (watcher !== undefined) await eventually('another watcher is there', () => isReplaced(watcher), 30_000);
          await expectForgotten(`killed ${reached.at(-1) ?? ''} (${at})`);
        }
        if (!passed) continue;
        if (round === ROUNDS || expected.every((one) => reached.includes(one))) break;
        [at, round] = [0, round + 1];
      }
      expect(reached).to.include.members(expected);
    });
  }

  for (const watched of [false, true]) {
    it(`a daemon-util that is killed while the daemons start leaves them to this start alone, ${watched ? 'with' : 'without'} the watcher`, async () => {
      site.settle({ units: true });
      if (watched) systemctl('start', WATCHER);
      for (const delay of [0, 15, 60, 150]) {
        systemctl('stop', ...units());
        const caller = startMaster();
        const ended = once(caller, 'exit');
        await eventually('the words lie there', () => leftovers().length > 0 || both().some((daemon) => daemon.mains().length > 0), 60_000);
        // Not a wait for something: the moment of death is what varies.
        await new Promise((resolve) => setTimeout(resolve, delay));
        caller.kill('SIGKILL');
        await ended;
        // The watcher goes on with what it was asked for: until then, each start is this one.
        if (watched) await eventually('the watcher is done', () => leftovers().length === 0 && both().every((daemon) => daemon.mains().length === 1) && isDone(), 60_000);
        await eventually('its systemctl is gone', () => !liveProcesses().some(({ argv }) => argv[0] === REAL && argv.includes(writer.spec.unit)), 60_000);
        await expectForgotten(`killed ${delay} ms after the words lay there`);
      }
    });
  }

  for (const successful of [true, false]) {
    it(`exit status 11 is "not master" in outcome, status and events, ${successful ? 'where the unit takes it for a success' : 'where the unit takes it for a failure'}`, async () => {
      const denier = site.add('denier', { exits: { status: 11, after: 0, message: 'Not master, exiting.' }, readyAfter: 'never' }, { roles: ['master'], restart: RESTARTS, successExitStatuses: successful ? [11] : [] });
      site.settle({ units: true });
      const reason = /not master: it exited with status 11; it said: .*Not master, exiting\./;
      const { unit } = denier.spec;
      systemctl('start', TARGET, WATCHER);
      const started = daemonUtil('start', 'denier');
      expect(started.stderr).to.match(reason);
      expect([started.status, property(unit, 'ExecMainStatus'), property(unit, 'NRestarts')]).to.deep.equal([11, '11', '0']);
      expect(daemonUtil('check-exitcode', '11')).to.include({ status: 0, stdout: 'not master\n' });
      expect(daemonUtil('start-master').status).to.equal(11);
      expect(daemonUtil('start-all')).to.include({ status: 0, stdout: '' });
      expect(daemonUtil('check', 'denier').status).to.equal(1);
      const tried = denier.starts();
      expect(daemonUtil('check-and-start', 'denier').status).to.equal(11);
      expect(denier.starts(), 'nobody else tries it again').to.equal(tried + 1);
      await eventually('the watcher tells it', () => (status().daemons['denier']?.reason ?? '').startsWith("not master: "), 20_000);
      expect(daemonUtil('status', 'denier').stdout).to.match(/^denier: (stopped|failed).*: not master: .*exited with status 11/);
      await eventually('it is an event', () => events().some(({ daemon, news, reason: why }) => daemon === 'denier' && news === 'stopped' && why.startsWith('not master: ')), 20_000);
      expect(events().filter(({ daemon, news }) => daemon === 'denier' && news === 'crash')).to.deep.equal([]);
      systemctl('stop', WATCHER);
      expect(daemonUtil('status', 'denier').stdout, 'without the watcher').to.match(/^denier: (stopped|failed).*: not master: .*exited with status 11/);
      expect(denier.mains()).to.deep.equal([]);
    });
  }
});
