/**
 * The installed watcher as a unit of a real systemd: where systemd drives the
 * daemons it follows and restarts nothing, where it doesn't it supervises.
 */
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect } from 'chai';

import type { DaemonSpec, GroupSpec } from '../../../src/core/daemon.js';
import { serviceUnit } from '../../../src/core/unit-file.js';
import { TEST_RESTART_POLICY } from '../../support/daemon-spec.js';
import { eventually } from '../../support/eventually.js';
import { makeTestDaemon, type Behaviour, type TestDaemon } from '../../support/test-daemon.js';
import type { StatusJson } from '../../support/watcher-world.js';
import { must, only, systemctl, systemdVersion } from './bench.js';

const UNITS = '/run/systemd/system';
const CONFIG = '/etc/watchkeeper/watchkeeper.yaml';
const TARGET = 'wk-group.target';

/** A group of real daemons, the configuration of this machine, and the watcher's own unit. */
class Site {
  readonly directory = mkdtempSync('/run/site-');
  readonly #daemons = new Map<string, TestDaemon>();
  readonly #units = new Set<string>();
  readonly #configuration = readFileSync(CONFIG, 'utf8');

  add(name: string, behaviour: Behaviour = {}, overrides: Partial<DaemonSpec> = {}): TestDaemon {
    const daemon = makeTestDaemon({ program: '/usr/local/lib/wk-test-daemon', directory: this.directory, behaviour, overrides: { name, unit: `wk-${name}.service`, ...overrides } });
    this.#daemons.set(name, daemon);
    return daemon;
  }

