import { readFileSync } from 'node:fs';
import { expect } from 'chai';

import { diagnose } from '../../../src/core/doctor.js';
import { FINDINGS, type Finding } from '../../../src/core/doctor-codes.js';
import type { DaemonFacts, MachineFacts } from '../../../src/core/doctor-facts.js';
import type { DaemonStatus } from '../../../src/core/daemon-status.js';
import type { DaemonSpec, RoleSpec } from '../../../src/core/daemon.js';
import { leaveSandboxDropIn, sandboxLeftFor } from '../../../src/core/watcher-sandbox.js';
import { catalogueOf } from '../../support/control-fakes.js';
import { daemonSpec } from '../../support/daemon-spec.js';

const UP = { desired: 'up', observed: 'running', ready: true, pid: 7, uptime: 1000, owner: 'watcher', restarts: 0, nextTry: null, reason: '', lastExit: null } as const;
const DOWN = { ...UP, observed: 'stopped', ready: false, pid: null, uptime: null } as const;

function facts(spec: Partial<DaemonSpec> & Pick<DaemonSpec, 'name'>, status: Partial<DaemonStatus>, more: Partial<DaemonFacts> = {}): DaemonFacts {
  return {
    spec: daemonSpec(spec),
    status: { name: spec.name, ...DOWN, ...status },
    pauses: [],
    unit: undefined,
    startLimit: false,
    executable: undefined,
    missingAccount: undefined,
    hasWorkingDirectory: true,
    environment: undefined,
    unmet: undefined,
    strayPidFile: undefined,
    holders: [],
    answer: undefined,
    halted: false,
    ...more,
  };
}

function machine(more: Partial<MachineFacts> = {}, daemons: readonly DaemonFacts[] = [], roles: readonly RoleSpec[] = []): MachineFacts {
  return {
    catalogue: catalogueOf(daemons.map(({ spec }) => spec), { roles }),
    serviceManager: { kind: 'built-in', reason: '' },
    watcher: { pid: 1, staleConfiguration: false, waitsForRestart: [] },
    silent: undefined,
    watcherPid: undefined,
    watcherUnit: undefined,
    sandboxLeft: undefined,
    initScript: undefined,
    astray: undefined,
    roles: [],
    unwritable: undefined,
    ...more,
  };
}

function judge(daemon: DaemonFacts, more: Partial<MachineFacts> = {}): Finding | undefined {
  return diagnose(machine(more, [daemon]), [daemon], [daemon.spec.name])[0];
}

const MISSING = { kind: 'missing', reason: '/bin/web is missing' } as const;

