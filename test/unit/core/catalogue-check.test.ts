import { expect } from 'chai';
import { checkCatalogue } from '../../../src/core/catalogue-check.js';
import type { DaemonSpec, GroupSpec } from '../../../src/core/daemon.js';
import { daemonSpec, TEST_RESTART_POLICY } from '../../support/daemon-spec.js';

const GROUP: GroupSpec = {
  name: 'test',
  description: '',
  target: 'test.target',
  roles: [{ name: 'master', description: '', target: 'test-master.target' }],
  setup: undefined,
  directories: [],
  environmentFile: '/etc/default/test',
  notMasterExitStatus: 11,
};

const CHECK = { name: 'alive', kind: 'liveness', method: { kind: 'tcp', host: 'localhost', port: 80 }, grace: 0, interval: 1000, timeout: 1000, successThreshold: 1, failureThreshold: 1 } as const;

function problemsOf(daemons: readonly DaemonSpec[], group: Partial<GroupSpec> = {}): string[] {
  return checkCatalogue({ group: { ...GROUP, ...group }, daemons }).map((problem) => problem.path.join('.'));
}

describe('checkCatalogue', () => {
  it('finds nothing wrong with a sound catalogue', () => {
    const daemons = [
      daemonSpec({ name: 'a', pidFile: '/run/a.pid', roles: ['master'], user: 'www-data', group: '33', capabilities: ['CAP_NET_BIND_SERVICE'] }),
      daemonSpec({ name: 'b.1_c-D', requires: ['a'], after: ['a'], background: 'always-forks', pidFile: '/run/b.pid', pidFileWriter: 'daemon' }),
      daemonSpec({ name: 'c', readiness: { kind: 'exec', argv: ['/bin/true', ''] }, unit: 'c@x-1.service', environment: { A: '' } }),
    ];
    expect(problemsOf(daemons)).to.deep.equal([]);
    expect(problemsOf([])).to.deep.equal([]);
  });

  for (const name of ['', '..', '.a', 'a/b', 'a b', 'a\nb', '-a', 'é', 'x'.repeat(65), 'x'.repeat(10_000)]) {
    it(`refuses the name ${JSON.stringify(name).slice(0, 30)}, shortened in the message`, () => {
      const problems = checkCatalogue({ group: GROUP, daemons: [daemonSpec({ name, unit: 'x.service' })] });
      expect(problems.map((problem) => problem.path)).to.deep.equal([['daemons', name]]);
      expect(problems[0]?.message.length).to.be.lessThan(400);
      expect(problems[0]?.message).to.match(/^[^\n]*$/);
    });
  }

  const cases: readonly (readonly [string, Partial<DaemonSpec>, string])[] = [
    ['an unknown daemon to start after', { after: ['z'] }, 'after'],
    ['an unknown requirement', { requires: ['z'] }, 'requires'],
    ['an unknown role', { roles: ['slave'] }, 'roles'],
    ['a relative executable', { executable: 'bin/x' }, 'executable'],
    ['an executable with ..', { executable: '/usr/../bin/x' }, 'executable'],
    ['a newline in a path', { pidFile: '/run/a\nb' }, 'pidFile'],
    ['a relative pid file', { pidFile: 'a.pid' }, 'pidFile'],
    ['a relative working directory', { workingDirectory: 'x' }, 'workingDirectory'],
    ['a relative output file', { outputFile: 'x' }, 'outputFile'],
    ['a relative condition', { conditions: [{ kind: 'path-exists', path: 'x' }] }, 'conditions'],
    ['a relative readiness program', { readiness: { kind: 'exec', argv: ['true'] } }, 'readiness.argv'],
    ['a socket path that is too long', { readiness: { kind: 'unix', path: `/run/${'x'.repeat(104)}` } }, 'readiness.path'],
    ['a watchdog of a daemon that nobody can listen to', { background: 'always-forks', pidFile: '/run/x.pid', pidFileWriter: 'daemon', health: [{ ...CHECK, method: { kind: 'watchdog' } }] }, 'health.alive'],
    ['notify of a daemon that nobody can listen to', { background: 'always-forks', pidFile: '/run/x.pid', pidFileWriter: 'daemon', readiness: { kind: 'notify' } }, 'readiness'],
    ['a watchdog that only holds dependants back', { health: [{ ...CHECK, kind: 'readiness', method: { kind: 'watchdog' } }] }, 'health.alive'],
    ['two watchdogs', { health: ['a', 'b'].map((name) => ({ ...CHECK, name, method: { kind: 'watchdog' } })) }, 'health'],
    ['a check with a name that is none', { health: [{ ...CHECK, name: '../x' }] }, 'health'],
    ['a relative program of a check', { health: [{ ...CHECK, method: { kind: 'exec', argv: ['true'] } }] }, 'health.alive.argv'],
    ['a socket path of a check that is too long', { health: [{ ...CHECK, method: { kind: 'unix', path: `/run/${'x'.repeat(104)}` } }] }, 'health.alive.path'],
    ['a check of output that goes nowhere', { outputFile: undefined, health: [{ ...CHECK, method: { kind: 'log', absent: 'x' } }] }, 'health.alive'],
    ['readiness by a pid file that there is not', { readiness: { kind: 'pid-file' } }, 'readiness.kind'],
    ['always-forks without a pid file', { background: 'always-forks', pidFileWriter: 'daemon' }, 'pidFile'],
    ['always-forks with the manager as writer', { background: 'always-forks', pidFile: '/run/x' }, 'pidFileWriter'],
    ['a NUL in an argument', { arguments: ['a\0b'] }, 'arguments'],
    ['a bad variable to take arguments from', { argumentVariables: ['A-B'] }, 'argumentVariables'],
    ['a bad variable of the environment', { environment: { 'A=B': '' } }, 'environment'],
    ['a NUL in a variable', { environment: { A: '\0' } }, 'environment.A'],
    ['a bad user', { user: 'root:x' }, 'user'],
    ['an unknown capability', { capabilities: ['CAP_FLY'] }, 'capabilities'],
    ['a unit without its suffix', { unit: 'a' }, 'unit'],
    ['a unit that is a template', { unit: 'a@.service' }, 'unit'],
    ['a unit that is an instance of nothing', { unit: '@a.service' }, 'unit'],
    ['a unit with a slash', { unit: 'a/b.service' }, 'unit'],
    ['a cap below the base of delays', { restart: { ...TEST_RESTART_POLICY, maxDelay: 10 } }, 'restart.maxDelay'],
  ];
  for (const [what, overrides, key] of cases) {
    it(`refuses ${what}`, () => {
      expect(problemsOf([daemonSpec({ name: 'web', ...overrides })])).to.deep.equal([`daemons.web.${key}`]);
    });
  }

  it('names an instance where a unit is a template, which nobody can start', () => {
    const [problem] = checkCatalogue({ group: GROUP, daemons: [daemonSpec({ name: 'web', unit: 'web@.service' })] });
    expect(problem?.message).to.match(/template/).and.include("'web@1.service'");
    for (const unit of ['web@a@.service', 'web@1.service', 'a@b@c.service']) expect(problemsOf([daemonSpec({ name: 'web', unit })]), unit).to.deep.equal([]);
  });

  it('never shows the value of a variable', () => {
    const problems = checkCatalogue({ group: GROUP, daemons: [daemonSpec({ name: 'a', environment: { 'A=': 'hunter2', B: 'hunter2\0' } })] });
    expect(problems).to.have.length(2);
    expect(JSON.stringify(problems)).not.to.contain('hunter2');
  });

  it('prints a cycle, and finds a second one too', () => {
    const problems = checkCatalogue({
      group: GROUP,
      daemons: [
        daemonSpec({ name: 'a', after: ['b'] }),
        daemonSpec({ name: 'b', requires: ['c'] }),
        daemonSpec({ name: 'c', after: ['a'] }),
        daemonSpec({ name: 'self', requires: ['self'] }),
      ],
    });
    expect(problems.map((problem) => problem.path.join('.'))).to.deep.equal(['daemons.a.after', 'daemons.self.requires']);
    expect(problems[0]?.message).to.contain('a → b → c → a');
    expect(problems[1]?.message).to.contain('self → self');
  });

  it('refuses what two daemons claim', () => {
    const twins = [daemonSpec({ name: 'a', pidFile: '/run/x.pid' }), daemonSpec({ name: 'b', pidFile: '/run/x.pid', unit: 'a.service' })];
    expect(problemsOf(twins)).to.deep.equal(['daemons.b.unit', 'daemons.b.pidFile']);
    expect(problemsOf([daemonSpec({ name: 'a' }), daemonSpec({ name: 'a', unit: 'b.service' })])).to.deep.equal(['daemons.a']);
  });

  it('refuses a group that can not be', () => {
    const role = { name: 'm', description: '', target: 'test.target' };
    expect(problemsOf([], { roles: [role] })).to.deep.equal(['group.roles.m.target']);
    expect(problemsOf([], { name: 'a b', target: 'x.service', environmentFile: 'x' })).to.deep.equal(['group.name', 'group.target', 'group.environmentFile']);
    expect(problemsOf([], { setup: { executable: 'x', arguments: [], timeout: 1 } })).to.deep.equal(['group.setup.executable']);
  });

  it('tells everything at once', () => {
    expect(problemsOf([daemonSpec({ name: 'a', executable: 'x', after: ['y'], user: '' }), daemonSpec({ name: '..', unit: 'b' })])).to.have.length(5);
  });
});
