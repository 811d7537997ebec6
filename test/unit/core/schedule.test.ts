import { expect } from 'chai';

import { CORRECTION, delayOver, ended, freshPlan, LATE, look, replanned, request, resumedPlan, type Decision, type Moment, type Plan, type Timetable } from '../../../src/core/schedule.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Every day at two. */
const daily: Timetable = (after) => Math.floor((after - 2 * HOUR) / DAY) * DAY + DAY + 2 * HOUR;
const secondly: Timetable = (after) => Math.floor(after / 1000) * 1000 + 1000;
const D = 20_000 * DAY;

function moment(now: number, changes: Partial<Omit<Moment, 'policy'>> & Partial<Moment['policy']> = {}): Moment {
  const { overlap = 'skip', catchUp = 'none', jitter = 0, ...rest } = changes;
  return { now, policy: { overlap, catchUp, jitter }, random: 0.5, timetable: daily, watched: true, ...rest };
}

function kinds(decisions: readonly Decision[]): string[] {
  return decisions.map((decision) => decision.kind);
}

function scheduledOf(decisions: readonly Decision[]): (number | undefined)[] {
  return decisions.map((decision) => ('due' in decision ? decision.due.scheduled : undefined));
}

describe('schedule', () => {
  const plan = freshPlan(daily, D);

  it('waits until it is due, starts then, and waits for the next', () => {
    expect(plan.next).to.equal(D + 2 * HOUR);
    expect(look(plan, moment(D + 2 * HOUR - 1))[1]).to.deep.equal([]);
    const [running, decisions] = look(plan, moment(D + 2 * HOUR + 3));
    expect(decisions).to.deep.equal([{ kind: 'start', due: { scheduled: D + 2 * HOUR, why: 'scheduled' } }]);
    expect(running).to.include({ running: true, next: D + DAY + 2 * HOUR });
    expect(look(running, moment(D + 3 * HOUR))[1]).to.deep.equal([]);
    expect(ended(running)).to.deep.equal([{ ...running, running: false }, []]);
  });

  it('begins with what comes after its making, not with what is past', () => {
    expect(look(freshPlan(daily, D + 2 * HOUR), moment(D + 2 * HOUR))[1]).to.deep.equal([]);
  });

  describe('overlap', () => {
    const busy: Plan = { ...plan, running: true };
    const due = moment(D + 2 * HOUR);

    it('skip: is not run, and says why', () => {
      const [next, decisions] = look(busy, due);
      expect(kinds(decisions)).to.deep.equal(['skip']);
      expect(ended(next)[1]).to.deep.equal([]);
    });

    it('queue: one, and no more, runs right behind', () => {
      const [one, first] = look(busy, moment(D + 2 * HOUR, { overlap: 'queue' }));
      expect(kinds(first)).to.deep.equal(['queue']);
      const [two, second] = look(one, moment(D + DAY + 2 * HOUR, { overlap: 'queue' }));
      expect(kinds(second)).to.deep.equal(['skip']);
      const [three, third] = ended(two);
      expect([kinds(third), scheduledOf(third)]).to.deep.equal([['start'], [D + 2 * HOUR]]);
      expect(three).to.deep.include({ running: true, queued: undefined });
      expect(ended(three)[1]).to.deep.equal([]);
    });

    it('by hand: the same rules', () => {
      expect(kinds(request(plan, 'by hand', due.policy)[1])).to.deep.equal(['start']);
      expect(kinds(request(busy, 'by hand', due.policy)[1])).to.deep.equal(['skip']);
      expect(kinds(request(busy, 'by hand', { ...due.policy, overlap: 'queue' })[1])).to.deep.equal(['queue']);
    });
  });

  describe('jitter', () => {
    it('delays by chance, less what is late already; never past its end', () => {
      const [delayed, decisions] = look(plan, moment(D + 2 * HOUR + 1000, { jitter: 10_000, random: 0.75 }));
      expect(decisions).to.deep.equal([{ kind: 'delay', delay: 6500, due: { scheduled: D + 2 * HOUR, why: 'scheduled' } }]);
      expect(delayed.running).to.equal(false);
      expect(kinds(delayOver(delayed, moment(0).policy)[1])).to.deep.equal(['start']);
      expect(kinds(look(plan, moment(D + 2 * HOUR + 9000, { jitter: 10_000, random: 0.75 }))[1])).to.deep.equal(['start']);
    });

    it('what falls due meanwhile overlaps; a run by hand goes first', () => {
      const [delayed] = look(plan, moment(D + 2 * HOUR, { jitter: 10_000 }));
      expect(kinds(look(delayed, moment(D + DAY + 2 * HOUR))[1])).to.deep.equal(['skip']);
      const [running, byHand] = request(delayed, 'by hand', moment(0).policy);
      expect(kinds(byHand)).to.deep.equal(['start']);
      expect(kinds(delayOver(running, moment(0).policy)[1])).to.deep.equal(['skip']);
    });
  });

  describe('after a time without a watcher', () => {
    const late = { watched: false, timetable: daily };
    const plans = resumedPlan(daily, { cursor: D - DAY + 2 * HOUR, queued: undefined, ran: [] }, false);

    it('catchUp none: nothing is made up', () => {
      const [next, decisions] = look(plans, moment(D + 5 * DAY, late));
      expect(kinds(decisions)).to.deep.equal(['skip']);
      expect(next.next).to.equal(D + 5 * DAY + 2 * HOUR);
    });

    it('catchUp once: one run for all that was missed', () => {
      const [next, decisions] = look(plans, moment(D + 5 * DAY, { ...late, catchUp: 'once' }));
      expect([kinds(decisions), scheduledOf(decisions)]).to.deep.equal([['start'], [D + 4 * DAY + 2 * HOUR]]);
      expect(look(ended(next)[0], moment(D + 5 * DAY, { ...late, catchUp: 'once' }))[1]).to.deep.equal([]);
    });

    it('what is late by a minute at most is not missed', () => {
      expect(kinds(look(plans, moment(D + 2 * HOUR + LATE, late))[1])).to.deep.equal(['start']);
      expect(kinds(look(plans, moment(D + 2 * HOUR + LATE + 1, late))[1])).to.deep.equal(['skip']);
    });

    it('finds the last of millions at once', () => {
      let asked = 0;
      const counted: Timetable = (after) => ((asked += 1), secondly(after));
      const old = resumedPlan(counted, { cursor: D, queued: undefined, ran: [] }, false);
      const [next, decisions] = look(old, moment(D + 400 * DAY + 500, { timetable: counted, catchUp: 'once', watched: false }));
      expect(scheduledOf(decisions)).to.deep.equal([D + 400 * DAY]);
      expect(next.next).to.equal(D + 400 * DAY + 1000);
      expect(asked).to.be.lessThan(60);
    });
  });

  describe('the clock', () => {
    it('set forward, or the machine slept: one run for what was leapt over, whatever catchUp says', () => {
      const [, decisions] = look(plan, moment(D + 4 * HOUR));
      expect(scheduledOf(decisions)).to.deep.equal([D + 2 * HOUR]);
      expect(kinds(look(plan, moment(D + 2 * HOUR + CORRECTION + 1))[1])).to.deep.equal(['skip']);
      expect(kinds(look(plan, moment(D + 2 * HOUR + CORRECTION + 1, { catchUp: 'once' }))[1])).to.deep.equal(['start']);
    });

    it('leapt further than a correction: catchUp decides, however fresh the last of what was missed is', () => {
      const hourly: Timetable = (after) => Math.floor(after / HOUR) * HOUR + HOUR;
      const asleep = freshPlan(hourly, D);
      const awake = D + 10 * HOUR + 20 * 60_000;
      expect(kinds(look(asleep, moment(awake, { timetable: hourly }))[1])).to.deep.equal(['skip']);
      const why = 'caught up: missed while no watcher ran or the machine slept';
      expect(look(asleep, moment(awake, { timetable: hourly, catchUp: 'once' }))[1]).to.deep.equal([{ kind: 'start', due: { scheduled: D + 10 * HOUR, why } }]);
      // Counted from the first that was missed.
      const period = 100 * 60_000;
      const rare: Timetable = (after) => D + Math.floor((after - D) / period) * period + period;
      const late = (now: number): string[] => kinds(look(freshPlan(rare, D), moment(now, { timetable: rare }))[1]);
      expect(late(D + period + CORRECTION)).to.deep.equal(['start']);
      expect(late(D + period + CORRECTION + 1)).to.deep.equal(['skip']);
    });

    it('set back a little: nothing runs twice', () => {
      const ran = ended(look(plan, moment(D + 2 * HOUR))[0])[0];
      for (const now of [D + 2 * HOUR - 1000, D + HOUR, D + 2 * HOUR]) expect(look(ran, moment(now))[1], String(now - D)).to.deep.equal([]);
      expect(kinds(look(ran, moment(D + DAY + 2 * HOUR))[1])).to.deep.equal(['start']);
    });

    it('set back far: follows the new time, and what ran is remembered', () => {
      const ran = ended(look(plan, moment(D + 2 * HOUR))[0])[0];
      const [anew, decisions] = look(ran, moment(D - 10 * HOUR));
      expect(kinds(decisions)).to.deep.equal(['replan']);
      expect(anew.next).to.equal(D + 2 * HOUR);
      expect(kinds(look(anew, moment(D + 2 * HOUR))[1])).to.deep.equal(['skip']);
      const wrong = look(ended(look(plan, moment(D + 400 * DAY, { catchUp: 'once' }))[0])[0], moment(D + HOUR))[0];
      expect(scheduledOf(look(wrong, moment(D + 2 * HOUR))[1]), 'from a wrong future').to.deep.equal([D + 2 * HOUR]);
    });
  });

  it('a new timetable runs nothing and drops what waited for the old one', () => {
    const [queued] = look({ ...plan, running: true }, moment(D + 2 * HOUR, { overlap: 'queue' }));
    const anew = replanned(queued, secondly, D + 5 * HOUR);
    expect(anew).to.deep.include({ running: true, queued: undefined, delayed: undefined, next: D + 5 * HOUR + 1000 });
    expect(ended(anew)[1]).to.deep.equal([]);
  });
});
