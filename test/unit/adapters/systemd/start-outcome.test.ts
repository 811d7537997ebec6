import { expect } from 'chai';

import { startOutcome, tooLateForArguments, type StartEvidence } from '../../../../src/adapters/systemd/start-outcome.js';
import { isStopped, stopOutcome } from '../../../../src/adapters/systemd/stop-outcome.js';
import type { Outcome } from '../../../../src/core/outcome.js';
import { daemonSpec, TEST_RESTART_POLICY } from '../../../support/daemon-spec.js';
import { facts } from './facts.js';

const RAN = { startedAt: 5, invocation: 'b', conditionAt: 4, conditionMet: true };

function judge(overrides: Partial<StartEvidence>): string {
  const outcome = startOutcome({
    spec: daemonSpec({ name: 'web' }),
    notMaster: 11,
    before: facts(),
    after: facts(),
    verdict: undefined,
    allWell: false,
    unmet: [],
    broken: [],
    ...overrides,
  });
  return outcome === undefined ? 'up' : told(outcome);
}

function told(outcome: Outcome): string {
  return outcome.kind === 'failed' ? outcome.code : outcome.kind;
}

describe('outcome of a start under systemd', () => {
  const table: readonly [title: string, evidence: Partial<StartEvidence>, expected: string][] = [
    ['up', { after: facts({ ...RAN, activeState: 'active', mainPid: 4 }) }, 'up'],
    ['up again after a death meanwhile', { after: facts({ ...RAN, activeState: 'active', mainPid: 4, restarts: 1 }) }, 'failed'],
    ['waits for its restart', { after: facts({ ...RAN, activeState: 'activating', subState: 'auto-restart', result: 'exit-code', exitCode: 1, exitStatus: 3 }) }, 'failed'],
    ['is being restarted', { after: facts({ ...RAN, activeState: 'activating', subState: 'start-pre', restarts: 2 }) }, 'failed'],
    ['removed meanwhile', { after: facts({ loadState: 'not-found' }) }, 'not-found'],
    ['masked meanwhile', { after: facts({ loadState: 'masked' }) }, 'masked'],
    ['skipped: the catalogue knows why', { unmet: ['path-exists /x'], allWell: true }, 'skipped'],
    ['skipped: only systemd knows why', { after: facts({ conditionAt: 9, conditionMet: false }), allWell: true }, 'skipped'],
    ['an unmet condition of a run long ago', { before: facts({ conditionAt: 9 }), after: facts({ conditionAt: 9 }), verdict: 'canceled' }, 'canceled'],
    ['not master, a failure to systemd', { after: facts({ ...RAN, activeState: 'failed', result: 'exit-code', exitCode: 1, exitStatus: 11 }) }, 'skipped'],
    ['not master, a success to systemd', { after: facts({ ...RAN, exitCode: 1, exitStatus: 11 }) }, 'skipped'],
    ['killed by signal 11 is not an exit status', { after: facts({ ...RAN, activeState: 'failed', result: 'core-dump', exitCode: 3, exitStatus: 11 }) }, 'failed'],
    ['not master in an earlier run only', { before: facts(RAN), after: facts({ ...RAN, exitCode: 1, exitStatus: 11 }), verdict: 'canceled' }, 'canceled'],
    ['a dependency, by systemctl', { verdict: 'dependency' }, 'dependency'],
    ['a dependency, by its state', { broken: [facts({ unit: 'db.service', activeState: 'failed' })] }, 'dependency'],
    ['canceled, by systemctl', { verdict: 'canceled' }, 'canceled'],
    ['canceled, as nothing else explains it', {}, 'canceled'],
    ['the unit forgot', { allWell: true }, 'failed'],
    ["systemd's time-out", { after: facts({ ...RAN, startedAt: 0, activeState: 'failed', result: 'timeout' }) }, 'timeout'],
    ["systemd's time-out of what was executed", { after: facts({ ...RAN, activeState: 'failed', result: 'timeout' }) }, 'not-ready'],
    ['the same, and it waits for its restart', { after: facts({ ...RAN, activeState: 'activating', subState: 'auto-restart', result: 'timeout' }) }, 'not-ready'],
    ['the same in an earlier run', { before: facts(RAN), after: facts({ ...RAN, activeState: 'failed', result: 'timeout' }) }, 'failed'],
    ['our time-out', { after: facts({ ...RAN, activeState: 'activating', subState: 'start' }) }, 'timeout'],
    ['still queued', { after: facts({ job: 3, activeState: 'activating' }) }, 'timeout'],
    ['no program', { after: facts({ ...RAN, activeState: 'failed', result: 'exit-code', exitCode: 1, exitStatus: 203 }) }, 'not-installed'],
    ['no user', { after: facts({ ...RAN, activeState: 'failed', result: 'exit-code', exitCode: 1, exitStatus: 217 }) }, 'not-installed'],
    ['start limit', { before: facts({ ...RAN, activeState: 'failed' }), after: facts({ ...RAN, activeState: 'failed', result: 'exit-code', exitCode: 1, exitStatus: 3 }) }, 'failed'],
    ['ended well, and had nothing to do', { spec: daemonSpec({ name: 'web', restart: { ...TEST_RESTART_POLICY, when: 'on-failure' } }), after: facts({ ...RAN, exitCode: 1, exitStatus: 0 }) }, 'skipped'],
    ['killed by a signal that systemd counts as well', { spec: daemonSpec({ name: 'web', restart: { ...TEST_RESTART_POLICY, when: 'on-failure' } }), after: facts({ ...RAN, exitCode: 2, exitStatus: 15 }) }, 'failed'],
    ['ended by itself', { after: facts({ ...RAN, exitCode: 1, exitStatus: 0 }) }, 'failed'],
  ];
  for (const [title, evidence, expected] of table) {
    it(`${title}: ${expected}`, () => {
      expect(judge(evidence)).to.equal(expected);
    });
  }

  it('always says why, and what to do', () => {
    for (const [, evidence] of table) {
      const outcome = startOutcome({ spec: daemonSpec({ name: 'web' }), notMaster: 11, before: facts(), after: facts(), verdict: undefined, allWell: false, unmet: [], broken: [], ...evidence });
      if (outcome?.kind === 'failed') expect(outcome.next).to.match(/^try/);
      if (outcome !== undefined && outcome.kind !== 'ok') expect(outcome.reason).not.to.equal('');
    }
  });

  it('takes no arguments for a program that runs already, and says how to give them', () => {
    const late = (activeState: string, subState: string, ...words: string[]) => tooLateForArguments(facts({ activeState, subState }), 'web', words);
    expect(late('activating', 'start', '--once')).to.include({ kind: 'failed', code: 'locked', next: 'daemon-util restart web ARGS…' });
    expect(late('activating', 'start-post', '--once')).to.include({ kind: 'failed' });
    expect([late('activating', 'start'), late('activating', 'start-pre', '--once'), late('activating', 'auto-restart', '--once'), late('inactive', 'dead', '--once')]).to.deep.equal([undefined, undefined, undefined, undefined]);
  });

  it('names the program that is missing, and the dependency that failed', () => {
    const missing = startOutcome({ spec: daemonSpec({ name: 'web', executable: '/opt/web' }), notMaster: 11, before: facts(), after: facts({ ...RAN, activeState: 'failed', result: 'exit-code', exitCode: 1, exitStatus: 203 }), verdict: undefined, allWell: false, unmet: [], broken: [] });
    expect(missing?.kind === 'failed' && missing.reason).to.include('/opt/web');
    const broken = startOutcome({ spec: daemonSpec({ name: 'web' }), notMaster: 11, before: facts(), after: facts(), verdict: 'dependency', allWell: false, unmet: [], broken: [facts({ unit: 'db.service', activeState: 'failed' })] });
    expect(broken?.kind === 'failed' && broken.next).to.include('db.service');
  });
});

