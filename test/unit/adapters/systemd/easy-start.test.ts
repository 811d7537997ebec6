import { expect } from 'chai';

import { isAtRest, restingFacts } from '../../../../src/adapters/systemd/easy-start.js';
import type { UnitRun } from '../../../../src/adapters/systemd/systemctl.js';

const RUN: UnitRun = { loadState: 'loaded', activeState: 'failed', subState: 'failed', job: 0, invocation: 'ab12' };
const NOW = 5000.5;

const OTHERS: readonly (readonly [string, Partial<UnitRun>])[] = [
  ['is up', { activeState: 'active', subState: 'running' }],
  ['is on its way', { activeState: 'deactivating', subState: 'stop-sigterm' }],
  ['waits for its restart', { activeState: 'activating', subState: 'auto-restart' }],
  ['is about to wait for its restart', { subState: 'failed-before-auto-restart' }],
  ['has a job', { job: 17 }],
  ['is masked', { loadState: 'masked' }],
  ['is not there', { loadState: 'not-found', activeState: 'inactive', subState: 'dead' }],
  ['is broken', { loadState: 'bad-setting' }],
];

describe('a unit at rest', () => {
  const facts = (run: UnitRun | undefined) => restingFacts('web.service', { lastRun: () => Promise.resolve(run) }, { monotonic: () => NOW });

  it('is one that is down, with nothing under way or due', () => {
    expect(isAtRest(RUN)).to.equal(true);
    expect(isAtRest({ ...RUN, activeState: 'inactive', subState: 'dead' })).to.equal(true);
  });

  for (const [what, other] of OTHERS) {
    it(`is none that ${what}, of which all is to be known`, async () => {
      expect(isAtRest({ ...RUN, ...other })).to.equal(false);
      expect(await facts({ ...RUN, ...other })).to.equal(undefined);
    });
  }

  it('is evidence by its last run, and by the time of the look', async () => {
    expect(await facts(RUN)).to.include({ ...RUN, unit: 'web.service', startedAt: 5_000_500, conditionAt: 5_000_500, mainPid: 0 });
    expect(await facts(undefined)).to.equal(undefined);
  });
});
