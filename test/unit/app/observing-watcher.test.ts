import { expect } from 'chai';

import { newsOf } from '../../../src/app/observing-watcher.js';
import type { Observation } from '../../../src/core/observation.js';

const UP: Observation = { state: 'running', process: undefined, reason: 'd.service is active', restarts: 0, lastExit: undefined, details: {} };
const exited = (state: Observation['state'], status: number): Observation => ({ ...UP, state, reason: 'd.service is down', lastExit: { kind: 'exited', status } });

describe('news of a unit', () => {
  it('take "not master" for no failure, whatever the unit takes it for', () => {
    const told = { news: 'stopped', reason: 'not master: d.service is down' };
    expect(newsOf(UP, exited('failed', 11), 11)).to.deep.equal(told);
    expect(newsOf({ ...UP, state: 'starting' }, exited('stopped', 11), 11)).to.deep.equal(told);
    expect(newsOf(UP, exited('failed', 12), 11)).to.deep.equal({ news: 'crash', reason: 'exited with status 12; d.service is down' });
    expect(newsOf(exited('failed', 11), UP, 11)).to.include({ news: 'ready' });
    expect(newsOf(exited('failed', 11), exited('failed', 11), 11), 'told already').to.equal(undefined);
  });
});
