/** Beyond restarting, with the installed watcher, where systemd restarts: pauses, slow attempts, hooks, the operator's words, drift. */
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect } from 'chai';

import { TEST_RESTART_POLICY } from '../../support/daemon-spec.js';
import { eventually } from '../../support/eventually.js';
import type { TestDaemon } from '../../support/test-daemon.js';
import { must, only, systemctl } from './bench.js';
import { events, isReplaced, property, Site, status, UNITS, watchkeeper, WATCHER, watcherPid } from './site.js';

/** Not restarted by systemd at all, so that a kill leaves it down. */
const ONCE = { restart: { ...TEST_RESTART_POLICY, when: 'never' as const } };
/** Restarted at once, until a start limit ends that. */
const LIMITED = { ...TEST_RESTART_POLICY, when: 'on-failure' as const, firstDelay: 100, baseDelay: 100, maxDelay: 100, factor: 1, jitter: 0, intensity: 2, period: 600_000, onIntensity: 'give-up' as const };
const ALWAYS = { ...LIMITED, when: 'always' as const };
const SLOW = { systemdRetry: { enabled: true, firstDelay: '1s', factor: 1, maxDelay: '1s' } };
const LATE = { systemdRetry: { enabled: true, firstDelay: '1h', factor: 1, maxDelay: '1h' } };
const PATIENCE = 20_000;

interface Told {
  readonly event: string;
  readonly news: string;
  readonly daemon: string;
  readonly reason: string;
  readonly pid: number | null;
}