describe('outcome of a stop under systemd', () => {
  const result = { timedOut: false, stderr: '' };
  const table: readonly [title: string, outcome: Outcome, expected: string][] = [
    ['down', stopOutcome(facts(), result, 1), 'ok'],
    ['killed after its time-out', stopOutcome(facts({ activeState: 'failed', result: 'timeout' }), result, 1), 'ok'],
    ['started by somebody else', stopOutcome(facts({ activeState: 'active', mainPid: 5 }), result, 1), 'canceled'],
    ['about to be started by somebody else', stopOutcome(facts({ job: 4 }), result, 1), 'canceled'],
    ['hangs', stopOutcome(facts({ activeState: 'deactivating' }), { ...result, timedOut: true }, 1), 'still-running'],
    ['its unit file has gone', stopOutcome(facts({ loadState: 'not-found' }), result, 1), 'ok'],
    ['its unit file has gone, and it hangs', stopOutcome(facts({ loadState: 'not-found', activeState: 'deactivating' }), { ...result, timedOut: true }, 1), 'still-running'],
    ['forbidden', stopOutcome(facts({ activeState: 'active' }), { timedOut: false, stderr: 'Failed to stop web.service: Access denied\n' }, 1), 'permission'],
  ];
  for (const [title, outcome, expected] of table) {
    it(`${title}: ${expected}`, () => {
      expect(told(outcome)).to.equal(expected);
    });
  }

  it('is not needed by what is down with nothing to come, whether or not there is a file of it', () => {
    expect(isStopped(facts())).to.equal(true);
    expect(isStopped(facts({ activeState: 'failed' }))).to.equal(true);
    expect(isStopped(facts({ job: 4 }))).to.equal(false);
    expect(isStopped(facts({ activeState: 'active' }))).to.equal(false);
    expect(isStopped(facts({ loadState: 'not-found' }))).to.equal(true);
    // Its file was removed under it.
    expect(isStopped(facts({ loadState: 'not-found', activeState: 'active', mainPid: 5 }))).to.equal(false);
    expect(isStopped(facts({ loadState: 'not-found', activeState: 'deactivating' }))).to.equal(false);
  });
});
