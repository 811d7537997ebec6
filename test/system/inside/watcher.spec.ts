/**
 * The installed watcher as a unit of a real systemd: where systemd drives the
 * daemons it follows and restarts nothing, where it doesn't it supervises.
 */
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect } from 'chai';

import { TEST_RESTART_POLICY } from '../../support/daemon-spec.js';
import { eventually } from '../../support/eventually.js';
import { must, only, systemctl } from './bench.js';
import { CONFIG, daemonUtil, events, isReplaced, property, Site, status, TARGET, UNITS, watcherPid } from './site.js';

describe('the installed watcher', function () {
  this.timeout(60_000);
  let site: Site;

  before(() => Site.install());
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
      expect(property(web.spec.unit, 'ActiveState'), stderr).to.equal('active');
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
        await eventually('another one is there', () => isReplaced(hung), 20_000);
        expect([only(web.mains()), web.starts()]).to.deep.equal([pid, 1]);
      } finally {
        rmSync(dropIn, { recursive: true, force: true });
        systemctl('daemon-reload');
      }
    });

    it('does not vouch for what a killed one saw: what was started in between is up from the first moment on', async () => {
      const web = site.add('web');
      site.settle({ units: true });
      const dropIn = '/run/systemd/system/watchkeeper.service.d';
      const ghost = '/run/watchkeeper/state/ghost';
      must('/usr/bin/mkdir', '-p', dropIn);
      writeFileSync(join(dropIn, 'restart.conf'), '[Service]\nRestart=no\n');
      systemctl('daemon-reload');
      const monitor = (): number | null => spawnSync('/usr/lib/ocf/resource.d/watchkeeper/daemon', ['monitor'], {
        env: { PATH: '/usr/bin:/bin', OCF_ROOT: '/usr/lib/ocf', OCF_RESOURCE_INSTANCE: 'web', OCF_RESKEY_name: 'web', OCF_RESKEY_CRM_meta_timeout: '20000', OCF_RESKEY_CRM_meta_interval: '0' }, timeout: 20_000,
      }).status;
      try {
        systemctl('start', 'watchkeeper.service');
        await eventually('the unit is seen', () => status().daemons['web']?.observed === 'stopped');
        expect([daemonUtil('check', 'web').status, monitor()]).to.deep.equal([1, 7]);
        writeFileSync(ghost, readFileSync('/run/watchkeeper/state/web', 'utf8').replace(' web ', ' ghost '));
        systemctl('kill', '--signal=SIGKILL', 'watchkeeper.service');
        await eventually('the watcher is dead', () => property('watchkeeper.service', 'ActiveState') === 'failed');
        expect(existsSync('/run/watchkeeper/state/web'), 'it left its line').to.equal(true);
        systemctl('start', web.spec.unit);
        systemctl('reset-failed', 'watchkeeper.service');
        systemctl('start', '--no-block', 'watchkeeper.service');
        const answers = new Set<string>();
        await eventually('the new watcher has seen it', () => {
          for (let turn = 0; turn < 20; turn += 1) answers.add(`${String(daemonUtil('check', 'web').status)} ${String(monitor())}`);
          return existsSync('/run/watchkeeper/state/web') && property('watchkeeper.service', 'ActiveState') === 'active';
        }, 20_000);
        expect([...answers]).to.deep.equal(['0 0']);
        expect(existsSync(ghost), 'what is in no catalogue').to.equal(false);
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
      await eventually('systemd starts another one', () => isReplaced(first), 15_000);
      await eventually('it is adopted again', () => status().daemons['web']?.pid === pid, 15_000);
      expect(web.starts()).to.equal(1);
      process.kill(pid, 'SIGKILL');
      await eventually('it is restarted by the watcher', () => web.starts() === 2);
    });
  });
});
