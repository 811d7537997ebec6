import { expect } from 'chai';
import fc from 'fast-check';

import { leaseOfPauseFile, nextExpiry, pausedReason, resumed, type PauseLease } from '../../../src/core/pause.js';

const lease = (changes: Partial<PauseLease>): PauseLease => ({ id: 'x', owner: 'ops', reason: 'why', daemons: undefined, since: 0, until: 1000, ...changes });

describe('core/pause', () => {
  it('says whose pause it is, until when and why; of several the one that ends last', () => {
    const leases = [lease({}), lease({ owner: 'cron', reason: 'backup', until: 2000, daemons: ['web'] })];
    expect(pausedReason(leases, 'db', 10)).to.equal('paused by ops until 1970-01-01 00:00:01Z: why');
    expect(pausedReason(leases, 'web', 10)).to.equal('paused by cron until 1970-01-01 00:00:02Z: backup');
    expect(pausedReason(leases, 'web', 2000)).to.equal(undefined);
  });

  it("a resume ends one's own pauses, not another's", () => {
    const leases = [lease({ id: '1' }), lease({ id: '2', owner: 'cron' }), lease({ id: '3', daemons: ['web'] })];
    const ids = (wish: Parameters<typeof resumed>[1]): string[] => resumed(leases, wish).left.map(({ id }) => id);
    expect(ids({ owner: 'ops', id: undefined, daemons: [] })).to.deep.equal(['2']);
    expect(ids({ owner: 'ops', id: undefined, daemons: ['web'] })).to.deep.equal(['1', '2']);
    expect(ids({ owner: 'ops', id: '2', daemons: [] })).to.deep.equal(['1', '3']);
    expect(ids({ owner: undefined, id: undefined, daemons: [] })).to.deep.equal([]);
  });

  it('honours the first line of a pause file and nothing else', () => {
    expect(leaseOfPauseFile('/p', '1700000000', 5)).to.include({ until: 1_700_000_000_000, owner: '/p' });
    for (const line of ['', 'soon', '-5', '17e9', '9'.repeat(20)]) expect(leaseOfPauseFile('/p', line, 5)).to.equal(undefined);
  });

  it('is over exactly at its expiry, whatever the others are', () => {
    const leases = fc.array(fc.record({ owner: fc.constantFrom('a', 'b'), until: fc.nat(1000), daemons: fc.constantFrom(undefined, ['web'], ['db']) }), { maxLength: 8 });
    fc.assert(
      fc.property(leases, fc.nat(1000), (drafts, now) => {
        const all = drafts.map((draft, index) => lease({ ...draft, id: String(index) }));
        const expected = all.some((one) => one.until > now && (one.daemons === undefined || one.daemons.includes('web')));
        expect(pausedReason(all, 'web', now) !== undefined).to.equal(expected);
        const next = nextExpiry(all, now);
        if (next !== undefined) expect(next).to.be.greaterThan(now);
        const { left, ended } = resumed(all, { owner: 'a', id: undefined, daemons: [] });
        expect(left.length + ended.length).to.equal(all.length);
        expect(left.every(({ owner }) => owner === 'b')).to.equal(true);
      }),
    );
  });
});
