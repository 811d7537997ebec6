import { expect } from 'chai';

import { observation } from '../../../../src/adapters/systemd/observation.js';
import type { UnitFacts } from '../../../../src/adapters/systemd/unit-facts.js';
import type { Observation } from '../../../../src/core/observation.js';
import { facts } from './facts.js';

const identify = (pid: number) => ({ pid, startTicks: 7, bootId: 'boot' });
const see = (overrides: Partial<UnitFacts>): Observation => observation(facts(overrides), identify);

describe('observation of a unit', () => {
  const table: readonly [words: Partial<UnitFacts>, state: Observation['state']][] = [
    [{ activeState: 'active', subState: 'running', mainPid: 4 }, 'running'],
    [{ activeState: 'active', subState: 'exited' }, 'running'],
    [{ activeState: 'reloading', subState: 'reload', mainPid: 4 }, 'running'],
    [{ activeState: 'refreshing', subState: 'refresh', mainPid: 4 }, 'running'],
    [{ activeState: 'activating', subState: 'start', mainPid: 4 }, 'starting'],
    [{ activeState: 'activating', subState: 'auto-restart' }, 'starting'],
    [{ activeState: 'activating', subState: 'auto-restart-queued' }, 'starting'],
    [{ activeState: 'failed', subState: 'failed-before-auto-restart' }, 'starting'],
    [{ activeState: 'inactive', subState: 'dead-before-auto-restart' }, 'starting'],
    [{ activeState: 'deactivating', subState: 'stop-sigterm', mainPid: 4 }, 'stopping'],
    [{ activeState: 'inactive' }, 'stopped'],
    [{ activeState: 'inactive', job: 12 }, 'starting'],
    [{ activeState: 'failed', subState: 'failed' }, 'failed'],
    [{ activeState: 'failed', subState: 'failed', job: 12 }, 'starting'],
    [{ loadState: 'not-found' }, 'stopped'],
    [{ loadState: 'masked', activeState: 'active', subState: 'running', mainPid: 4 }, 'running'],
    [{ activeState: 'of-tomorrow', mainPid: 4 }, 'running'],
    [{ activeState: 'of-tomorrow' }, 'stopped'],
  ];
  for (const [words, state] of table) {
    it(`${JSON.stringify(words)} is ${state}`, () => {
      expect(see(words).state).to.equal(state);
      expect(see(words).reason).not.to.equal('');
    });
  }

  it('names the main process, and none where there is none', () => {
    expect(see({ activeState: 'active', mainPid: 4 }).process).to.deep.equal({ pid: 4, startTicks: 7, bootId: 'boot' });
    expect(see({ activeState: 'failed' }).process).to.equal(undefined);
  });

  it('tells how the last run ended, once it has', () => {
    expect(see({ activeState: 'failed', exitCode: 1, exitStatus: 3 }).lastExit).to.deep.equal({ kind: 'exited', status: 3 });
    expect(see({ activeState: 'failed', exitCode: 2, exitStatus: 9 }).lastExit).to.deep.equal({ kind: 'killed', signal: 'SIGKILL' });
    expect(see({ activeState: 'failed', exitCode: 3, exitStatus: 11 }).lastExit).to.deep.equal({ kind: 'killed', signal: 'SIGSEGV' });
    expect(see({ activeState: 'active', mainPid: 4, exitCode: 1, exitStatus: 3 }).lastExit).to.equal(undefined);
    expect(see({}).lastExit).to.equal(undefined);
  });

  it('says why: a failed run, a queued job, a mask, an unmet condition, a missing unit', () => {
    expect(see({ activeState: 'failed', subState: 'failed', result: 'exit-code', exitCode: 1, exitStatus: 3 }).reason).to.include('status 3');
    expect(see({ activeState: 'failed', subState: 'failed', result: 'exit-code', exitCode: 1, exitStatus: 203 }).reason).to.include('203/EXEC');
    expect(see({ job: 12 }).reason).to.include('job');
    expect(see({ loadState: 'masked' }).reason).to.include('masked');
    expect(see({ conditionAt: 5 }).reason).to.include('condition');
    expect(see({ loadState: 'not-found' }).reason).to.include('no unit web.service');
  });

  it('can be told as JSON', () => {
    expect(() => JSON.stringify(see({ activeState: 'active', mainPid: 4, job: 3 }))).not.to.throw();
  });
});
