import { expect } from 'chai';

import { Sightings } from '../../../src/app/sightings.js';
import type { Observation } from '../../../src/core/observation.js';

const UP: Observation = { state: 'running', process: { pid: 7, startTicks: 1, bootId: 'boot' }, reason: 'up', restarts: 0, lastExit: undefined, details: {} };
const DOWN: Observation = { state: 'stopped', process: undefined, reason: 'down', restarts: 0, lastExit: undefined, details: {} };

describe('app/sightings', () => {
  it('is sure of what was seen once all connections are there', () => {
    const seen = new Sightings();
    seen.saw('web', UP);
    expect([seen.now('web'), seen.sure('web'), seen.isConnected]).to.deep.equal([UP, undefined, false]);
    seen.connected();
    expect([seen.now('web'), seen.sure('web'), seen.isConnected]).to.deep.equal([UP, UP, true]);
    expect(seen.now('db')).to.equal(undefined);
  });

  it('knows nothing from a loss until it is told anew, by what is connected again, and still knows what was before', () => {
    const seen = new Sightings();
    seen.connected();
    seen.saw('web', UP);
    seen.lost();
    expect([seen.now('web'), seen.sure('web')]).to.deep.equal([undefined, undefined]);
    // A part that is still connected, whose own loss is not told any more.
    seen.saw('db', UP);
    expect(seen.now('db')).to.equal(undefined);
    seen.connected();
    expect([seen.sure('web'), seen.sure('db')]).to.deep.equal([undefined, undefined]);
    expect(seen.saw('web', DOWN)).to.equal(UP);
    expect(seen.sure('web')).to.equal(DOWN);
  });

  it('forgets who is no longer there', () => {
    const seen = new Sightings();
    seen.connected();
    seen.saw('web', UP);
    seen.forget('web');
    expect([seen.now('web'), seen.saw('web', DOWN)]).to.deep.equal([undefined, undefined]);
  });
});
