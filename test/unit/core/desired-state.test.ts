import { expect } from 'chai';

import { isRevivable as isRevivableSince, latestWishUp, type DesiredRecord } from '../../../src/core/desired-state.js';

const singled: DesiredRecord = { desired: 'down', at: 100, by: 'daemon-util stop-all', bootId: 'boot' };
const quiet: DesiredRecord = { ...singled, whole: true };
const up = (at: number): DesiredRecord => ({ desired: 'up', at, by: 'daemon-util start other', bootId: 'boot' });

function isRevivable(record: DesiredRecord | undefined, all: readonly (DesiredRecord | undefined)[]): boolean {
  return isRevivableSince(record, () => latestWishUp(all));
}

describe('a daemon that went down with all', () => {
  it('stays down while all are', () => {
    expect(isRevivable(quiet, [quiet, undefined])).to.equal(false);
  });

  it('may be revived once something was started again', () => {
    expect(isRevivable(quiet, [quiet, up(101)])).to.equal(true);
  });

  it('stays down where what is up was started earlier', () => {
    expect(isRevivable(quiet, [up(99), up(100)])).to.equal(false);
  });

  it('is judged by the time since the boot, where both are of one: the wall clock may be stepped', () => {
    const [before, after] = [up(101), up(99)].map((record, index) => ({ ...record, uptime: 1000 + 2000 * index }));
    const stopped = { ...quiet, uptime: 2000 };
    expect(isRevivable(stopped, [before])).to.equal(false);
    expect(isRevivable(stopped, [before, after])).to.equal(true);
    expect(isRevivable(stopped, [{ ...up(99), uptime: 3000, bootId: 'another' }]), 'of another boot').to.equal(false);
  });

  it('stays down where it was singled out, or held', () => {
    expect(isRevivable(singled, [up(101)])).to.equal(false);
    expect(isRevivable({ ...quiet, hold: true }, [up(101)])).to.equal(false);
  });

  it('is nothing to revive where nobody stopped it', () => {
    expect([undefined, up(50)].map((record) => isRevivable(record, [up(101)]))).to.deep.equal([false, false]);
  });

  it('asks for no look at all the others where its own record decides', () => {
    const asked = (): undefined => {
      throw new Error('asked');
    };
    expect([undefined, up(50), singled, { ...quiet, hold: true }].map((record) => isRevivableSince(record, asked))).to.deep.equal([false, false, false, false]);
  });
});
