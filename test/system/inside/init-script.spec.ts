/**
 * A group's init script where systemd is process 1: without units for the
 * daemons it is a unit itself, and passes what it is asked for on to that;
 * with them, daemon-util asks systemd.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect } from 'chai';

import type { GroupSpec } from '../../../src/core/daemon.js';
import { serviceUnit } from '../../../src/core/unit-file.js';
import { makeTestDaemon, type TestDaemon } from '../../support/test-daemon.js';
import { GROUP, must, only, systemctl, systemdVersion } from './bench.js';

const UNITS = '/run/systemd/system';
const CONFIG = '/etc/watchkeeper/watchkeeper.yaml';
const SCRIPT = '/etc/init.d/ganeti';
const TARGET = 'wk-sysv.target';
const SYSV: GroupSpec = { ...GROUP, name: 'ganeti', target: TARGET };

describe("a group's init script under systemd", function () {
  this.timeout(120_000);
  const shipped = readFileSync(CONFIG, 'utf8');
  let directory: string;
  let web: TestDaemon;
  let db: TestDaemon;

  before(() => {
    must('/usr/bin/install', '-D', '-m', '0755', 'test/fixtures/daemon', '/usr/local/lib/wk-test-daemon');
  });

  beforeEach(() => {
    directory = mkdtempSync('/run/sysv-');
    copyFileSync(`/usr/share/watchkeeper${SCRIPT}`, SCRIPT);
    [web, db] = ['web', 'db'].map((name) => makeTestDaemon({ program: '/usr/local/lib/wk-test-daemon', directory, overrides: { name, unit: `wk-sysv-${name}.service` } })) as [TestDaemon, TestDaemon];
  });

  afterEach(() => {
    const quietly = (...args: string[]): unknown => spawnSync('/usr/bin/systemctl', args, { timeout: 60_000 });
    quietly('stop', 'ganeti.service', web.spec.unit, db.spec.unit);
    for (const daemon of [web, db]) {
      daemon.destroy();
      rmSync(join(UNITS, daemon.spec.unit), { force: true });
    }
    rmSync(join(UNITS, TARGET), { force: true });
    rmSync(SCRIPT, { force: true });
    systemctl('daemon-reload');
    quietly('reset-failed');
    writeFileSync(CONFIG, shipped);
    for (const path of [directory, '/run/watchkeeper', '/var/lib/watchkeeper']) rmSync(path, { recursive: true, force: true });
  });

  function settle(units: boolean): void {
    const daemons = [web, db].map(({ spec }) => [spec.name, { executable: spec.executable, arguments: spec.arguments, readiness: spec.readiness, unit: spec.unit, stopTimeout: '5s', startTimeout: '20s' }]);
    writeFileSync(CONFIG, JSON.stringify({ group: { name: 'ganeti', ...(units ? { target: TARGET } : {}) }, daemons: Object.fromEntries(daemons) as unknown }));
    if (units) {
      writeFileSync(join(UNITS, TARGET), '[Unit]\nDescription=group of a test\n');
      for (const { spec } of [web, db]) {
        writeFileSync(join(UNITS, spec.unit), serviceUnit(spec, SYSV, { version: systemdVersion(), runtimeDirectory: '/run/watchkeeper', helperDirectory: '/usr/lib/watchkeeper' }));
      }
    }
    systemctl('daemon-reload');
  }

  function act(...args: string[]): { status: number | null; stdout: string; stderr: string } {
    const { status, stdout, stderr } = spawnSync(SCRIPT, args, { encoding: 'utf8', timeout: 90_000, env: {} });
    return { status, stdout, stderr };
  }

  const activeState = (unit: string): string => systemctl('show', '--property=ActiveState', '--value', unit).trim();
  const unitOf = (daemon: TestDaemon): string => must('/usr/bin/cat', `/proc/${only(daemon.mains())}/cgroup`).trim().split('/').at(-1) ?? '';

  it('is ordered after the watcher, by the unit that systemd makes of it', () => {
    settle(false);
    expect(systemctl('show', '--property=After', '--value', 'ganeti.service').trim().split(' ')).to.include.members(['watchkeeper.service', 'remote-fs.target']);
  });

  it('has its unit start, stop and restart all of them', () => {
    settle(false);
    expect(act('start')).to.include({ status: 0 });
    expect(activeState('ganeti.service')).to.equal('active');
    expect([unitOf(web), unitOf(db)]).to.deep.equal(['ganeti.service', 'ganeti.service']);
    expect(act('status')).to.include({ status: 0 });
    const before = web.mains();
    expect(act('restart')).to.include({ status: 0 });
    expect(web.mains()).to.have.length(1).and.not.deep.equal(before);
    expect(unitOf(web)).to.equal('ganeti.service');
    expect(act('try-restart')).to.include({ status: 0 });
    expect(act('stop')).to.include({ status: 0 });
    expect(activeState('ganeti.service')).to.equal('inactive');
    expect([web.mains(), db.mains()]).to.deep.equal([[], []]);
    expect(act('status')).to.include({ status: 3 });
    expect(act('try-restart')).to.include({ status: 0 });
    expect([web.mains(), db.mains()]).to.deep.equal([[], []]);
  });

  it('starts what is missing although its unit is active', () => {
    settle(false);
    act('start');
    expect(act('stop', 'web')).to.include({ status: 0 });
    const [running] = db.mains();
    expect([activeState('ganeti.service'), web.mains()]).to.deep.equal(['active', []]);
    expect(act('start')).to.include({ status: 0 });
    expect([web.mains().length, db.mains()]).to.deep.equal([1, [running]]);
  });

  it("tells by its unit's failure that a daemon failed", () => {
    web.destroy();
    web = makeTestDaemon({ program: '/usr/local/lib/wk-test-daemon', directory, behaviour: { exits: { status: 4, after: 0 } }, overrides: { name: 'web', unit: 'wk-sysv-web.service' } });
    settle(false);
    expect(act('start').status).to.equal(1);
    expect(activeState('ganeti.service')).to.equal('failed');
    expect(must('/usr/bin/journalctl', '--no-pager', '--output=cat', '--unit=ganeti.service')).to.include('cannot start web');
  });

  it('leaves it to daemon-util where each daemon is a unit', () => {
    settle(true);
    expect(act('start')).to.deep.equal({ status: 0, stdout: '', stderr: '' });
    expect([unitOf(web), unitOf(db)]).to.deep.equal([web.spec.unit, db.spec.unit]);
    expect(act('status').status).to.equal(0);
    expect(act('stop', 'web').status).to.equal(0);
    expect([activeState(web.spec.unit), activeState(db.spec.unit)]).to.deep.equal(['inactive', 'active']);
    expect([act('status').status, act('status', 'web').status]).to.deep.equal([0, 3]);
    expect(act('restart').status).to.equal(0);
    expect([activeState(web.spec.unit), activeState(db.spec.unit)]).to.deep.equal(['active', 'active']);
    expect(act('stop').status).to.equal(0);
    expect([activeState(web.spec.unit), activeState(db.spec.unit)]).to.deep.equal(['inactive', 'inactive']);
  });
});
