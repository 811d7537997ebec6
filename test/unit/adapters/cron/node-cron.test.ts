import { expect } from 'chai';
import fc from 'fast-check';
import { createTask } from 'node-cron';

import { NodeCron } from '../../../../src/adapters/cron/node-cron.js';
import { Zone } from '../../../../src/adapters/cron/zone.js';

const cron = new NodeCron();
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Instants after `from`, as many as asked for, by their UTC time. */
function runs(expression: string, timezone: string, from: string, count: number): string[] {
  const timetable = cron.timetable(expression, timezone);
  const found: string[] = [];
  for (let at = Date.parse(from); found.length < count; ) {
    const next = timetable(at);
    if (next === undefined) break;
    found.push(new Date(next).toISOString().replace(':00.000Z', 'Z'));
    at = next;
  }
  return found;
}

describe('NodeCron', () => {
  it('refuses what node-cron refuses, with its words', () => {
    for (const expression of ['', '* * * *', '61 * * * *', '@reboot', 'x', '0 0 31 2 *', '* * * * * * *']) expect(cron.problem(expression), expression).to.be.a('string');
    for (const expression of ['* * * * *', '*/5 * * * * *', '@daily', '0 0 * * mon-fri', '0 0 L * *', '0 0 15W * *', '0 0 * * 1#2']) {
      expect(cron.problem(expression), expression).to.equal(undefined);
    }
  });

  it('a time that daylight saving skips runs once, right after the gap', () => {
    // Berlin: 02:00 CET is 03:00 CEST, at 01:00Z
    expect(runs('30 2 * * *', 'Europe/Berlin', '2026-03-28T00:00:00Z', 3)).to.deep.equal(['2026-03-28T01:30Z', '2026-03-29T01:00Z', '2026-03-30T00:30Z']);
    expect(runs('* 2 * * *', 'Europe/Berlin', '2026-03-28T01:58:00Z', 3)).to.deep.equal(['2026-03-28T01:59Z', '2026-03-29T01:00Z', '2026-03-30T00:00Z']);
    expect(runs('0 */2 * * *', 'Europe/Berlin', '2026-03-28T23:30:00Z', 3)).to.deep.equal(['2026-03-29T01:00Z', '2026-03-29T02:00Z', '2026-03-29T04:00Z']);
  });

  it('a time that daylight saving repeats runs once, the first time', () => {
    // Berlin: 03:00 CEST is 02:00 CET, at 01:00Z
    expect(runs('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', 2)).to.deep.equal(['2026-10-25T00:30Z', '2026-10-26T01:30Z']);
    expect(runs('0,30 2,3 * * *', 'Europe/Berlin', '2026-10-24T23:00:00Z', 5)).to.deep.equal(['2026-10-25T00:00Z', '2026-10-25T00:30Z', '2026-10-25T02:00Z', '2026-10-25T02:30Z', '2026-10-26T01:00Z']);
    expect(runs('45 2 * * *', 'Europe/Berlin', '2026-10-25T01:30:00Z', 1), 'asked in the repetition').to.deep.equal(['2026-10-26T01:45Z']);
  });

  it('what names every hour goes on by elapsed time', () => {
    expect(runs('*/30 * * * *', 'Europe/Berlin', '2026-10-25T00:10:00Z', 4)).to.deep.equal(['2026-10-25T00:30Z', '2026-10-25T01:00Z', '2026-10-25T01:30Z', '2026-10-25T02:00Z']);
    expect(runs('*/30 * * * *', 'Europe/Berlin', '2026-03-29T00:10:00Z', 4)).to.deep.equal(['2026-03-29T00:30Z', '2026-03-29T01:00Z', '2026-03-29T01:30Z', '2026-03-29T02:00Z']);
  });

  it('holds where clocks leap by half an hour, at midnight, or over a day', () => {
    expect(runs('15 2 * * *', 'Australia/Lord_Howe', '2026-10-02T16:00:00Z', 2), 'a gap of 30 minutes').to.deep.equal(['2026-10-03T15:30Z', '2026-10-04T15:15Z']);
    expect(runs('30 0 * * *', 'America/Havana', '2026-03-07T12:00:00Z', 2), 'a gap at midnight').to.deep.equal(['2026-03-08T05:00Z', '2026-03-09T04:30Z']);
    expect(runs('30 0 * * *', 'America/Havana', '2026-10-31T12:00:00Z', 2), 'midnight twice').to.deep.equal(['2026-11-01T04:30Z', '2026-11-02T05:30Z']);
    expect(runs('30 12 * * *', 'Pacific/Apia', '2011-12-29T00:00:00Z', 3), 'a day that never was').to.deep.equal(['2011-12-29T22:30Z', '2011-12-30T10:00Z', '2011-12-30T22:30Z']);
  });

  it('finds the rare, and gives up on the impossible', () => {
    expect(runs('0 0 29 2 1', 'UTC', '2026-01-01T00:00:00Z', 2)).to.deep.equal(['2044-02-29T00:00Z', '2072-02-29T00:00Z']);
    expect(runs('0 0 29 2 *', 'Europe/London', '2026-01-01T00:00:00Z', 1)).to.deep.equal(['2028-02-29T00:00Z']);
    expect(runs('0 0 31W 2 *', 'UTC', '2026-01-01T00:00:00Z', 1)).to.deep.equal([]);
  });

  it("agrees with node-cron's own next runs where no clock is changed", () => {
    for (const expression of ['*/7 * * * *', '30 2 * * *', '0 9 * * mon-fri', '15,45 */6 1,15 * *', '0 0 L * *', '*/20 * * * * *', '0 12 * jan,jul 5#2', '@weekly']) {
      for (const timezone of ['UTC', 'Asia/Kolkata', 'America/Phoenix']) {
        const task = createTask(expression, () => undefined, { timezone });
        const before = Date.now();
        const theirs = task.getNextRuns(4).map(Number);
        void task.destroy();
        const timetable = cron.timetable(expression, timezone);
        let at = before;
        const ours = theirs.map(() => (at = timetable(at) ?? NaN));
        // A second may have passed between the two.
        if (theirs[0] !== ours[0] && ours[0] !== undefined && ours[0] <= Date.now()) continue;
        expect(ours, `${expression} ${timezone}`).to.deep.equal(theirs);
      }
    }
  });

  const ZONES = ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'America/Havana', 'Asia/Beirut', 'Atlantic/Azores'];
  const transitions = ZONES.map((timezone) => {
    const zone = new Zone(timezone);
    const found: number[] = [];
    for (let day = Date.UTC(2026, 0, 1); day < Date.UTC(2027, 0, 1); day += 24 * HOUR) found.push(...[zone.transition(day, day + 24 * HOUR) ?? []].flat());
    return { timezone, zone, found };
  });
  const field = (max: number): fc.Arbitrary<string> => fc.uniqueArray(fc.integer({ min: 0, max }), { minLength: 1, maxLength: 4 }).map((values) => values.join(','));
  const moment = fc.constantFrom(...transitions.flatMap(({ timezone, zone, found }) => found.map((transition) => ({ timezone, zone, transition }))));

  it('property: around every change of clocks, exactly the runs of the definition, minute by minute', function () {
    this.timeout(20_000);
    expect(transitions.every(({ found }) => found.length === 2)).to.equal(true);
    const hour = fc.oneof(fc.constant('*'), field(4), fc.constantFrom('22,23,0', '*/2', '1-3'));
    fc.assert(
      fc.property(moment, fc.oneof(fc.constant('*/10'), field(59)), hour, fc.integer({ min: 0, max: 300 }), ({ timezone, zone, transition }, minute, hours, skew) => {
        const expression = `${minute} ${hours} * * *`;
        const from = transition - 4 * HOUR;
        const until = transition + 4 * HOUR;
        const expected = defined(expression, timezone, zone, from, until, hours === '*');
        const timetable = cron.timetable(expression, timezone);
        const after = from + skew * MINUTE;
        const found: number[] = [];
        for (let at = timetable(after); at !== undefined && at < until; at = timetable(at)) found.push(at);
        expect(found).to.deep.equal(expected.filter((at) => at > after));
      }),
      { numRuns: 60 },
    );
  });
});

/** By walking along the clock on the wall, with node-cron's match. */
function defined(expression: string, timezone: string, zone: Zone, from: number, until: number, elapsed: boolean): number[] {
  const inZone = createTask(expression, () => undefined, { timezone });
  const civil = createTask(expression, () => undefined, { timezone: 'UTC' });
  const matches = (reading: number): boolean => civil.match(new Date(reading));
  const found: number[] = [];
  let seen = zone.reading(from - MINUTE);
  for (let at = from; at < until; at += MINUTE) {
    const reading = zone.reading(at);
    if (elapsed) {
      if (inZone.match(new Date(at))) found.push(at);
      continue;
    }
    let due = false;
    for (let shown = seen + MINUTE; shown <= reading; shown += MINUTE) due ||= matches(shown);
    if (due) found.push(at);
    seen = Math.max(seen, reading);
  }
  void inZone.destroy();
  void civil.destroy();
  return found;
}
