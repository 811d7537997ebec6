/** Units that are up only when their daemon is ready, and what one transaction makes of them. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect } from 'chai';

import { SystemdManager } from '../../../src/adapters/systemd/manager.js';
import { HostReadiness } from '../../../src/adapters/sysv/readiness.js';
import { DirectControl } from '../../../src/app/direct-control.js';
import type { DaemonSpec } from '../../../src/core/daemon.js';
import type { Outcome } from '../../../src/core/outcome.js';
import { NOT_ASKED } from '../../../src/core/role.js';
import type { Runner } from '../../../src/ports/runner.js';
import { catalogueOf, FakeDesired, FakeHolds, FakeLocks } from '../../support/control-fakes.js';
import { TEST_RESTART_POLICY } from '../../support/daemon-spec.js';
import { eventually } from '../../support/eventually.js';
import type { Behaviour, TestDaemon } from '../../support/test-daemon.js';
import { Bench, GROUP, newName, NOT_MASTER, systemctl } from './bench.js';

const RESTARTS = { ...TEST_RESTART_POLICY, when: 'on-failure' as const, baseDelay: 1000 };

describe('order of units', function () {
  this.timeout(60_000);
  let bench: Bench;
  /** Verbs of systemctl, as they were called. */
  let verbs: string[];
  let setupUnit: string;

  beforeEach(() => {
    bench = new Bench();
    verbs = [];
    setupUnit = `${newName()}.service`;
    // For as long as systemctl needs at most to ask for each unit: as of one that has ended, a later one would want it anew.
    bench.unit(setupUnit, `[Unit]\nStartLimitIntervalSec=0\n[Service]\nType=oneshot\nExecStart=/bin/sh -c 'sleep 1; echo run >>${setupRuns()}'\n`);
  });
  afterEach(() => {
    bench.cleanup();
  });

  function setupRuns(): string {
    return join(bench.directory, 'setup-runs');
  }

  function countSetupRuns(): number {
    return existsSync(setupRuns()) ? readFileSync(setupRuns(), 'utf8').split('\n').length - 1 : 0;
  }

  /** As generated, with the setup unit. */
  function daemon(behaviour: Behaviour, overrides: Partial<DaemonSpec> = {}, change: (unit: string) => string = (unit) => unit): TestDaemon {
    return bench.daemon(behaviour, overrides, (unit) => change(unit.replace('[Unit]\n', `[Unit]\nRequires=${setupUnit}\nAfter=${setupUnit}\n`)));
  }

  /** What names them keeps them in systemd's memory when they are down. */
  function target(...daemons: TestDaemon[]): string {
    const name = `${newName()}.target`;
    const names = daemons.map(({ spec }) => spec.unit).join(' ');
    bench.unit(name, `[Unit]\nWants=${names}\nAfter=${names}\n`);
    return name;
  }

  /** daemon-util's own way, with systemctl's verbs counted. */
  function control(...daemons: TestDaemon[]): DirectControl {
    const { clock, processes, oneshot } = bench;
    const runner: Runner = {
      run: (argv, options) => {
        if (argv[0].endsWith('/systemctl')) verbs.push(argv.find((word, index) => index > 0 && !word.startsWith('-')) ?? '');
        return bench.runner.run(argv, options);
      },
    };
    const manager = new SystemdManager({ group: GROUP, runner, processes, readiness: new HostReadiness(processes, runner, clock), clock, oneshot, explicit: true });
    return new DirectControl({
      catalogue: catalogueOf(daemons.map(({ spec }) => spec)),
      manager, clock, runner, desired: new FakeDesired([]), locks: new FakeLocks([]), holds: new FakeHolds(),
      bootId: 'boot', lockTimeout: 10_000, roles: () => Promise.resolve(() => NOT_ASKED),
    });
  }

  const request = (...daemons: TestDaemon[]) => ({ names: daemons.map(({ spec }) => spec.name), by: 'a test', oneShotArguments: {} });
  const outcomes = (told: readonly { name: string; outcome: Outcome }[], ...daemons: TestDaemon[]): readonly (Outcome | undefined)[] =>
    daemons.map(({ spec }) => told.find(({ name }) => name === spec.name)?.outcome);
  const kinds = (told: readonly (Outcome | undefined)[]): readonly string[] => told.map((outcome) => (outcome?.kind === 'failed' ? outcome.code : (outcome?.kind ?? 'none')));
  const at = (one: TestDaemon, file: 'ready' | 'starts'): number => statSync(join(one.directory, file)).mtimeMs;
  const without = (unit: string): string => unit.replace(/^ExecStartPost=.*await-readiness.*\n/m, '');

  it('is kept in one transaction, which runs the setup program once; and so in a stop', async () => {
    const db = daemon({ readyAfter: 400 });
    const api = daemon({ readyAfter: 300 }, { requires: [db.spec.name] });
    const web = daemon({ stopTakes: 300 }, { after: [api.spec.name] });
    const by = control(db, api, web);
    target(db, api, web);
    expect(kinds(outcomes(await by.start(request(web, api, db)), db, api, web))).to.deep.equal(['ok', 'ok', 'ok']);
    expect(countSetupRuns()).to.equal(1);
    expect(verbs).to.deep.equal(['show', 'show', 'reset-failed', 'start', 'show']);
    expect(at(api, 'starts'), 'api after db is ready').to.be.at.least(at(db, 'ready'));
    expect(at(web, 'starts'), 'web after api is ready').to.be.at.least(at(api, 'ready'));
    verbs.length = 0;
    expect(kinds(outcomes(await by.stop(request(db, api, web)), db, api, web))).to.deep.equal(['ok', 'ok', 'ok']);
    expect(verbs).to.deep.equal(['show', 'show', 'stop', 'show']);
    const time = ({ spec }: TestDaemon, name: string): number => Number(bench.property(spec.unit, name));
    expect(time(api, 'ActiveExitTimestampMonotonic')).to.be.at.least(time(web, 'InactiveEnterTimestampMonotonic'));
    expect(time(db, 'ActiveExitTimestampMonotonic')).to.be.at.least(time(api, 'InactiveEnterTimestampMonotonic'));
  });

  it('is kept step by step where a unit does not await its readiness', async () => {
    const db = daemon({ readyAfter: 400 }, {}, without);
    const api = daemon({}, { requires: [db.spec.name] });
    const by = control(db, api);
    expect(kinds(outcomes(await by.start(request(api, db)), db, api))).to.deep.equal(['ok', 'ok']);
    expect(verbs.filter((verb) => verb === 'start')).to.have.length(2);
    expect(at(api, 'starts')).to.be.at.least(at(db, 'ready'));
    verbs.length = 0;
    expect(kinds(outcomes(await by.stop(request(api, db)), db, api))).to.deep.equal(['ok', 'ok']);
    expect(verbs.filter((verb) => verb === 'stop'), 'which a stop can do without').to.have.length(1);
  });

  it('is kept in a restart, which brings back what systemd stops along', async () => {
    const db = daemon({});
    const api = daemon({}, { requires: [db.spec.name] });
    const web = daemon({}, { requires: [api.spec.name] });
    const by = control(db, api, web);
    expect(kinds(outcomes(await by.start(request(db, api)), db, api))).to.deep.equal(['ok', 'ok']);
    expect(kinds(outcomes(await by.restart(request(db)), db, api, web)), 'web was down').to.deep.equal(['ok', 'ok', 'none']);
    expect([db, api, web].map(({ spec }) => bench.property(spec.unit, 'ActiveState'))).to.deep.equal(['active', 'active', 'inactive']);
    expect([db.starts(), api.starts(), web.starts()]).to.deep.equal([2, 2, 0]);
  });

  it('is kept when somebody starts the target, as a boot does', () => {
    const db = daemon({ readyAfter: 700 });
    const api = daemon({}, { after: [db.spec.name] });
    systemctl('start', target(db, api));
    expect(at(api, 'starts')).to.be.at.least(at(db, 'ready'));
    expect(bench.property(db.spec.unit, 'ActiveState')).to.equal('active');
    expect(countSetupRuns()).to.equal(1);
  });

  it('goes on after a failure with what does not require it, and tells each', async () => {
    const db = daemon({ exits: { status: 7, after: 200 }, readyAfter: 'never' });
    const api = daemon({}, { requires: [db.spec.name] });
    const web = daemon({}, { after: [db.spec.name] });
    target(db, api, web);
    const told = outcomes(await control(db, api, web).start(request(db, api, web)), db, api, web);
    expect(kinds(told)).to.deep.equal(['failed', 'dependency', 'ok']);
    expect(told[0]?.kind === 'failed' && told[0].reason).to.match(/\b7\b/);
    expect(api.starts()).to.equal(0);
  });

  for (const successExitStatuses of [[NOT_MASTER], []]) {
    it(`takes "not master" during the wait for what it is, be it ${successExitStatuses.length > 0 ? 'a success' : 'a failure'} to systemd, and others go on`, async () => {
      const db = daemon({ exits: { status: NOT_MASTER, after: 300 }, readyAfter: 'never' }, { restart: RESTARTS, successExitStatuses });
      const web = daemon({}, { after: [db.spec.name] });
      target(db, web);
      const told = outcomes(await control(db, web).start(request(db, web)), db, web);
      expect(kinds(told)).to.deep.equal(['skipped', 'ok']);
      expect(told[0]?.kind === 'skipped' && told[0].reason).to.include('not master');
      expect(bench.property(db.spec.unit, 'NRestarts')).to.equal('0');
      expect(bench.property(db.spec.unit, 'ExecMainStatus')).to.equal(String(NOT_MASTER));
      expect(bench.property(db.spec.unit, 'Result')).to.equal(successExitStatuses.length > 0 ? 'success' : 'exit-code');
    });
  }

  it('ends what is never ready, says what it waited for, and an operator has it stopped', async () => {
    const db = daemon({ readyAfter: 'never' }, { restart: RESTARTS, startTimeout: 3000 });
    target(db);
    const [outcome] = outcomes(await control(db).start(request(db)), db);
    expect(kinds([outcome])).to.deep.equal(['not-ready']);
    expect(outcome?.kind === 'failed' && outcome.reason).to.match(/^not ready within 3 ?s; it was stopped.*await-readiness: \S+ is not ready after \d+\.\d s: the socket \S+ is not there/);
    expect(db.mains()).to.deep.equal([]);
    expect(bench.property(db.spec.unit, 'ActiveState')).to.be.oneOf(['inactive', 'failed']);
    expect(db.starts()).to.equal(1);
  });

  it('has systemd try it again by its Restart= where nobody asked, as at a boot', async () => {
    const db = daemon({ readyAfter: 'never' }, { restart: { ...RESTARTS, baseDelay: 200 }, startTimeout: 600 });
    expect(spawnSync('/usr/bin/systemctl', ['start', target(db)], { timeout: 30_000 }).status, 'what a target wants may fail').to.equal(0);
    await eventually('it is tried again', () => db.starts() >= 2);
    expect(bench.property(db.spec.unit, 'SubState')).not.to.equal('running');
  });

  it('is not fooled by a child that has the socket when its parent has ended, nor in the next start', async () => {
    const program = join(bench.directory, 'leaves-a-child');
    const socket = join(bench.directory, 'child-socket');
    const lines = [
      '#!/usr/bin/perl', 'use Socket;', 'if (my $child = fork) { select undef, undef, undef, 0.3; exit 3 }',
      `exit 0 if -e "${socket}";`, 'select undef, undef, undef, 0.6;',
      `socket my $s, PF_UNIX, SOCK_STREAM, 0; bind $s, pack_sockaddr_un("${socket}") or die; listen $s, 5; sleep 600;`,
    ];
    writeFileSync(program, `${lines.join('\n')}\n`);
    chmodSync(program, 0o755);
    const overrides = { executable: program, readiness: { kind: 'unix', path: socket }, killMode: 'process', startTimeout: 4000, successExitStatuses: [] } as const;
    const db = daemon({}, overrides);
    target(db);
    const [first] = outcomes(await control(db).start(request(db)), db);
    expect(kinds([first])).to.deep.equal(['failed']);
    expect(first?.kind === 'failed' && first.reason).to.match(/\b3\b/);
    await eventually('the child has the socket', () => existsSync(socket));
    writeFileSync(program, '#!/usr/bin/perl\nsleep 600;\n');
    const [second] = outcomes(await control(db).start(request(db)), db);
    expect(kinds([second])).to.deep.equal(['not-ready']);
    expect(second?.kind === 'failed' && second.reason, JSON.stringify(second)).to.match(/the socket \S+ is taken by pid \d+/);
  });

  it('fails no start where the helper is missing', async () => {
    const db = daemon({}, {}, (unit) => unit.replace(/^(ExecStartPost=-\+).*(\/await-readiness)/m, '$1/nonexistent$2'));
    target(db);
    expect(kinds(outcomes(await control(db).start(request(db)), db))).to.deep.equal(['ok']);
  });
});
