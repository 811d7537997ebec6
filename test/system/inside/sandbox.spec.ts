/** The sandbox of the watcher's unit: what is in it, what is outside, and that it is left where the watcher starts daemons itself. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect } from 'chai';

import type { TaskRun } from '../../../src/core/task-run.js';
import { LEAVE_DROP_IN } from '../../../src/core/watcher-sandbox.js';
import { eventually } from '../../support/eventually.js';
import { isLive } from '../../support/proc.js';
import { must, only, systemctl } from './bench.js';
import { daemonUtil, property, Site, status, UNITS, WATCHER, watcherPid, watchkeeper } from './site.js';

const NEVER = '0 0 29 2 1';
const BUS = '/run/dbus/system_bus_socket';
const DROP_INS = join(UNITS, `${WATCHER}.d`);
interface Bounds {
  readonly privileges: string | undefined;
  readonly capabilities: string | undefined;
}

/** Of /proc/PID/status, also as a log shows it. */
function bounds(status: string): Bounds {
  return { privileges: /^NoNewPrivs:(?:\s|\\t)*(\d)/m.exec(status)?.[1], capabilities: /^CapBnd:(?:\s|\\t)*(\w+)/m.exec(status)?.[1] };
}

const boundsOf = (pid: number): Bounds => bounds(readFileSync(`/proc/${pid}/status`, 'utf8'));

/** A container may have its own. */
const BARE: Bounds = boundsOf(1);
/** Capabilities 1, 3, 5 and 19. */
const SEALED: Bounds = { privileges: '1', capabilities: '000000000008002a' };