  /** Writes configuration and, for systemd, target and units. */
  settle(options: { units: boolean }): void {
    const group: GroupSpec = { name: 'site', description: 'test', target: options.units ? TARGET : undefined, roles: [], setup: undefined, directories: [], environmentFile: undefined, notMasterExitStatus: 11 };
    const daemons = [...this.#daemons].map(([name, { spec }]): [string, unknown] => {
      const { executable, readiness, unit, requires } = spec;
      return [name, { executable, arguments: spec.arguments, readiness, unit, requires, stopTimeout: '5s', startTimeout: '20s' }];
    });
    const target = options.units ? { target: TARGET } : {};
    writeFileSync(CONFIG, JSON.stringify({ group: { name: 'site', ...target }, heartbeatInterval: '1s', daemons: Object.fromEntries(daemons) }));
    if (!options.units) return;
    this.#unit(TARGET, '[Unit]\nDescription=group of a test\n');
    for (const { spec } of this.#daemons.values()) {
      this.#unit(spec.unit, serviceUnit(spec, group, { version: systemdVersion(), runtimeDirectory: '/run/watchkeeper', helperDirectory: '/usr/lib/watchkeeper' }));
    }
    systemctl('daemon-reload');
  }

  #unit(name: string, text: string): void {
    this.#units.add(name);
    writeFileSync(join(UNITS, name), text);
  }

  get unitNames(): readonly string[] {
    return [...this.#units];
  }

  cleanup(): void {
    const quietly = (...args: string[]): unknown => spawnSync('/usr/bin/systemctl', args, { timeout: 60_000 });
    quietly('stop', 'watchkeeper.service');
    for (const unit of this.#units) quietly('stop', unit);
    for (const daemon of this.#daemons.values()) daemon.destroy();
    for (const unit of this.#units) rmSync(join(UNITS, unit), { force: true });
    systemctl('daemon-reload');
    quietly('reset-failed');
    writeFileSync(CONFIG, this.#configuration);
    for (const path of [this.directory, '/run/watchkeeper', '/var/lib/watchkeeper']) rmSync(path, { recursive: true, force: true });
  }
}

function status(): StatusJson {
  return JSON.parse(must('/usr/sbin/watchkeeper', 'status', '--json')) as StatusJson;
}

function events(): { daemon: string; news: string; reason: string }[] {
  const lines = must('/usr/sbin/watchkeeper', 'events', '--json', '--lines', '1000').trim().split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as { daemon: string; news: string; reason: string });
}

function property(unit: string, name: string): string {
  return systemctl('show', `--property=${name}`, '--value', unit).trim();
}

function watcherPid(): number {
  return Number(property('watchkeeper.service', 'MainPID'));
}

const daemonUtil = (...args: string[]): ReturnType<typeof spawnSync> => spawnSync('/usr/sbin/daemon-util', args, { encoding: 'utf8', timeout: 60_000 });

describe('the installed watcher', function () {
  this.timeout(60_000);
  let site: Site;

  before(() => {
    must('/usr/bin/install', '-D', '-m', '0755', 'test/fixtures/daemon', '/usr/local/lib/wk-test-daemon');
  });
  beforeEach(() => (site = new Site()));
  afterEach(() => site.cleanup());

  describe('where systemd is the restart owner', () => {
    it('says when it is ready, why systemd, and what it sees', async () => {
      const web = site.add('web');
      site.add('off');
      site.settle({ units: true });
      systemctl('start', web.spec.unit, 'watchkeeper.service');
      expect(property('watchkeeper.service', 'ActiveState')).to.equal('active');
      await eventually('the unit is seen', () => status().daemons['web']?.observed === 'running');
      const { watcher, daemons } = status();
      expect(watcher).to.deep.include({ restartOwner: 'systemd', serviceManager: { kind: 'systemd', reason: `${TARGET} is loaded` } });
      expect(daemons['web']).to.include({ owner: 'systemd', pid: only(web.mains()), desired: 'up' });
      expect(daemons['off']).to.include({ observed: 'stopped' });
      await eventually('systemctl status tells it too', () => property('watchkeeper.service', 'StatusText').includes('2 daemons'));
    });

    it('restarts nothing: systemd does, and what was stopped or given up stays so', async () => {
      const restart = { ...TEST_RESTART_POLICY, firstDelay: 100, baseDelay: 100 };
      const web = site.add('web', {}, { restart });
      const broken = site.add('broken', { exits: { status: 1, after: 0 } }, { restart: { ...restart, when: 'never' } });
      site.settle({ units: true });
      systemctl('start', web.spec.unit, 'watchkeeper.service');
      await eventually('the unit is seen', () => status().daemons['web']?.observed === 'running');
      process.kill(only(web.mains()), 'SIGKILL');
      await eventually('systemd restarts it', () => web.starts() === 2 && status().daemons['web']?.restarts === 1, 10_000);
      expect(events().filter(({ daemon, news }) => daemon === 'web' && news === 'restart')).to.have.length(1);
      systemctl('stop', web.spec.unit);
      await eventually('the stop is seen', () => status().daemons['web']?.observed === 'stopped');
      expect(daemonUtil('start', 'broken').status).to.equal(1);
      await eventually('the failure is seen', () => status().daemons['broken']?.observed === 'failed');
      // Three heartbeats: time enough for one that restarts to do so.
      const before = status().watcher?.pid;
      await new Promise((resolve) => setTimeout(resolve, 3000));
      expect([web.mains().length, broken.mains().length, status().watcher?.pid]).to.deep.equal([0, 0, before]);
    });

    it('hands orders to systemd, clears a start limit for them, and remembers what is wanted', () => {
      const web = site.add('web');
      site.settle({ units: true });
      systemctl('start', 'watchkeeper.service');
      expect(daemonUtil('start', 'web').status).to.equal(0);
      const { stderr } = daemonUtil('--verbose', 'check', 'web');
      expect(property(web.spec.unit, 'ActiveState'), String(stderr)).to.equal('active');
      expect(daemonUtil('stop', 'web').status).to.equal(0);
      expect([property(web.spec.unit, 'ActiveState'), status().daemons['web']?.desired]).to.deep.equal(['inactive', 'down']);
    });

    it('warns of a unit that was edited by hand, and so does status without a watcher', async () => {
      const web = site.add('web');
      site.add('same');
      site.settle({ units: true });
      appendFileSync(join(UNITS, web.spec.unit), 'Nice=5\n');
      systemctl('daemon-reload');
      const warned = (): readonly (readonly [string, boolean])[] => Object.entries(status().daemons).map(([name, { warnings = [] }]) => [name, warnings.some((text) => text.includes('edited by hand'))]);
      const expected = [['web', true], ['same', false]];
      expect(status().watcher).to.equal(null);
      expect(warned()).to.deep.equal(expected);
      expect(must('/usr/sbin/watchkeeper', 'status')).to.match(/^warning: web: .*edited by hand/m).and.not.match(/warning: same: .*edited/);
      systemctl('start', 'watchkeeper.service');
      await eventually('the watcher has seen it', () => JSON.stringify(warned()) === JSON.stringify(expected), 15_000);
      expect(status().watcher?.pid).to.equal(watcherPid());
    });

    it('goes on after dbus-daemon was restarted', async () => {
      const web = site.add('web');
      site.settle({ units: true });
      systemctl('start', web.spec.unit, 'watchkeeper.service');
      await eventually('the unit is seen', () => status().daemons['web']?.observed === 'running');
      spawnSync('/usr/bin/systemctl', ['kill', '--signal=SIGKILL', 'dbus.service'], { timeout: 10_000 });
      systemctl('stop', web.spec.unit);
      await eventually('the stop is seen', () => status().daemons['web']?.observed === 'stopped', 15_000);
      systemctl('start', web.spec.unit);
      await eventually('the start is seen', () => status().daemons['web']?.observed === 'running', 15_000);
    });

    it('is replaced by systemd when it hangs, and the daemons do not notice', async () => {
      const web = site.add('web');
      site.settle({ units: true });
      const dropIn = '/run/systemd/system/watchkeeper.service.d';
      must('/usr/bin/mkdir', '-p', dropIn);
      writeFileSync(join(dropIn, 'watchdog.conf'), '[Service]\nWatchdogSec=2\n');
      systemctl('daemon-reload');
      try {
        systemctl('start', web.spec.unit, 'watchkeeper.service');
        const hung = watcherPid();
        const pid = only(web.mains());
        // Longer than the watchdog allows: it is not killed while its loop turns.
        await new Promise((resolve) => setTimeout(resolve, 5000));
        expect(watcherPid()).to.equal(hung);
        process.kill(hung, 'SIGSTOP');
        await eventually('another one is there', () => ![0, hung].includes(watcherPid()) && property('watchkeeper.service', 'ActiveState') === 'active', 20_000);
        expect([only(web.mains()), web.starts()]).to.deep.equal([pid, 1]);
      } finally {
        rmSync(dropIn, { recursive: true, force: true });
        systemctl('daemon-reload');
      }
    });

    it('reloads by systemctl reload, and says no to a wrong configuration without forgetting the old one', () => {
      site.add('web');
      site.settle({ units: true });
      systemctl('start', 'watchkeeper.service');
      site.add('more');
      site.settle({ units: true });
      systemctl('reload', 'watchkeeper.service');
      expect(Object.keys(status().daemons)).to.deep.equal(['web', 'more']);
      writeFileSync(CONFIG, 'daemons: {web: {}}');
      expect(spawnSync('/usr/bin/systemctl', ['reload', 'watchkeeper.service'], { timeout: 60_000 }).status).to.not.equal(0);
      expect(property('watchkeeper.service', 'ActiveState')).to.equal('active');
    });

    it('logs to the journal with priorities', async () => {
      const web = site.add('web', {}, { restart: { ...TEST_RESTART_POLICY, when: 'never' } });
      site.settle({ units: true });
      systemctl('start', web.spec.unit, 'watchkeeper.service');
      await eventually('the unit is seen', () => status().daemons['web']?.observed === 'running');
      process.kill(only(web.mains()), 'SIGKILL');
      const journal = (): string => must('/usr/bin/journalctl', '-u', 'watchkeeper.service', '-o', 'json', '--output-fields=MESSAGE,PRIORITY', '--no-pager');
      await eventually('the crash is in the journal as a warning', () =>
        journal().split('\n').some((line) => line.includes('web: crash') && line.includes('"PRIORITY":"4"')),
      );
    });
  });

  describe('where systemd runs, but not the daemons', () => {
    it('supervises them, and they outlive a restart and a crash of its own unit', async () => {
      const web = site.add('web');
      site.settle({ units: false });
      systemctl('start', 'watchkeeper.service');
      await eventually('web is up', () => status().daemons['web']?.observed === 'running', 15_000);
      expect(status().watcher).to.include({ restartOwner: 'watcher' });
      const pid = only(web.mains());
      systemctl('restart', 'watchkeeper.service');
      await eventually('it is adopted', () => status().daemons['web']?.pid === pid, 15_000);
      const first = watcherPid();
      process.kill(first, 'SIGKILL');
      await eventually('systemd starts another one', () => ![0, first].includes(watcherPid()) && property('watchkeeper.service', 'ActiveState') === 'active', 15_000);
      await eventually('it is adopted again', () => status().daemons['web']?.pid === pid, 15_000);
      expect(web.starts()).to.equal(1);
      process.kill(pid, 'SIGKILL');
      await eventually('it is restarted by the watcher', () => web.starts() === 2, 5000);
    });
  });
});