describe('doctor', () => {
  it('has the watcher restarted for settings that wait for that, by what keeps it', () => {
    const waiting = { watcher: { pid: 1, staleConfiguration: false, waitsForRestart: ['web', 'output'] } };
    const command = (more: Partial<MachineFacts>): unknown => diagnose(machine({ ...waiting, ...more }), [], []).map(({ code, command: what }) => [code, what])[0];
    expect(command({})).to.deep.equal(['restart-needed', null]);
    expect(command({ watcherUnit: { load: 'loaded', maskedUntilBoot: false } })).to.deep.equal(['restart-needed', 'systemctl restart watchkeeper.service']);
    expect(command({ initScript: '/etc/init.d/watchkeeper' })).to.deep.equal(['restart-needed', '/etc/init.d/watchkeeper restart']);
    expect(diagnose(machine({ watcher: { ...waiting.watcher, staleConfiguration: true } }), [], [])[0]).to.include({ code: 'stale-configuration' });
  });

  it('says that the watcher has left its sandbox, and why, where it runs', () => {
    const reason = 'it starts daemons itself: the target ganeti.target is not there';
    const sandboxLeft = sandboxLeftFor(leaveSandboxDropIn(reason));
    expect(diagnose(machine({ sandboxLeft }), [], []).map(({ code, what }) => [code, what.endsWith(`inherit: ${reason}`)])).to.deep.equal([['sandbox-left', true]]);
    expect(diagnose(machine({ sandboxLeft, watcher: null }), [], []).map(({ code }) => code)).to.deep.equal(['watcher-absent']);
    expect([sandboxLeftFor(''), sandboxLeftFor('[Service]\n')]).to.deep.equal([undefined, undefined]);
  });

  it('tells the first link of the chain, not what may be wrong only because of it', () => {
    const everything = { executable: MISSING, hasWorkingDirectory: false, missingAccount: { kind: 'user', name: 'web' }, strayPidFile: 'pid 9 is other' } as const;
    expect(judge(facts({ name: 'web' }, { desired: 'down' }, everything))).to.include({ code: 'wanted-down' });
    expect(judge(facts({ name: 'web' }, {}, everything))).to.include({ code: 'executable-missing' });
    expect(judge(facts({ name: 'web' }, {}, { ...everything, executable: undefined }))).to.include({ code: 'user-missing', command: 'useradd --system web' });
  });

  it('has what is intended hide no fault of a daemon that runs', () => {
    const pauses = [{ id: 'a1', owner: 'ops', reason: 'upgrade', daemons: undefined, since: 0, until: 5000 }];
    expect(judge(facts({ name: 'web' }, UP, { pauses, answer: { ready: false, reason: 'refused' } }))).to.include({ code: 'not-answering' });
    expect(judge(facts({ name: 'web' }, UP, { pauses }))).to.include({ code: 'paused', command: 'watchkeeper resume --all-owners --id a1' });
    expect(judge(facts({ name: 'web' }, UP))).to.equal(undefined);
  });

  it('knows the cluster as an owner, and leaves the daemon to it', () => {
    expect(judge(facts({ name: 'web' }, { owner: 'cluster', reason: 'the cluster restarts it (resource web-1)' }, { executable: MISSING }))).to.deep.equal({
      code: 'held-by-cluster', daemon: 'web', what: 'the cluster restarts it (resource web-1)', look: 'watchkeeper cluster status web', command: null,
    });
  });

  it('has one role of several suffice, and one without a source belong to anybody', () => {
    const source = { argv: ['/bin/who'], user: undefined, watch: [], interval: 1, timeout: 1, startAfter: 0, stopAfter: 0, whenLost: 'stop' } as const;
    const roles = (...held: (boolean | null)[]) => held.map((each, index) => ({ name: `r${index}`, held: each, reason: 'so', since: 1 }));
    const specs: RoleSpec[] = [0, 1].map((index) => ({ name: `r${index}`, description: '', target: undefined, source }));
    const daemon = facts({ name: 'web', roles: ['r0', 'r1'] }, {});
    const code = (...held: (boolean | null)[]) => diagnose(machine({ roles: roles(...held) }, [daemon], specs), [daemon], ['web'])[0]?.code;
    expect(code(false, false)).to.equal('not-master');
    expect(diagnose(machine({ roles: roles(false, false) }, [daemon], specs), [daemon], ['web'])[0]?.what).to.equal('not master (role r0): so; not master (role r1): so');
    expect(code(false, null)).to.equal('role-unknown');
    expect(code(false, true)).to.equal('down');
    expect(diagnose(machine({ roles: roles(false).map((each) => ({ ...each, since: null })) }, [daemon], specs), [daemon], ['web'])[0]?.code).to.equal('down');
  });

  it('takes systemd’s word for a daemon that ended as not the master, and for one that it starts again', () => {
    expect(judge(facts({ name: 'web' }, { lastExit: { kind: 'exited', status: 11 } }))).to.include({ code: 'not-master' });
    expect(judge(facts({ name: 'web' }, { observed: 'starting', lastExit: { kind: 'exited', status: 3 }, reason: 'exited with status 3' }))).to.include({ code: 'backing-off' });
    expect(judge(facts({ name: 'web' }, { observed: 'starting', pid: 4 }))).to.include({ code: 'in-transition' });
    expect(judge(facts({ name: 'web' }, { observed: 'failed' }, { startLimit: true }))).to.include({ code: 'start-limit' });
    expect(judge(facts({ name: 'web' }, { observed: 'failed' }))).to.include({ code: 'failed' });
  });

  it('blames the last of a chain of required daemons, with its own finding', () => {
    const [db, api, web] = [facts({ name: 'db' }, {}, { executable: MISSING }), facts({ name: 'api', requires: ['db'] }, { observed: 'waiting' }), facts({ name: 'web', requires: ['api'] }, { observed: 'waiting' })];
    const all = [db, api, web];
    const found = diagnose(machine({}, all), all, ['web']);
    expect(found).to.have.length(1);
    expect(found[0]).to.include({ code: 'held-back', look: 'watchkeeper doctor db', what: 'it waits for api, which waits for db: executable-missing: /bin/web is missing: install the package that it belongs to' });
  });

  const watcher: readonly (readonly [string, Partial<MachineFacts>, string | undefined])[] = [
    ['an installed unit', { watcherUnit: { load: 'loaded' } }, 'systemctl enable --now watchkeeper.service'],
    ['a masked unit', { watcherUnit: { load: 'masked' } }, 'systemctl unmask watchkeeper.service && systemctl enable --now watchkeeper.service'],
    ['an init script', { initScript: '/etc/init.d/watchkeeper' }, '/etc/init.d/watchkeeper start'],
    ['neither', {}, 'watchkeeper run'],
  ];
  for (const [what, more, command] of watcher) {
    it(`has the watcher started by what there is: ${what}`, () => {
      expect(diagnose(machine({ watcher: null, ...more }), [], [])[0]).to.include({ code: 'watcher-absent', command });
      expect(diagnose(machine({ watcher: null, ...more, serviceManager: { kind: 'systemd', reason: '' } }), [], [])[0]).to.include({ code: 'unwatched', command });
    });
  }

  it('tells that the init script looks for the watcher where it is not', () => {
    const astray = { initScript: '/etc/init.d/watchkeeper', astray: { looks: '/run/watchkeeper', has: '/srv/run' } };
    const [first, second] = diagnose(machine({ watcher: null, ...astray }), [], []);
    expect(first).to.include({ code: 'init-script-astray', daemon: null, command: null });
    expect(first?.what).to.include('in /run/watchkeeper, and paths.runtime is /srv/run');
    expect(second?.code).to.equal('watcher-absent');
    expect(diagnose(machine({ initScript: '/etc/init.d/watchkeeper' }), [], [])).to.deep.equal([]);
  });

  it('is documented, code by code', () => {
    const page = readFileSync(new URL('../../../docs/doctor.md', import.meta.url), 'utf8');
    const rows = [...page.matchAll(/^\| `([a-z-]+)` \| (\w+) \| ([^|]+) \| ([^|]+) \|$/gm)].map(([, code, kind, meaning]) => [code, { kind, meaning }]);
    expect(Object.fromEntries(rows)).to.deep.equal(FINDINGS);
  });
});