describe("the sandbox of the watcher's unit", function () {
  this.timeout(120_000);
  let site: Site;
  let notes: string;
  /** Where the journal was: other specs have logged, too. */
  let cursor: string;

  /** Drop-ins last until the boot, also those that the watchers of other specs have needed. */
  const plainUnit = (): void => {
    rmSync(DROP_INS, { recursive: true, force: true });
    systemctl('daemon-reload');
  };

  before(() => {
    Site.install();
    plainUnit();
  });
  beforeEach(() => {
    site = new Site();
    cursor = /^-- cursor: (\S+)$/m.exec(must('/usr/bin/journalctl', '--lines=0', '--show-cursor', '--no-pager'))?.[1] ?? '';
    notes = join(site.directory, 'notes');
    chmodSync(site.directory, 0o755);
    mkdirSync(notes);
    chmodSync(notes, 0o1777);
  });
  afterEach(() => {
    site.cleanup();
    plainUnit();
  });

  const sh = (script: string): readonly string[] => ['/bin/sh', '-c', script];
  const noted = (name: string): string => (existsSync(join(notes, name)) ? readFileSync(join(notes, name), 'utf8') : '');
  const runs = (name: string): readonly TaskRun[] => (JSON.parse(must('/usr/sbin/watchkeeper', 'tasks', 'history', name, '--json')) as { runs: readonly TaskRun[] }).runs;
  const logged = (...words: readonly string[]): string => must('/usr/bin/journalctl', ...words, `--after-cursor=${cursor}`, '--output=cat', '--no-pager');
  const journal = (): string => logged('-u', WATCHER);

  /** Pids of systemd-run beside the watcher. */
  function beside(): readonly number[] {
    const pids = readFileSync(`/sys/fs/cgroup${property(WATCHER, 'ControlGroup')}/cgroup.procs`, 'utf8').trim().split('\n').map(Number);
    return pids.filter((pid) => readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'systemd-run');
  }

  async function ended(name: string): Promise<TaskRun | undefined> {
    must('/usr/sbin/watchkeeper', 'tasks', 'run', name);
    await eventually(`${name} has ended`, () => runs(name).at(-1)?.took !== undefined && runs(name).at(-1)?.result !== 'running', 20_000);
    return runs(name).at(-1);
  }

  it('leaves an exposure of 3.0 at most, and the unit explains all that it leaves open', () => {
    const said = must('/usr/bin/systemd-analyze', 'security', '--no-pager', WATCHER);
    expect(Number(/Overall exposure level for \S+: (\d+\.\d)/.exec(said)?.[1])).to.be.within(0.1, 3.0);
    const open = [...said.matchAll(/^✗ (\S+)/gm)].flatMap(([, words = '']) => words.split('/').map((word) => word.split('=')[0] ?? '')).filter((word) => /^[A-Z][A-Za-z]+$/.test(word));
    expect(open).to.include('MemoryDenyWriteExecute');
    const comments = systemctl('cat', WATCHER).split('\n').filter((line) => line.startsWith('#')).join('\n');
    const named = ['CapabilityBoundingSet', 'RootImage', 'SupplementaryGroups'];
    expect(open.filter((word) => !named.includes(word) && !comments.includes(`${word}=`))).to.deep.equal([]);
    expect(comments).to.include('Capabilities: ');
  });

  it('is in force where systemd starts the daemons, and hides nothing that the watcher and its readers must agree upon', async () => {
    const web = site.add('web');
    site.settle({ units: true });
    systemctl('start', web.spec.unit, WATCHER);
    const pid = watcherPid();
    expect(boundsOf(pid)).to.deep.equal(SEALED);
    expect(spawnSync('/usr/bin/nsenter', [`--mount=/proc/${pid}/ns/mnt`, '/usr/bin/touch', '/etc/written'], { encoding: 'utf8' }).stderr).to.include('Read-only file system');
    await eventually('the unit is seen', () => status().daemons['web']?.observed === 'running');
    expect(readFileSync('/run/watchkeeper/watcher', 'utf8').split(' ')[3], 'the boot').to.equal(readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
    expect(daemonUtil('check', 'web').status).to.equal(0);
    expect(existsSync(join(DROP_INS, LEAVE_DROP_IN))).to.equal(false);
  });

  it('is not inherited by tasks, which keep their user, directory, environment, output, exit status, end by a signal and time-out', async () => {
    site.add('web');
    const tell = "grep -E 'NoNewPrivs|CapBnd' /proc/self/status; cat /proc/self/cgroup; touch /var/cache/written; ls -l /var/cache/written; id -un; pwd; echo \"it's $WORD\"; echo oops >&2; exit 3";
    site.settle({ units: true }, {
      tasks: {
        root: { argv: sh(tell), schedule: NEVER, environment: { WORD: 'a "b" $c' }, workingDirectory: '/usr' },
        nobody: { argv: sh('id -un; id -Gn'), schedule: NEVER, user: 'nobody' },
        killed: { argv: sh('echo begun; kill -SEGV $$'), schedule: NEVER },
        late: { argv: sh(`echo $$ >${notes}/late; sleep 1000 & echo $! >${notes}/child; wait`), schedule: NEVER, timeout: '2s' },
        unsure: { argv: sh(`echo $$ >${notes}/unsure; sleep 5; echo later`), schedule: NEVER },
        condition: { argv: ['/bin/true'], schedule: NEVER, onlyIf: sh(`grep NoNewPrivs /proc/self/status >${notes}/condition`) },
      },
    });
    systemctl('start', WATCHER);
    const root = await ended('root');
    const said = root?.output.join('\n') ?? '';
    expect([bounds(said), root?.exit], said).to.deep.equal([BARE, { kind: 'exited', status: 3 }]);
    expect(said).to.match(/watchkeeper-root-[0-9a-f]{12}\.service/).and.match(/root root .* \/var\/cache\/written/).and.match(/\nroot\n\/usr\nit's a "b" \$c\noops$/);
    rmSync('/var/cache/written');
    const nobody = await ended('nobody');
    expect([nobody?.result, nobody?.output]).to.deep.equal(['ok', ['nobody', 'nogroup']]);
    const killed = await ended('killed');
    expect([killed?.result, killed?.exit, killed?.output]).to.deep.equal(['failed', { kind: 'killed', signal: 'SIGSEGV' }, ['begun']]);
    expect((await ended('late'))?.result).to.equal('timed-out');
    const late = [noted('late'), noted('child')].map(Number);
    await eventually('all of it is gone', () => late.every((pid) => !isLive(pid)));
    expect((await ended('condition'))?.result).to.equal('ok');
    expect(bounds(noted('condition')).privileges).to.equal('0');
    // systemd-run loses sight of it: its end is waited for, and its output read, all the same.
    must('/usr/sbin/watchkeeper', 'tasks', 'run', 'unsure');
    await eventually('it has begun', () => noted('unsure') !== '' && (runs('unsure').at(-1)?.process?.pid ?? 0) > 0, 15_000);
    expect(runs('unsure').at(-1)?.process?.pid).to.equal(Number(noted('unsure')));
    process.kill(only(beside()), 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(runs('unsure').at(-1)?.result).to.equal('running');
    await eventually('it has ended', () => runs('unsure').at(-1)?.result !== 'running', 20_000);
    expect([runs('unsure').at(-1)?.output, isLive(Number(noted('unsure')))]).to.deep.equal([['later'], false]);
    expect(systemctl('list-units', '--all', '--no-legend', '--plain', 'watchkeeper-*').trim(), 'no unit is left').to.equal('');
    expect(must('/usr/bin/find', '/run/watchkeeper/outside', '-type', 'f')).to.equal('');
  });

  it('is not inherited by hooks, health checks by a program, and sources of roles', async () => {
    const web = site.add('web', {}, {}, {
      user: 'nobody',
      group: 'nogroup',
      health: { asks: { kind: 'readiness', by: 'exec', argv: sh(`{ grep NoNewPrivs /proc/self/status; id -un; } >${notes}/check.new; mv ${notes}/check.new ${notes}/check; echo well`), interval: '1s' } },
    });
    site.settle({ units: true }, {
      hooks: {
        note: { on: ['crash'], argv: ['/usr/local/sbin/wk-hook'] },
        slow: { on: ['crash'], argv: ['/usr/local/sbin/wk-slow'], timeout: '2s' },
      },
    });
    writeFileSync('/usr/local/sbin/wk-hook', `#!/bin/sh\nread -r line\n{ grep NoNewPrivs /proc/self/status; echo "$WATCHKEEPER_EVENT_DAEMON"; echo "$line"; } >${notes}/hook\necho told\n`, { mode: 0o755 });
    writeFileSync('/usr/local/sbin/wk-slow', `#!/bin/sh\nsleep 1000 &\necho $! $$ >${notes}/slow\nwait\n`, { mode: 0o755 });
    systemctl('start', web.spec.unit, WATCHER);
    await eventually('the check has looked', () => noted('check') !== '' && JSON.stringify(status().daemons['web']).includes('well'), 20_000);
    process.kill(only(web.mains()), 'SIGKILL');
    await eventually('the hook has run', () => noted('hook').includes('"daemon"'), 20_000);
    expect([bounds(noted('hook')).privileges, noted('hook').split('\n')[1]]).to.deep.equal(['0', 'web']);
    await eventually('its output is logged', () => journal().includes('hook note: told'));
    await eventually('the slow one is killed, with its child', () => noted('slow') !== '' && noted('slow').trim().split(' ').every((pid) => !isLive(Number(pid))), 15_000);
    await eventually('and that is told', () => journal().includes('did not end within 2 s') || journal().includes('did not end within 2s'));
    expect(noted('check')).to.match(/^NoNewPrivs:\s*0\nnobody\n$/);
    expect([/^Started watchkeeper-wk-hook-/m.test(logged()), /^Started watchkeeper-sh-/m.test(logged())], 'what systemd says of a hook, and of a check every second').to.deep.equal([true, false]);
    for (const name of ['hook', 'slow']) rmSync(`/usr/local/sbin/wk-${name}`);
  });

  it('is not inherited by programs that tell whether a daemon is ready', () => {
    const readiness = { kind: 'exec', argv: ['/bin/sh', '-c', `grep -E 'NoNewPrivs|CapBnd' /proc/self/status >${notes}/ready; touch /var/cache/ready`] } as const;
    site.add('web', {}, { readiness });
    // Another user takes capabilities that the sandbox has not.
    const gate = join(notes, 'gate');
    site.add('late', {}, { readiness: { kind: 'exec', argv: ['/bin/sh', '-c', `id -un >${notes}/user; test -e ${gate}`] } }, { user: 'nobody', startTimeout: '4s' });
    site.settle({ units: true });
    systemctl('start', WATCHER);
    const pid = watcherPid();
    expect(daemonUtil('start', 'web')).to.include({ status: 0, stderr: '' });
    expect([watcherPid(), bounds(noted('ready'))]).to.deep.equal([pid, BARE]);
    const late = daemonUtil('start', 'late');
    expect([late.status, noted('user')]).to.deep.equal([1, 'nobody\n']);
    expect(late.stderr).to.match(/not ready within 4 s: \/bin\/sh: exit status 1 /);
    rmSync('/var/cache/ready', { force: true });
  });

  it('lets the page have a socket for a group', async () => {
    site.add('web');
    site.settle({ units: true }, { web: { listen: `unix:/run/site-page/page.sock`, group: 'adm' } });
    systemctl('start', WATCHER);
    await eventually('it is there', () => existsSync('/run/site-page/page.sock') && (statSync('/run/site-page/page.sock').mode & 0o777) === 0o660, 15_000);
    expect(statSync('/run/site-page/page.sock').gid).to.equal(Number(must('/usr/bin/getent', 'group', 'adm').split(':')[2]));
    rmSync('/run/site-page', { recursive: true });
  });

  it('is left, once, where the watcher starts daemons, and taken up again where systemd does', async () => {
    const web = site.add('web');
    site.settle({ units: false });
    systemctl('start', WATCHER);
    expect(property(WATCHER, 'ActiveState'), 'the start that was asked for is the second one').to.equal('active');
    expect(journal()).to.include('would inherit the sandbox of watchkeeper.service: restarts it without');
    await eventually('web is up', () => status().daemons['web']?.observed === 'running', 15_000);
    expect([boundsOf(watcherPid()), boundsOf(only(web.mains()))]).to.deep.equal([BARE, BARE]);
    expect(readFileSync(`/proc/${only(web.mains())}/mountinfo`, 'utf8')).to.equal(readFileSync('/proc/1/mountinfo', 'utf8'));
    expect(property(WATCHER, 'DropInPaths')).to.include(LEAVE_DROP_IN);
    expect(watchkeeper('doctor').stdout).to.include('sandbox-left').and.to.include('the watcher starts the daemons: ');
    const first = watcherPid();
    systemctl('restart', WATCHER);
    await eventually('it is adopted', () => status().daemons['web']?.observed === 'running' && watcherPid() !== first, 15_000);
    expect([property(WATCHER, 'NRestarts'), journal().match(/would inherit the sandbox/g)?.length]).to.deep.equal(['0', 1]);
    expect(daemonUtil('stop', 'web').status).to.equal(0);
    systemctl('stop', WATCHER);
    site.settle({ units: true });
    systemctl('start', WATCHER);
    expect([property(WATCHER, 'ActiveState'), boundsOf(watcherPid()), existsSync(DROP_INS)]).to.deep.equal(['active', SEALED, false]);
    expect(status().watcher).to.include({ restartOwner: 'systemd' });
  });

  it('is left where no system bus is, by which programs would be run outside', () => {
    site.add('web');
    site.settle({ units: true });
    renameSync(BUS, `${BUS}.aside`);
    try {
      systemctl('start', WATCHER);
      expect([boundsOf(watcherPid()), status().watcher?.restartOwner]).to.deep.equal([BARE, 'systemd']);
    } finally {
      renameSync(`${BUS}.aside`, BUS);
    }
    systemctl('restart', WATCHER);
    expect([property(WATCHER, 'ActiveState'), boundsOf(watcherPid()), existsSync(DROP_INS)]).to.deep.equal(['active', SEALED, false]);
  });

  it('that cannot be left is an error that says what to do, and no loop', () => {
    site.add('web');
    site.settle({ units: false });
    mkdirSync(DROP_INS, { recursive: true });
    writeFileSync(join(DROP_INS, '90-site.conf'), '[Service]\nUnsetEnvironment=\n');
    systemctl('daemon-reload');
    expect(spawnSync('/usr/bin/systemctl', ['start', WATCHER], { timeout: 60_000 }).status).to.not.equal(0);
    expect([property(WATCHER, 'ActiveState'), property(WATCHER, 'ExecMainStatus'), property(WATCHER, 'NRestarts')]).to.deep.equal(['failed', '78', '0']);
    expect(journal()).to.match(/cannot run in the sandbox.*starts the daemons.*is in force.*; try /);
  });
});