describe('the installed watcher where systemd restarts', function () {
  this.timeout(120_000);
  let site: Site;

  before(() => Site.install());
  beforeEach(() => (site = new Site()));
  afterEach(() => site.cleanup());

  const observed = (name: string): string => status().daemons[name]?.observed ?? 'unknown';
  const reason = (name: string): string => status().daemons[name]?.reason ?? '';
  const warnings = (name: string): string => status().daemons[name]?.warnings?.join('\n') ?? '';
  const news = (name: string, kind: string): number => events().filter((item) => item.daemon === name && item.news === kind).length;
  const mayFail = (...args: string[]): unknown => spawnSync('/usr/bin/systemctl', args, { timeout: 20_000 });

  async function begin(daemons: readonly TestDaemon[], keys: Readonly<Record<string, unknown>> = {}): Promise<void> {
    site.settle({ units: true }, keys);
    systemctl('start', ...daemons.map(({ spec }) => spec.unit), WATCHER);
    await eventually('all are seen', () => daemons.every(({ spec }) => observed(spec.name) === 'running'), PATIENCE);
  }

  async function killed(daemon: TestDaemon): Promise<void> {
    process.kill(only(daemon.mains()), 'SIGKILL');
    await eventually('its death is seen', () => observed(daemon.spec.name) === 'failed', PATIENCE);
  }

  /** Until systemd starts it no more. @returns how many it took */
  async function killedForGood(daemon: TestDaemon): Promise<number> {
    let kills = 0;
    // its ActiveState is `failed` for a moment before each restart, too
    const isOver = (): boolean => property(daemon.spec.unit, 'SubState') === 'failed';
    for (let tries = 0; tries < 10 && !isOver(); tries += 1) {
      const starts = daemon.starts();
      process.kill(only(daemon.mains()), 'SIGKILL');
      kills += 1;
      await eventually('its death is answered', () => isOver() || (daemon.starts() > starts && daemon.mains().length === 1), PATIENCE);
    }
    expect(isOver(), 'systemd starts it no more').to.equal(true);
    await eventually('the watcher sees it', () => observed(daemon.spec.name) === 'failed', PATIENCE);
    return kills;
  }

  it('a pause holds back slow attempts, across a new watcher, and its end lets them go on', async () => {
    const [web, other] = [site.add('web', {}, ONCE, SLOW), site.add('other', {}, ONCE, SLOW)];
    await begin([web, other]);
    must('/usr/sbin/watchkeeper', 'pause', 'web', '--for', '1h', '--owner', 'ops', '--reason', 'disk');
    await killed(web);
    await eventually('it says why it waits', () => reason('web').includes('disk'), PATIENCE);
    const before = watcherPid();
    process.kill(before, 'SIGKILL');
    await eventually('another watcher is there', () => isReplaced(before) && observed('web') === 'failed', PATIENCE);
    // Its own time has come twice by then: another one's has.
    for (const starts of [2, 3]) {
      process.kill(only(other.mains()), 'SIGKILL');
      await eventually('the other one is tried again', () => other.starts() === starts && other.mains().length === 1, PATIENCE);
    }
    expect([web.starts(), observed('web')]).to.deep.equal([1, 'failed']);
    expect(reason('web')).to.include('disk');
    must('/usr/sbin/watchkeeper', 'resume', 'web', '--owner', 'ops');
    await eventually('it is tried after the resume', () => web.starts() === 2 && observed('web') === 'running', PATIENCE);
  });

  it("a pause's own end lets slow attempts go on", async () => {
    const web = site.add('web', {}, ONCE, SLOW);
    await begin([web]);
    const paused = performance.now();
    must('/usr/sbin/watchkeeper', 'pause', 'web', '--for', '8s', '--owner', 'ops', '--reason', 'disk');
    await killed(web);
    await eventually('it is tried after the pause', () => web.starts() === 2, 40_000);
    expect(performance.now() - paused).to.be.greaterThan(7900);
    expect(watchkeeper('pauses').stdout).to.include('nothing is paused');
    await eventually('it is up', () => observed('web') === 'running', PATIENCE);
  });

  it('what hit its start limit is tried again, what an operator stopped is not: by Result, and by recorded intent', async () => {
    // Each ends well, so that nothing but the start limit makes it a failure.
    const exits = { exits: { status: 0, after: 0 } };
    const limited = site.add('limited', exits, { restart: ALWAYS }, SLOW);
    const plain = site.add('plain', exits, { restart: ALWAYS });
    const intended = site.add('intended', exits, { restart: ALWAYS }, SLOW);
    const stopped = site.add('stopped', { ignoresStopSignal: true }, { ...ONCE, stopTimeout: 300 }, SLOW);
    await begin([stopped]);
    must('/usr/sbin/watchkeeper', 'stop', 'intended');
    for (const { spec } of [limited, plain, intended]) {
      systemctl('enable', '--runtime', '--quiet', spec.unit);
      mayFail('start', '--no-block', spec.unit);
    }
    systemctl('stop', stopped.spec.unit);
    await eventually('all have failed', () => [plain, intended, stopped].every(({ spec }) => property(spec.unit, 'ActiveState') === 'failed') && news('limited', 'crash-loop') > 0, PATIENCE);
    expect(property(plain.spec.unit, 'Result'), 'it hit its limit').to.equal('start-limit-hit');
    const before = [plain, intended, stopped].map((one) => one.starts());
    const tried = limited.starts();
    await eventually('the limited one is tried again and again', () => limited.starts() >= tried + 3, 40_000);
    expect([plain, intended, stopped].map((one) => one.starts())).to.deep.equal(before);
    expect(property(intended.spec.unit, 'Result')).to.equal('start-limit-hit');
    expect(reason('intended')).to.match(/watchkeeper stop/);
    expect(reason('stopped')).to.match(/not tried again: .*stop/);
    expect(news('plain', 'given-up')).to.equal(1);
    expect(news('limited', 'given-up')).to.equal(0);
  });

  it('retry-now and reset start at once what systemd has given up, or lets wait', async () => {
    const limited = site.add('limited', {}, { restart: LIMITED });
    const waiting = site.add('waiting', {}, { restart: { ...TEST_RESTART_POLICY, firstDelay: 600_000, baseDelay: 600_000, maxDelay: 600_000, jitter: 0 } });
    const [late, down] = [site.add('late', {}, ONCE, LATE), site.add('down')];
    await begin([limited, waiting, late]);
    await killedForGood(limited);
    process.kill(only(waiting.mains()), 'SIGKILL');
    await killed(late);
    await eventually('one is timed, one is let wait', () => (status().daemons['late']?.nextTry ?? 0) > 0 && property(waiting.spec.unit, 'SubState').startsWith('auto-restart'), PATIENCE);
    const retried = watchkeeper('retry-now', 'late', 'waiting', 'down');
    expect([retried.status, retried.stderr]).to.deep.equal([0, '']);
    expect(retried.stdout).to.match(/^down: /m);
    expect(watchkeeper('reset', 'limited').status).to.equal(0);
    await eventually('all are up', () => ['limited', 'waiting', 'late'].every((name) => observed(name) === 'running'), PATIENCE);
    expect([late.starts(), waiting.starts(), property(limited.spec.unit, 'NRestarts')]).to.deep.equal([2, 2, '0']);
    expect(status().daemons['late']?.nextTry).to.equal(null);
    // Of one that runs: its restarts are forgotten, and it is left alone.
    must('/usr/sbin/watchkeeper', 'stop', 'down');
    const pid = only(limited.mains());
    expect(watchkeeper('reset', 'limited', 'down').stdout).to.match(/limited: was running; .*forgotten/).and.match(/down: wanted down/);
    // It was wanted up by default, and started by the retry-now.
    expect([only(limited.mains()), down.starts(), down.mains()]).to.deep.equal([pid, 1, []]);
  });

  it('hooks are told of crash, restart, recovered, given-up and health', async () => {
    const notes = join(site.directory, 'notes');
    mkdirSync(notes);
    const program = join(site.directory, 'hook');
    writeFileSync(program, `#!/bin/sh\nread -r line\nprintf '%s\\n' "$line" >>${notes}/$WATCHKEEPER_EVENT\n`, { mode: 0o755 });
    must('/usr/bin/chmod', '0755', site.directory, program);
    const told = (event: string): readonly Told[] => (existsSync(join(notes, event)) ? readFileSync(join(notes, event), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as Told) : []);
    const keys: Record<string, unknown> = { restart: { stableAfter: '2s' } };
    const web = site.add('web', { http: true }, { restart: { ...LIMITED, intensity: 3 } }, keys);
    const socket = (web.spec.readiness as { path: string }).path;
    keys['health'] = { serves: { kind: 'readiness', by: 'http', url: 'http://localhost/', socket, interval: '300ms', failureThreshold: 2 } };
    await begin([web], { hooks: { note: { argv: [program] } } });
    const [pid] = web.mains();
    process.kill(only(web.mains()), 'SIGKILL');
    await eventually('recovered is told', () => told('recovered').length === 1, PATIENCE);
    await eventually('systemd forgets the restart', () => must('/usr/bin/systemctl', 'show', '--value', '--property=NRestarts', web.spec.unit).trim() === '0', PATIENCE);
    expect(told('crash').map(({ daemon, pid: dead }) => [daemon, dead])).to.deep.equal([['web', pid]]);
    expect(told('crash')[0]?.reason).to.include('SIGKILL');
    expect(told('restart')).to.have.length(1);
    writeFileSync(join(web.directory, 'http-status'), '500');
    await eventually('health is told', () => told('health').some((item) => item.news === 'degraded'), PATIENCE);
    writeFileSync(join(web.directory, 'http-status'), '200');
    await eventually('and its end', () => told('health').some((item) => item.news === 'healthy'), PATIENCE);
    const kills = await killedForGood(web);
    await eventually('given-up is told', () => told('given-up').length === 1, PATIENCE).catch((error: unknown) => { throw new Error(`${String(error)}: ${JSON.stringify(events())}`); });
    expect(told('crash').length, `each death once: ${JSON.stringify(events())}`).to.equal(kills + 1);
  });

  it('drift is told by status: what systemd has not read, what the catalogue would make otherwise, a mask', async () => {
    const [stale, changed, masked] = [site.add('stale'), site.add('changed', {}, {}, { stopTimeout: '77s' }), site.add('masked')];
    await begin([stale, changed, masked]);
    // As `systemctl mask` does, which refuses where a unit lies at the place of its link.
    rmSync(join(UNITS, masked.spec.unit));
    symlinkSync('/dev/null', join(UNITS, masked.spec.unit));
    systemctl('daemon-reload');
    appendFileSync(join(UNITS, stale.spec.unit), '# touched\n');
    const words = { stale: 'systemctl daemon-reload', changed: 'TimeoutStopSec', masked: 'systemctl unmask' };
    await eventually('status tells of each', () => Object.entries(words).every(([name, word]) => warnings(name).includes(word)), 40_000);
    expect(property(stale.spec.unit, 'NeedDaemonReload')).to.equal('yes');
    expect(must('/usr/sbin/watchkeeper', 'status')).to.match(/^warning: masked: /m);
    expect(events().filter((item) => item.news === 'drift').map(({ daemon }) => daemon)).to.include.members(['stale', 'changed', 'masked']);
  });
});
