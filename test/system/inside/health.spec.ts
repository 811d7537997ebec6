/** Health checks where systemd restarts: it is told by the death of the main process, and does as its units say. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect } from 'chai';

import type { DaemonSpec, GroupSpec, HealthCheck } from '../../../src/core/daemon.js';
import { serviceUnit } from '../../../src/core/unit-file.js';
import { TEST_RESTART_POLICY } from '../../support/daemon-spec.js';
import { eventually } from '../../support/eventually.js';
import { makeTestDaemon, type Behaviour, type TestDaemon } from '../../support/test-daemon.js';
import type { StatusJson } from '../../support/watcher-world.js';
import { must, only, systemctl, systemdVersion } from './bench.js';

const UNITS = '/run/systemd/system';
const CONFIG = '/etc/watchkeeper/watchkeeper.yaml';
const TARGET = 'wk-health.target';
const GROUP: GroupSpec = { name: 'health', description: 'test', target: TARGET, roles: [], setup: undefined, directories: [], environmentFile: undefined, notMasterExitStatus: 11 };
const WATCHDOG: HealthCheck = { name: 'alive', kind: 'liveness', method: { kind: 'watchdog' }, grace: 0, interval: 1000, timeout: 1000, successThreshold: 1, failureThreshold: 1 };

describe('health where systemd restarts', function () {
  this.timeout(90_000);
  let directory: string;
  let configuration: string;
  const units: string[] = [];
  const daemons = new Map<string, { readonly daemon: TestDaemon; readonly keys: Record<string, unknown> }>();

  before(() => {
    must('/usr/bin/install', '-D', '-m', '0755', 'test/fixtures/daemon', '/usr/local/lib/wk-test-daemon');
  });
  beforeEach(() => {
    directory = mkdtempSync('/run/health-');
    configuration = readFileSync(CONFIG, 'utf8');
  });
  afterEach(() => {
    const quietly = (...args: string[]): unknown => spawnSync('/usr/bin/systemctl', args, { timeout: 60_000 });
    quietly('stop', 'watchkeeper.service');
    for (const unit of units) quietly('stop', unit);
    for (const { daemon } of daemons.values()) daemon.destroy();
    for (const unit of units.splice(0)) rmSync(join(UNITS, unit), { force: true });
    daemons.clear();
    systemctl('daemon-reload');
    quietly('reset-failed');
    writeFileSync(CONFIG, configuration);
    for (const path of [directory, '/run/watchkeeper', '/var/lib/watchkeeper']) rmSync(path, { recursive: true, force: true });
  });

  function add(name: string, behaviour: Behaviour, overrides: Partial<DaemonSpec>, keys: Record<string, unknown>): TestDaemon {
    const daemon = makeTestDaemon({ program: '/usr/local/lib/wk-test-daemon', directory, behaviour, overrides: { name, unit: `wk-${name}.service`, ...overrides } });
    daemons.set(name, { daemon, keys });
    return daemon;
  }

  function begin(): void {
    const unit = (name: string, text: string): void => {
      units.push(name);
      writeFileSync(join(UNITS, name), text);
    };
    unit(TARGET, '[Unit]\nDescription=group of a test\n');
    for (const { daemon } of daemons.values()) unit(daemon.spec.unit, serviceUnit(daemon.spec, GROUP, { version: systemdVersion(), runtimeDirectory: '/run/watchkeeper', helperDirectory: '/usr/lib/watchkeeper' }));
    const entries = [...daemons].map(([name, { daemon: { spec }, keys }]) => [name, { executable: spec.executable, arguments: spec.arguments, readiness: spec.readiness, unit: spec.unit, ...keys }]);
    writeFileSync(CONFIG, JSON.stringify({ group: { name: 'health', target: TARGET }, heartbeatInterval: '1s', daemons: Object.fromEntries(entries) as unknown }));
    systemctl('daemon-reload');
    systemctl('start', ...[...daemons.values()].map(({ daemon }) => daemon.spec.unit), 'watchkeeper.service');
  }

  const status = (): StatusJson => JSON.parse(must('/usr/sbin/watchkeeper', 'status', '--json')) as StatusJson;
  const news = (daemon: string): readonly { readonly news: string; readonly reason: string }[] =>
    must('/usr/sbin/watchkeeper', 'events', '--json', '--lines', '1000').trim().split('\n')
      .map((line) => JSON.parse(line) as { daemon: string; news: string; reason: string })
      .filter((item) => item.daemon === daemon);
  const property = (unit: string, name: string): string => must('/usr/bin/systemctl', 'show', '--value', `--property=${name}`, unit).trim();
  const answering = (daemon: TestDaemon, kind: string): Record<string, unknown> => ({
    health: { answers: { kind, by: 'http', url: 'http://localhost/', socket: (daemon.spec.readiness as { path: string }).path, interval: '300ms', timeout: '500ms', failureThreshold: 2 } },
  });

  it('a hung daemon is restarted by its unit; one of Restart=no stays down', async () => {
    const keys: Record<string, unknown> = {};
    const web = add('web', { http: true }, { restart: { ...TEST_RESTART_POLICY, when: 'on-failure', baseDelay: 100 } }, keys);
    Object.assign(keys, answering(web, 'liveness'));
    const onceKeys: Record<string, unknown> = {};
    const once = add('once', { http: true }, { restart: { ...TEST_RESTART_POLICY, when: 'never' } }, onceKeys);
    Object.assign(onceKeys, answering(once, 'liveness'));
    begin();
    await eventually('both are healthy', () => Object.values(status().daemons).every(({ health }) => health?.[0]?.state === 'healthy'), 20_000);
    const [pid, other] = [only(web.mains()), only(once.mains())];
    process.kill(pid, 'SIGSTOP');
    process.kill(other, 'SIGSTOP');
    await eventually('web is restarted', () => web.starts() === 2 && web.mains().length === 1 && web.mains()[0] !== pid, 20_000);
    await eventually('once has failed', () => property(once.spec.unit, 'ActiveState') === 'failed', 20_000);
    expect([property(web.spec.unit, 'NRestarts'), property(once.spec.unit, 'Result'), once.starts()]).to.deep.equal(['1', 'signal', 1]);
    expect(news('web').find((item) => item.news === 'unhealthy')?.reason).to.include('liveness check answers failed').and.to.include(`killed pid ${pid}`);
    await eventually('the new one is healthy', () => status().daemons['web']?.health?.[0]?.state === 'healthy', 20_000);
    expect([web.starts(), once.starts()]).to.deep.equal([2, 1]);
  });

  it('a failing readiness check makes it degraded, and restarts nothing', async () => {
    const keys: Record<string, unknown> = {};
    const web = add('web', { http: true }, {}, keys);
    Object.assign(keys, answering(web, 'readiness'));
    begin();
    await eventually('it is healthy', () => status().daemons['web']?.health?.[0]?.state === 'healthy', 20_000);
    writeFileSync(join(web.directory, 'http-status'), '500');
    await eventually('it is degraded', () => status().daemons['web']?.observed === 'degraded', 20_000);
    expect(status().daemons['web']).to.include({ ready: false, pid: only(web.mains()) });
    rmSync(join(web.directory, 'http-status'));
    await eventually('it is not any more', () => status().daemons['web']?.observed === 'running', 20_000);
    expect(web.starts()).to.equal(1);
    expect(news('web').map((item) => item.news)).to.include.members(['degraded', 'healthy']);
  });

  it("readiness by notification and the watchdog are systemd's own", async () => {
    const web = add('web', { notifies: 'up', watchdog: true, readyAfter: 500 }, { readiness: { kind: 'notify' }, health: [WATCHDOG], restart: { ...TEST_RESTART_POLICY, baseDelay: 100 } }, { health: { alive: { kind: 'liveness', by: 'watchdog', interval: '1s' } } });
    begin();
    expect(web.isReady(), 'systemctl start waited for READY=1').to.equal(true);
    const pid = only(web.mains());
    await eventually('the check is left to systemd', () => status().daemons['web']?.health?.[0]?.last?.includes('WatchdogSec') === true, 20_000);
    process.kill(pid, 'SIGSTOP');
    await eventually('systemd restarts it', () => web.starts() === 2 && web.mains()[0] !== pid, 20_000);
    expect(news('web').some((item) => item.news === 'unhealthy')).to.equal(false);
  });
});
